//! Whatever the ledger answers, staff learn the outcome and no internals.
use crate::fixture::{Fixture, databases, gift_of};
use identity::Role;
use ledger_client::{LedgerReason, reason::Proof};
use testbed::{
    Fault,
    insides::{self, ReasonWalk},
};

#[tokio::test]
async fn every_reason_of_the_ledger_reaches_staff_in_good_words() {
    let databases = databases();
    let fixture = Fixture::start(&databases.all[0]).await;
    let walk = ReasonWalk { rpc: "support/Approve", fault: &fixture.bed.fault, translated: &[], answers_refusals: true, for_staff: true };
    walk.through(async |fault| {
        let proposal = fixture.propose("sue", gift_of("ann", 5)).await;
        fixture.bed.fault.fail(fault);
        let (request_id, proposal_id) = (uuid::Uuid::now_v7().to_string(), proposal.proposal_id);
        let request = api::support::ApproveRequest { request_id, proposal_id, ..Default::default() };
        fixture.support().approve(fixture.by("tom", Role::Finance, request)).await
    })
    .await;
    for reason in LedgerReason::ALL {
        fixture.bed.fault.fail(Fault::None);
        let proposal = fixture.propose("sue", gift_of("ann", 5)).await;
        fixture.bed.fault.fail(Fault::Answer(insides::answer(&reason)));
        let request = api::support::ApproveRequest {
            request_id: uuid::Uuid::now_v7().to_string(),
            proposal_id: proposal.proposal_id.clone(),
            ..Default::default()
        };
        let answer = fixture.support().approve(fixture.by("tom", Role::Finance, request)).await;
        match (reason.row().proof, answer) {
            (Proof::Refused, Ok(answer)) => assert_eq!(answer.into_inner().proposal.unwrap().result, reason.name()),
            (Proof::NotExecuted | Proof::Unknown, Err(told)) => insides::check("support", &reason, &told, &[]),
            (proof, answer) => panic!("{reason:?} is {proof:?}, and staff were told {answer:?}"),
        }
    }
    fixture.bed.fault.fail(Fault::None);
    fixture.stop().await;
}
