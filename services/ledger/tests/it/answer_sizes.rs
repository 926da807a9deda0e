//! Whatever is committed can be answered: no answer is larger than a client reads by default.
use crate::calls::{BOOK, coins, fixture, on_both, post, transfer};
use api::ledger::{
    GetAccountRequest, PostBatchRequest, PostBatchResponse, PostRequest, PostResponse, RequestField, post_batch_outcome::Outcome,
};
use prost::Message as _;
use std::time::Duration;
use tonic::Request;

/// A batch whose full answer has some 5 MB.
fn large() -> Vec<PostRequest> {
    let field = || vec![RequestField { name: "note".to_owned(), value: "v".repeat(4_000) }];
    let one = |at| transfer("house/coins/issued", &format!("viewer/{at:064}/coins"), 1);
    (0..330).map(|_| PostRequest { request_fields: field(), ..post("top_up", (0..40).map(one).collect()) }).collect()
}

/// With as long a timeout as a call may have: test machines are slow.
fn patient<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(Duration::from_secs(60));
    request
}

fn accepted(told: PostBatchResponse) -> Vec<PostResponse> {
    let accepted = told.outcomes.into_iter().map(|outcome| match outcome.outcome {
        Some(Outcome::Accepted(accepted)) => accepted,
        other => panic!("{other:?}"),
    });
    accepted.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_would_be_too_large_to_answer_is_answered_in_brief_the_first_time_and_again() {
    on_both(async |database, _| {
        let fixture = fixture(database).await;
        let batch = PostBatchRequest { book: BOOK.to_owned(), posts: large(), brief: false };
        let first = fixture.client().post_batch(patient(batch.clone())).await.unwrap().into_inner();
        assert!(first.encoded_len() <= rpc::ANSWER_BYTES_MAX, "{} bytes", first.encoded_len());
        assert!(first.brief);
        let again = fixture.client().post_batch(patient(batch.clone())).await.unwrap().into_inner();
        assert!(again.encoded_len() <= rpc::ANSWER_BYTES_MAX && again.brief, "{} bytes", again.encoded_len());
        let (first, again) = (accepted(first), accepted(again));
        assert!(again.iter().all(|response| response.replayed));
        assert_eq!(first.iter().map(|one| &one.posting).collect::<Vec<_>>(), again.iter().map(|one| &one.posting).collect::<Vec<_>>());
        // As it would be answered if the caller had asked for the brief form.
        let asked = PostBatchRequest { brief: true, ..batch };
        let asked = fixture.client().post_batch(patient(asked)).await.unwrap().into_inner();
        assert!(asked.brief);
        assert_eq!(accepted(asked), again);
        let account = GetAccountRequest { book: BOOK.to_owned(), account: format!("viewer/{:064}/coins", 0) };
        assert_eq!(fixture.client().get_account(account).await.unwrap().into_inner().account.unwrap().balance, 330);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_can_be_answered_is_answered_in_full() {
    on_both(async |database, _| {
        let fixture = fixture(database).await;
        let batch = PostBatchRequest { book: BOOK.to_owned(), posts: vec![coins("fan", 5), coins("fan", 6)], brief: false };
        let told = fixture.client().post_batch(batch).await.unwrap().into_inner();
        assert!(!told.brief);
        let told = accepted(told);
        assert_eq!(told[1].posting.as_ref().unwrap().transfers[0].credit_after.as_ref().unwrap().balance, 11);
    })
    .await;
}
