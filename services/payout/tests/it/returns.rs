//! Money of paid payouts that comes back: partial, repeated, late, too much, to closed accounts, and read again and again.

use crate::world::{BOOK, FUNDS, Running, World, aba, on_both};
use api::{
    ledger::{AccountState, SetAccountStateRequest, ledger_service_client::LedgerServiceClient},
    payout::{ListReturnsRequest, Payout, PayoutReturn, PayoutState, ReturnState},
};
use money::BookName;
use payout::store::statements::StatementAccount;
use serde_json::json;
use std::time::Duration;
use testbed::{Fault, new_id, reason};

const PAYABLE: &str = "creator/ana/payable/USD";

async fn give_back(world: &World, payout: &Payout, body: serde_json::Value) {
    assert_eq!(world.command(&format!("payments/{}/returns", payout.end_to_end_id), body).await, 204);
}

fn booked(payout: &Payout) -> usize {
    payout.returns.iter().filter(|back| back.state() == ReturnState::Booked).count()
}

/// Waits until the statement was read so many more times.
async fn statements_read(world: &World, times: usize) {
    let store = payout::store::Store::inspect(&world.database).await.unwrap();
    let currency = money::Currency::try_new("USD").unwrap();
    let usd = StatementAccount { bank: "first".to_owned(), bank_account: "main".to_owned(), currency };
    let mut last = store.statement_read_at_ms(&usd).await.unwrap();
    for _ in 0..times {
        let mut ticks = tokio::time::interval(Duration::from_millis(10));
        loop {
            ticks.tick().await;
            let now = store.statement_read_at_ms(&usd).await.unwrap();
            if now != last {
                last = now;
                break;
            }
        }
    }
}

async fn listed(running: &Running, state: ReturnState) -> Vec<PayoutReturn> {
    let request = ListReturnsRequest { book: BOOK.into(), state: state.into(), ..Default::default() };
    running.client().list_returns(running.staff(request)).await.unwrap().into_inner().returns
}

#[tokio::test]
async fn parts_come_back_one_after_the_other_and_each_is_booked_once_however_often_it_is_read() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(world.watchful()).await;
        world.fund("ana", "USD").await;
        let paid = running.pay("ana", aba("9000000001"), 500).await;
        give_back(&world, &paid, json!({"code": "AC04", "minor_units": 100})).await;
        let first = running.once("ana", &paid.payout_id, |payout| booked(payout) == 1).await;
        assert_eq!((first.state(), first.returned_minor_units), (PayoutState::Settled, 100));
        let back = &first.returns[0];
        assert_eq!((back.code.as_str(), back.code_owner.as_str(), back.attempt), ("AC04", "creator", 1));
        assert!(!back.payee_text.is_empty() && !back.next_step.is_empty() && !back.posting_id.is_empty(), "{back:?}");
        assert!(first.steps.iter().any(|step| step.note.contains("came back (AC04)")), "{:?}", first.steps);
        // The bank keeps a part, which the company bears.
        give_back(&world, &paid, json!({"code": "MD07", "minor_units": 390, "charge": 10})).await;
        let second = running.once("ana", &paid.payout_id, |payout| booked(payout) == 2).await;
        assert_eq!(second.returned_minor_units, 500);
        assert_eq!(world.balance(PAYABLE).await, (FUNDS, FUNDS), "the creator has everything back");
        assert_eq!(world.balance("house/return_charge/USD").await.0, -10);
        statements_read(&world, 3).await;
        running.stop().await;
        // Read again by another process, from the beginning.
        let again = world.start_with(world.watchful()).await;
        statements_read(&world, 2).await;
        assert_eq!(world.balance(PAYABLE).await, (FUNDS, FUNDS));
        let moved = {
            let statement = world.statement("USD").await;
            statement.opening.signed_minor_units() - statement.closing.signed_minor_units()
        };
        assert_eq!((moved, world.balance("house/bank_cash/USD").await.0), (10, 10), "our cash is the bank's");
        assert_eq!(listed(&again, ReturnState::Booked).await.len(), 2);
        let store = payout::store::Store::inspect(&world.database).await.unwrap();
        assert_eq!(store.unexpected_debits(&BookName::try_new(BOOK).unwrap()).await.unwrap(), []);
        again.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_return_hides_no_second_debit() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(world.watchful()).await;
        world.fund("ana", "USD").await;
        let paid = running.pay("ana", aba("9000000001"), 500).await;
        let fault = json!({"fault": "duplicate_debit", "end_to_end_id": paid.end_to_end_id});
        assert_eq!(world.command("statements/USD/faults", fault).await, 204);
        give_back(&world, &paid, json!({"code": "AC04"})).await;
        running.once("ana", &paid.payout_id, |payout| booked(payout) == 1).await;
        statements_read(&world, 2).await;
        let store = payout::store::Store::inspect(&world.database).await.unwrap();
        let found = store.unexpected_debits(&BookName::try_new(BOOK).unwrap()).await.unwrap();
        assert_eq!(found.iter().map(|debit| debit.amount.minor_units()).collect::<Vec<_>>(), [500]);
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn what_comes_back_to_a_closed_account_waits_in_suspense() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(world.watchful()).await;
        world.bed.post("conversion", "house/accrued_creator_liability/USD", PAYABLE, 500).await;
        let paid = running.pay("ana", aba("9000000001"), 500).await;
        let mut ledger = LedgerServiceClient::new(world.bed.ledger_as("support"));
        let close =
            SetAccountStateRequest { book: BOOK.into(), request_id: new_id(), account: PAYABLE.into(), state: AccountState::Closed.into() };
        reason(ledger.set_account_state(close).await).unwrap();
        give_back(&world, &paid, json!({"code": "AC04"})).await;
        let back = running.once("ana", &paid.payout_id, |payout| booked(payout) == 1).await;
        assert!(back.returns[0].suspended && back.state() == PayoutState::Settled, "{back:?}");
        assert_eq!(world.balance("house/suspense/USD").await, (500, 500));
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_return_whose_booking_is_never_answered_is_dropped_and_booked_after_its_lease() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let mut config = world.watchful();
        config.lease = Duration::from_millis(200);
        let running = world.start_with(config).await;
        world.fund("ana", "USD").await;
        let paid = running.pay("ana", aba("9000000001"), 500).await;
        world.bed.fault.fail(Fault::Silent);
        give_back(&world, &paid, json!({"code": "AC04"})).await;
        let mut ticks = tokio::time::interval(Duration::from_millis(10));
        while world.bed.fault.denied() == 0 {
            ticks.tick().await;
        }
        // What the first try waits for never comes, whatever the ledger answers by now.
        world.bed.fault.fail(Fault::None);
        let back = running.once("ana", &paid.payout_id, |payout| booked(payout) == 1).await;
        assert_eq!((back.state(), back.returned_minor_units), (PayoutState::Settled, 500));
        assert_eq!(world.balance(PAYABLE).await, (FUNDS, FUNDS), "once");
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_credit_of_nobody_is_listed_for_staff_and_not_booked() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(world.watchful()).await;
        world.fund("ana", "USD").await;
        let fault = json!({"fault": "unknown_credit", "minor_units": 4990});
        assert_eq!(world.command("statements/USD/faults", fault).await, 204);
        statements_read(&world, 2).await;
        for state in [ReturnState::Booked, ReturnState::Matched, ReturnState::Unexpected] {
            assert_eq!(listed(&running, state).await, [], "{state:?}");
        }
        assert_eq!(world.balance("house/bank_cash/USD").await, (0, 0));
        let request = ListReturnsRequest { book: BOOK.into(), page_size: -1, page_token: "x".into(), state: 99, ..Default::default() };
        assert_eq!(reason(running.client().list_returns(running.staff(request)).await), Err("MALFORMED".to_owned()));
        let request = ListReturnsRequest { book: BOOK.into(), ..Default::default() };
        assert_eq!(reason(running.client().list_returns(running.signed("ana", request)).await), Err("PERMISSION_DENIED".to_owned()));
        running.stop().await;
        world.close().await;
    })
    .await;
}
