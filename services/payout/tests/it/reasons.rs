//! Whatever the ledger answers, a creator gets a helpful message and no internal details.

use crate::world::{World, aba, payout_request};
use ledger_client::{LedgerReason, reason::Proof};
use testbed::{
    Fault, Storage,
    insides::{self, ReasonWalk},
};

#[tokio::test]
async fn every_reason_of_the_ledger_reaches_a_creator_in_good_words() {
    let storage = Storage::sqlite();
    let world = World::open(storage.database.clone(), 1).await;
    let running = world.start().await;
    world.fund("ana", "USD").await;
    let beneficiary = running.beneficiary("ana", aba("9000000001")).await.unwrap();
    // The first call also reads whether the book exists.
    running.request("ana", payout_request(&beneficiary, "USD", 1)).await.unwrap();
    // The payout is recorded: unless refused, its hold will still be placed.
    let translated: Vec<_> = LedgerReason::ALL.into_iter().filter(|reason| reason.row().proof != Proof::Refused).collect();
    let walk = ReasonWalk { rpc: "payout/RequestPayout", fault: &world.bed.fault, translated: &translated, answers_refusals: false };
    walk.through(async |fault| {
        world.bed.fault.fail(fault);
        running.request("ana", payout_request(&beneficiary, "USD", 1)).await
    })
    .await;
    for reason in LedgerReason::ALL {
        world.bed.fault.fail(Fault::Answer(insides::answer(&reason)));
        let told = running.request("ana", payout_request(&beneficiary, "USD", 1)).await.unwrap_err();
        insides::check("payout", &reason, &told, &translated);
    }
    world.bed.fault.fail(Fault::None);
    running.stop().await;
    world.close().await;
}
