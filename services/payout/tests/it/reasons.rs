//! Whatever the ledger answers, a creator gets a helpful message and no internal details.

use crate::{
    closing::set_state,
    world::{World, aba, on_both, payout_request},
};
use api::{
    ledger::AccountState,
    payout::{PayoutState, RequestPayoutRequest},
};
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
    // The payout is recorded: unless refused for good, its hold will still be placed.
    let is_open = |reason: &LedgerReason| reason.row().proof != Proof::Refused || *reason == LedgerReason::RequestIdTime;
    let translated: Vec<_> = LedgerReason::ALL.into_iter().filter(is_open).collect();
    let walk = ReasonWalk {
        rpc: "payout/RequestPayout",
        fault: &world.bed.fault,
        translated: &translated,
        answers_refusals: false,
        for_staff: false,
    };
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

#[tokio::test]
async fn a_hold_that_the_ledger_finds_ahead_of_its_clock_is_placed_later_and_one_without_a_time_is_refused() {
    let storage = Storage::sqlite();
    let world = World::open(storage.database.clone(), 1).await;
    let running = world.start().await;
    world.fund("ana", "USD").await;
    let beneficiary = running.beneficiary("ana", aba("9000000001")).await.unwrap();
    world.bed.fault.fail(Fault::Posting(insides::answer(&LedgerReason::RequestIdTime)));
    let request = payout_request(&beneficiary, "USD", 100);
    let told = running.request("ana", request.clone()).await.unwrap_err();
    assert_eq!(rpc::reason(&told).as_deref(), Some("OUTCOME_UNKNOWN"), "another call with its id may be in flight");
    let timeless = RequestPayoutRequest { request_id: uuid::Uuid::new_v4().to_string(), ..payout_request(&beneficiary, "USD", 100) };
    let told = running.request("ana", timeless).await.unwrap_err();
    assert_eq!(rpc::reason(&told).as_deref(), Some("REQUEST_ID_TIME"));
    world.bed.fault.fail(Fault::None);
    let (payout, _) = running.request("ana", request).await.unwrap();
    assert_eq!(running.end("ana", &payout.payout_id).await.state(), PayoutState::Settled);
    running.stop().await;
    world.close().await;
}

#[tokio::test]
async fn a_creator_does_not_learn_that_an_account_of_the_company_is_frozen() {
    on_both(async |database| {
        let world = World::open(database, 1).await;
        let running = world.start().await;
        world.fund("ana", "USD").await;
        let beneficiary = running.beneficiary("ana", aba("9000000001")).await.unwrap();
        let (first, _) = running.request("ana", payout_request(&beneficiary, "USD", 1)).await.unwrap();
        running.end("ana", &first.payout_id).await;
        let request = payout_request(&beneficiary, "USD", 100);
        for state in [Some(AccountState::Frozen), None, Some(AccountState::Open)] {
            if let Some(state) = state {
                set_state(&world, "house/in_transit/USD", state).await.unwrap();
            }
            // Also once it is thawed: the refusal is kept under its id.
            let told = running.request("ana", request.clone()).await.unwrap_err();
            assert_eq!(told.message(), "ACCOUNT_FROZEN: this can't be paid out now; nothing was held");
            assert!(rpc::facts(&told).is_empty() && !String::from_utf8_lossy(told.details()).contains("house/"), "{told:?}");
        }
        let (payout, _) = running.request("ana", payout_request(&beneficiary, "USD", 100)).await.unwrap();
        assert_eq!(running.end("ana", &payout.payout_id).await.state(), PayoutState::Settled, "with a new id, once it is thawed");
        set_state(&world, "creator/ana/payable/USD", AccountState::Frozen).await.unwrap();
        let own = running.request("ana", payout_request(&beneficiary, "USD", 100)).await.unwrap_err();
        assert!(own.message().starts_with("ACCOUNT_FROZEN: creator/ana/payable/USD is frozen"), "{own:?}");
        running.stop().await;
        world.close().await;
    })
    .await;
}
