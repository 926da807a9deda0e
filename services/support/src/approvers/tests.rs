//! How many tokens are held, and which.
use super::{Approvers, HELD_MAX};
use rpc::ApproverToken;
use tonic::Request;
use uuid::Uuid;

fn token() -> ApproverToken {
    let mut request = Request::new(());
    request.metadata_mut().insert("authorization", "Bearer x.y.z".parse().unwrap());
    ApproverToken::of(&request).unwrap()
}

#[test]
fn no_more_tokens_are_held_than_the_limit_and_the_newest_stay() {
    let approvers = Approvers::default();
    let ids: Vec<Uuid> = (0..=HELD_MAX as u128).map(Uuid::from_u128).collect();
    ids.iter().rev().for_each(|id| approvers.hold(*id, token()));
    ids.iter().for_each(|id| approvers.hold(*id, token()));
    assert_eq!(approvers.held().len(), HELD_MAX);
    assert!(!approvers.held().contains_key(&ids[0]) && approvers.held().contains_key(&ids[HELD_MAX]));
    approvers.forget(ids[HELD_MAX]);
    assert_eq!(approvers.held().len(), HELD_MAX - 1);
    assert!(!format!("{approvers:?}").contains("x.y.z"), "a token never gets into a log");
}
