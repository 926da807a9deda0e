//! Whatever the ledger answers, a creator gets a helpful message and no internal details.

use crate::world::{World, aba, payout_request};
use ledger_client::{LedgerReason, reason::Proof};
use testbed::{Fault, Storage, insides};

#[tokio::test]
async fn every_reason_of_the_ledger_reaches_a_creator_in_good_words() {
    let storage = Storage::sqlite();
    let world = World::open(storage.database.clone(), 1).await;
    let running = world.start().await;
    world.fund("ana", "USD").await;
    let beneficiary = running.beneficiary("ana", aba("9000000001")).await.unwrap();
    // The first call also reads whether the book exists.
    running.request("ana", payout_request(&beneficiary, "USD", 1)).await.unwrap();
    for reason in LedgerReason::ALL {
        world.bed.fault.fail(Fault::Answer(insides::answer(&reason)));
        let told = running.request("ana", payout_request(&beneficiary, "USD", 1)).await.unwrap_err();
        // The payout is recorded: unless refused, its hold will still be placed.
        let translated: &[LedgerReason] = if reason.row().proof == Proof::Refused { &[] } else { std::slice::from_ref(&reason) };
        insides::check("payout", &reason, &told, translated);
    }
    world.bed.fault.fail(Fault::None);
    running.stop().await;
    world.close().await;
}
