//! Wallets that are closed: what was paid is paid back or forfeited, once, and the wallet is closed by the ledger.

use api::ledger::AccountState;
use api::purchase::{WalletChangeKind, WalletChangeState};
use serde_json::json;
use testbed::Storage;

use super::{bought_in_the_app, bought_on_the_web, house, recognised, same_when_read_again, world};
use crate::fixture::{new_id, reason};
use crate::lots::{catch_up, gift, ties};
use crate::refunding::{hours, settle_from};

const FORFEIT: &str = "rule = \"forfeit\"";
const REFUND: &str = "rule = \"refund\"\nnot_refundable = \"forfeit\"";
const MONEY: [&str; 5] = ["revenue", "breakage_revenue", "deferred_revenue", "commission_expense", "prepaid_commission"];

#[tokio::test]
async fn forfeited_coins_are_breakage_to_the_unit_and_the_wallet_is_closed() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let world = world(storage, FORFEIT).await;
        let fixture = &world.fixture;
        for _ in 0..2 {
            bought_in_the_app(fixture, "ann").await;
        }
        bought_in_the_app(fixture, "bob").await;
        fixture.bed.post("campaign", "house/coins/issued", "viewer/ann/coins", 5).await;
        gift(fixture, "ann", "cleo", 60).await;
        catch_up(fixture).await;
        // 15 of 70 coins and 70 of 70, each 70 for 99 cents, are worth more than one may decide about.
        let asked = fixture.close("sue", "ann").await.unwrap();
        assert_eq!((asked.state(), asked.kind(), asked.asked_by.as_str()), (WalletChangeState::Asked, WalletChangeKind::Closure, "sue"));
        fixture.service.sweep(hours(0)).await.unwrap();
        assert_eq!(fixture.coins("ann").await, 85, "nothing without the second person");
        for person in ["sue", "ann"] {
            assert_eq!(reason(fixture.approve_change(person, &asked).await), "SAME_PERSON", "{person}");
        }
        let approved = fixture.approve_change("tom", &asked).await.unwrap();
        assert_eq!((approved.state(), approved.decided_by.as_str()), (WalletChangeState::Approved, "tom"));
        assert_eq!(reason(fixture.approve_change("tom", &asked).await), "WALLET_CHANGE_DECIDED");
        settle_from(fixture, 1).await;
        let done = fixture.change(&asked).await;
        assert_eq!((done.state(), done.note.as_str(), done.postings.len()), (WalletChangeState::Done, "", 1));
        assert_eq!((done.postings[0].coins, done.postings[0].debt_coins), (85, 0));
        let wallet = fixture.wallet("ann").await;
        assert_eq!((wallet.coin_balance, wallet.account_state()), (0, AccountState::Closed));
        let event = &wallet.events[0];
        assert_eq!((event.change_id.as_str(), event.kind(), event.done), (asked.change_id.as_str(), WalletChangeKind::Closure, true));
        ties(fixture, &["ann", "bob"]).await;
        assert_eq!(recognised(fixture).await, 1);
        // By hand: 55 of the first 70 coins earned 77 cents; what is left of 198, with all of the store's 58, is kept. Bob's 99 and 29 stay.
        assert_eq!(house(fixture, &MONEY).await, [77, 121, 99, -58, -29]);
        ties(fixture, &["ann", "bob"]).await;
        same_when_read_again(fixture).await;
        // What is paid later has no wallet.
        assert_eq!(reason(fixture.redeem("ann", &new_id(), &fixture.receipt()).await), "ACCOUNT_CLOSED");
        assert_eq!(fixture.balance("house/coins/suspense").await, 70);
        assert_eq!(reason(fixture.close("sue", "ann").await), "WALLET_NOT_OPEN");
    }
}

#[tokio::test]
async fn what_a_store_can_pay_back_is_paid_back_in_proportion_and_the_rest_is_forfeited() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let world = world(storage, REFUND).await;
        let fixture = &world.fixture;
        bought_on_the_web(&world, "ann").await;
        bought_in_the_app(fixture, "ann").await;
        gift(fixture, "ann", "cleo", 40).await;
        catch_up(fixture).await;
        let change = fixture.close("sue", "ann").await.unwrap();
        fixture.approve_change("tom", &change).await.unwrap();
        settle_from(fixture, 1).await;
        settle_from(fixture, 10).await;
        let done = fixture.change(&change).await;
        assert_eq!((done.state(), done.note.as_str()), (WalletChangeState::Done, ""));
        // 30 of 70 coins are worth 31 of 74 cents, for which 29 coins are taken; the App Store pays back nobody's but its buyers'.
        assert_eq!(done.postings.iter().map(|posting| posting.coins).collect::<Vec<_>>(), [71]);
        assert_eq!(-fixture.balance("house/processor_receivable/USD").await, 43);
        assert_eq!(fixture.wallet("ann").await.account_state(), AccountState::Closed);
        ties(fixture, &["ann"]).await;
        recognised(fixture).await;
        // By hand: of 67 without tax 27 were paid back unspent, 40 coins earned 39, and the coin that was left 1; and all 99 of the other.
        assert_eq!(house(fixture, &MONEY).await, [39, 100, 0, -29, 0]);
        same_when_read_again(fixture).await;
    }
}

#[tokio::test]
async fn a_refund_that_fails_stops_the_closure_and_leaves_the_coins() {
    let world = world(Storage::sqlite(), REFUND).await;
    let fixture = &world.fixture;
    let made = world.checkout("ann").await;
    world.act("pay", &made).await;
    fixture.service.sweep_orders(hours(2)).await.unwrap();
    catch_up(fixture).await;
    gift(fixture, "ann", "cleo", 40).await;
    catch_up(fixture).await;
    world.command(json!({"command": "refunds_become", "state": "pending"})).await;
    let change = fixture.close("sue", "ann").await.unwrap();
    assert_eq!(change.state(), WalletChangeState::Approved, "31 cents may be decided by one");
    settle_from(fixture, 1).await;
    let waits = fixture.change(&change).await;
    assert_eq!((waits.state(), waits.postings.len()), (WalletChangeState::Approved, 0));
    assert!(waits.note.contains("has not ended"), "{waits:?}");
    world.act("refund_failed", &made).await;
    settle_from(fixture, 10).await;
    settle_from(fixture, 20).await;
    let stopped = fixture.change(&change).await;
    assert_eq!((stopped.state(), stopped.postings.len()), (WalletChangeState::Stopped, 0), "{stopped:?}");
    assert_eq!((fixture.coins("ann").await, fixture.wallet("ann").await.account_state()), (30, AccountState::Open));
    ties(fixture, &["ann"]).await;
}

#[tokio::test]
async fn coins_that_come_while_a_wallet_is_closed_are_forfeited_too() {
    let world = world(Storage::sqlite(), FORFEIT).await;
    let fixture = &world.fixture;
    fixture.bed.post("campaign", "house/coins/issued", "viewer/ann/coins", 5).await;
    catch_up(fixture).await;
    let change = fixture.close("sue", "ann").await.unwrap();
    assert_eq!(change.state(), WalletChangeState::Approved, "they cost nothing");
    let pool = fixture.pool().await;
    let is_empty = async || {
        let sql = "SELECT COUNT(*) FROM wallet_change WHERE state = 4";
        sqlx::query_scalar::<_, i64>(sql).fetch_one(&pool).await.unwrap() == 1
    };
    let left = testbed::crash_at(fixture.service.sweep(hours(1)), is_empty).await.is_none();
    assert!(left, "never between the posting and the end");
    fixture.bed.post("campaign", "house/coins/issued", "viewer/ann/coins", 7).await;
    catch_up(fixture).await;
    settle_from(fixture, 2).await;
    let done = fixture.change(&change).await;
    assert_eq!((done.state(), done.postings.iter().map(|one| one.coins).collect::<Vec<_>>()), (WalletChangeState::Done, vec![5, 7]));
    assert_eq!(fixture.wallet("ann").await.account_state(), AccountState::Closed);
}

#[tokio::test]
async fn a_closure_cut_off_after_any_step_posts_once() {
    let world = world(Storage::sqlite(), FORFEIT).await;
    let fixture = &world.fixture;
    let (mut polls, mut users) = (0, Vec::new());
    loop {
        let user = format!("u{polls}");
        bought_in_the_app(fixture, &user).await;
        gift(fixture, &user, "cleo", 40).await;
        catch_up(fixture).await;
        let change = fixture.close("sue", &user).await.unwrap();
        let whole = testbed::crash(fixture.service.sweep(hours(1)), polls).await.is_some();
        settle_from(fixture, 2).await;
        let done = fixture.change(&change).await;
        assert_eq!((done.state(), done.postings.len()), (WalletChangeState::Done, 1), "after {polls} polls: {done:?}");
        users.push(user);
        if whole {
            break;
        }
        polls += 1;
    }
    let count = i64::try_from(users.len()).unwrap();
    recognised(fixture).await;
    // 40 of 70 coins earn 56 of 99 cents, and the others leave 43.
    assert_eq!(house(fixture, &MONEY).await, [56 * count, 43 * count, 0, -29 * count, 0]);
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    ties(fixture, &users).await;
}
