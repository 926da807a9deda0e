//! Accounts that are closed or frozen while their money is in flight: it always ends up in some account, and the payout ends.

use crate::world::{BOOK, Running, World, aba, on_both, payout_request, states};
use api::{
    ledger::{
        AccountState, CompareAndSet, Guard, PostRequest, SetAccountStateRequest, guard::Operation,
        ledger_service_client::LedgerServiceClient,
    },
    payout::{GetPayoutRequest, Payout, PayoutState},
};
use money::BookName;
use payout::domain::PayoutPhase;
use serde_json::json;
use std::{future::Future, time::Duration};
use testbed::{new_id, reason};

const PAYABLE: &str = "creator/ana/payable/USD";
/// An account whose payments the bank decides late.
const PENDING: &str = "9000000008";
/// A step that has not happened by then never will.
const PATIENCE: Duration = Duration::from_secs(120);

async fn soon<T>(what: &str, awaited: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, awaited).await.unwrap_or_else(|_| panic!("{what}: not after {PATIENCE:?}"))
}

pub async fn set_state(world: &World, account: &str, state: AccountState) -> Result<(), String> {
    let mut ledger = LedgerServiceClient::new(world.bed.ledger_as("support"));
    let message = SetAccountStateRequest { book: BOOK.into(), request_id: new_id(), account: account.into(), state: state.into() };
    reason(ledger.set_account_state(message).await).map(drop)
}

/// All of the creator's money is at a bank that has not decided.
async fn at_the_bank(world: &World, running: &Running) -> Payout {
    world.bed.post("conversion", "house/accrued_creator_liability/USD", PAYABLE, 500).await;
    let beneficiary = running.beneficiary("ana", aba(PENDING)).await.unwrap();
    let (payout, _) = running.request("ana", payout_request(&beneficiary, "USD", 500)).await.unwrap();
    soon("accepted", running.until("ana", &payout.payout_id, PayoutState::Accepted)).await
}

async fn decide(world: &World, payout: &Payout, behaviour: &str) {
    let mut scenario = json!({"end_to_end_id": payout.end_to_end_id, "behaviour": behaviour});
    if behaviour == "reject" {
        scenario["code"] = json!("AC04");
    }
    world.scenario(scenario).await;
}

/// Resets the books to those of payouts begun before the guard existed.
async fn forget_in_flight(world: &World) {
    let operation = Some(Operation::CompareAndSet(CompareAndSet { expected: 1, next: 0 }));
    let guards = vec![Guard { key: format!("in_flight/{PAYABLE}"), operation }];
    let post = PostRequest { book: BOOK.into(), request_id: new_id(), kind: "test".into(), guards, ..PostRequest::default() };
    let _ = world.bed.client().post(post).await;
}

async fn until_noted(running: &Running, payout_id: &str, text: &str) -> Payout {
    let mut changes = running.service.changes();
    loop {
        let request = GetPayoutRequest { book: BOOK.into(), payout_id: payout_id.into() };
        let payout = running.client().get_payout(running.signed("ana", request)).await.unwrap().into_inner().payout.unwrap();
        if payout.steps.iter().any(|step| step.note.contains(text)) {
            return payout;
        }
        changes.recv().await.unwrap();
    }
}

#[tokio::test]
async fn an_account_is_not_closed_while_its_money_is_on_its_way() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        let payout = at_the_bank(&world, &running).await;
        assert_eq!(set_state(&world, PAYABLE, AccountState::Closed).await, Err("ACCOUNT_IN_FLIGHT".to_owned()));
        decide(&world, &payout, "reject").await;
        assert_eq!(soon("the end", running.end("ana", &payout.payout_id)).await.state(), PayoutState::Rejected);
        assert_eq!(set_state(&world, PAYABLE, AccountState::Closed).await, Err("ACCOUNT_NOT_EMPTY".to_owned()), "the money is back");

        let beneficiary = running.beneficiary("ana", aba("9000000001")).await.unwrap();
        let (paid, _) = running.request("ana", payout_request(&beneficiary, "USD", 500)).await.unwrap();
        assert_eq!(soon("the end", running.end("ana", &paid.payout_id)).await.state(), PayoutState::Settled);
        assert_eq!(set_state(&world, PAYABLE, AccountState::Closed).await, Ok(()), "nothing is in flight any more");
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn money_that_comes_back_to_a_closed_account_waits_in_suspense_and_the_payout_ends() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        let payout = at_the_bank(&world, &running).await;
        forget_in_flight(&world).await;
        set_state(&world, PAYABLE, AccountState::Closed).await.unwrap();
        decide(&world, &payout, "reject").await;
        let ended = soon("the end", running.end("ana", &payout.payout_id)).await;
        assert_eq!((ended.state(), ended.reason_code.as_str()), (PayoutState::Rejected, "AC04"));
        let last = ended.steps.last().unwrap();
        assert!(last.note.starts_with("RJCT AC04") && last.note.contains("suspense"), "{last:?}");
        assert_eq!(world.balance("house/in_transit/USD").await, (0, 0));
        assert_eq!(world.balance("house/suspense/USD").await, (500, 500));
        // Staff bring it to zero; more than the available amount can't be taken.
        world.bed.post("adjustment", "house/suspense/USD", "house/accrued_creator_liability/USD", 500).await;
        assert_eq!(world.balance("house/suspense/USD").await, (0, 0));
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_payment_that_the_bank_made_settles_although_the_account_is_closed() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        let payout = at_the_bank(&world, &running).await;
        forget_in_flight(&world).await;
        set_state(&world, PAYABLE, AccountState::Closed).await.unwrap();
        decide(&world, &payout, "settle").await;
        assert_eq!(soon("the end", running.end("ana", &payout.payout_id)).await.state(), PayoutState::Settled);
        assert_eq!(world.balance("house/in_transit/USD").await, (0, 0));
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_frozen_account_is_named_as_what_a_payout_waits_for() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        let payout = at_the_bank(&world, &running).await;
        set_state(&world, PAYABLE, AccountState::Frozen).await.unwrap();
        decide(&world, &payout, "reject").await;
        let waiting = soon("the note", until_noted(&running, &payout.payout_id, "ACCOUNT_FROZEN")).await;
        assert_eq!((waiting.state(), waiting.reason_code.as_str()), (PayoutState::Accepted, "AC04"));
        assert_eq!(waiting.blocked_by, format!("ACCOUNT_FROZEN: {PAYABLE} is frozen"));
        assert_eq!(world.balance("house/in_transit/USD").await, (500, 500));
        set_state(&world, PAYABLE, AccountState::Open).await.unwrap();
        let ended = soon("the end", running.end("ana", &payout.payout_id)).await;
        assert_eq!((ended.state(), ended.blocked_by.as_str()), (PayoutState::Rejected, ""));
        let noted = ended.steps.iter().filter(|step| step.note.contains("ACCOUNT_FROZEN")).count();
        assert_eq!(noted, 1, "said once, not at every try");
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_outcome_that_the_bank_has_told_counts_as_known_while_the_ledger_refuses_it() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        let payout = at_the_bank(&world, &running).await;
        set_state(&world, PAYABLE, AccountState::Frozen).await.unwrap();
        decide(&world, &payout, "reject").await;
        soon("the note", until_noted(&running, &payout.payout_id, "ACCOUNT_FROZEN")).await;
        running.stop().await;
        let store = payout::store::Store::inspect(&world.database).await.unwrap();
        let (_, row) = store.under_way(&BookName::try_new(BOOK).unwrap()).await.unwrap().pop_first().unwrap();
        assert_eq!(row.phase, PayoutPhase::Returning);
        store.save(payout::domain::Payout { state: payout::domain::PayoutState::OutcomeUnknown, ..row }, None).await.unwrap().unwrap();
        let open = store.unfinished(money::time::now_ms()).await.unwrap();
        let count = |state| open.iter().find(|open| open.state == state).map_or(0, |open| open.count);
        assert_eq!((count("outcome_unknown"), count("submitted")), (0, 1));
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_duplicate_of_the_only_sending_is_a_rejection_with_its_reason() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        world.fund("ana", "USD").await;
        world.scenario(json!({"account": "5512345678", "behaviour": "reject", "code": "AM05"})).await;
        let payout = soon("the end", running.pay("ana", aba("5512345678"), 500)).await;
        assert_eq!((payout.state(), payout.reason_code.as_str()), (PayoutState::Rejected, "AM05"));
        // The answer to the sending alone could be about a sending that we don't know of; the bank is polled first.
        assert_eq!(
            states(&payout),
            [PayoutState::Requested, PayoutState::Held, PayoutState::Submitted, PayoutState::OutcomeUnknown, PayoutState::Rejected]
        );
        world.check_books("ana", "USD", 0).await;
        running.stop().await;
        world.close().await;
    })
    .await;
}
