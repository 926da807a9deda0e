//! Whatever the ledger answers, staff learn the outcome and no internals.
use crate::house::{House, databases, gift_of};
use identity::Role;
use ledger_client::{LedgerReason, reason::Proof};
use testbed::{Fault, insides};

#[tokio::test]
async fn every_reason_of_the_ledger_reaches_staff_in_good_words() {
    let databases = databases();
    let house = House::start(&databases.all[0]).await;
    for reason in LedgerReason::ALL {
        house.bed.fault.fail(Fault::None);
        let proposal = house.propose("sue", gift_of("ann", 5)).await;
        house.bed.fault.fail(Fault::Answer(insides::answer(&reason)));
        let request = api::support::ApproveRequest {
            request_id: uuid::Uuid::now_v7().to_string(),
            proposal_id: proposal.proposal_id.clone(),
            ..Default::default()
        };
        let answer = house.support().approve(house.by("tom", Role::Finance, request)).await;
        match (reason.row().proof, answer) {
            (Proof::Refused, Ok(answer)) => assert_eq!(answer.into_inner().proposal.unwrap().result, reason.name()),
            (Proof::NotExecuted | Proof::Unknown, Err(told)) => insides::check("support", &reason, &told, &[]),
            (proof, answer) => panic!("{reason:?} is {proof:?}, and staff were told {answer:?}"),
        }
    }
    house.bed.fault.fail(Fault::None);
    house.stop().await;
}
