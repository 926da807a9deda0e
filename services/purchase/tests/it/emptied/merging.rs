//! Wallets that are merged: lots keep their prices, debts move, and what is paid back later finds the coins where they are.

use api::ledger::AccountState;
use api::purchase::{ListLotsRequest, ListPurchasesRequest, WalletChangeKind, WalletChangeState};
use identity::Role;
use testbed::Storage;

use super::{bought_in_the_app, bought_on_the_web, house, recognised, same_when_read_again, world};
use crate::fixture::{BOOK, Fixture, reason};
use crate::listening::Listening;
use crate::lots::{catch_up, gift, ties};
use crate::refunding::{hours, money, settle_from};
use crate::stripe::holds::limited;

const FORFEIT: &str = "rule = \"forfeit\"";
const MONEY: [&str; 5] = ["revenue", "deferred_revenue", "contra_revenue", "commission_expense", "prepaid_commission"];

/// A user's lots, the oldest first: origin, coins, spent and left.
async fn lots_of(fixture: &Fixture, user: &str) -> Vec<(String, i64, i64, i64)> {
    let message = ListLotsRequest { user_id: user.to_owned(), ..Default::default() };
    let lots = fixture.client().list_lots(fixture.with_role("sue", Role::Support, BOOK, message)).await.unwrap().into_inner().lots;
    lots.into_iter().rev().map(|lot| (lot.purchase_id, lot.coins, lot.coins_spent, lot.coins_left)).collect()
}

async fn owed(fixture: &Fixture, user: &str) -> i64 {
    -fixture.balance(&format!("viewer/{user}/debt")).await
}

#[tokio::test]
async fn lots_move_with_their_prices_and_a_later_refund_finds_the_coins() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let world = world(storage, FORFEIT).await;
        let fixture = &world.fixture;
        let web = bought_on_the_web(&world, "ann").await;
        let app = bought_in_the_app(fixture, "bob").await;
        fixture.bed.post("campaign", "house/coins/issued", "viewer/ann/coins", 5).await;
        gift(fixture, "ann", "cleo", 15).await;
        catch_up(fixture).await;
        let asked = fixture.merge("sue", "ann", "bob").await.unwrap();
        assert_eq!((asked.state(), asked.kind()), (WalletChangeState::Asked, WalletChangeKind::Merge), "two people, whatever it is worth");
        for person in ["sue", "ann", "bob"] {
            assert_eq!(reason(fixture.approve_change(person, &asked).await), "SAME_PERSON", "{person}");
        }
        fixture.approve_change("tom", &asked).await.unwrap();
        settle_from(fixture, 1).await;
        let done = fixture.change(&asked).await;
        assert_eq!((done.state(), done.postings.iter().map(|one| one.coins).collect::<Vec<_>>()), (WalletChangeState::Done, vec![60]));
        assert_eq!((fixture.coins("ann").await, fixture.coins("bob").await), (0, 130));
        assert_eq!(fixture.wallet("ann").await.account_state(), AccountState::Closed);
        assert!(lots_of(fixture, "ann").await.is_empty());
        let bobs = [(web.clone(), 70, 10, 60), (app, 70, 0, 70), (String::new(), 5, 5, 0)];
        assert_eq!(lots_of(fixture, "bob").await, bobs);
        ties(fixture, &["ann", "bob"]).await;
        // Both say what happened; purchases stay listed under who made them.
        for user in ["ann", "bob"] {
            let listed = fixture.client().list_purchases(fixture.from(user, ListPurchasesRequest::default())).await.unwrap().into_inner();
            assert_eq!((listed.purchases.len(), listed.wallet_events.clone()), (1, fixture.wallet(user).await.events));
            let event = &listed.wallet_events[0];
            assert_eq!(
                (event.kind(), event.user_id.as_str(), event.into_user_id.as_str(), event.done),
                (WalletChangeKind::Merge, "ann", "bob", true)
            );
        }
        for person in ["ann", "bob"] {
            assert_eq!(reason(fixture.refund_by(person, &web, money("USD", 37)).await), "SAME_PERSON", "{person} bought them, or has them");
        }
        // Half of ann's purchase is paid back: 35 coins, of those that bob has of it.
        fixture.refund_by("sue", &web, money("USD", 37)).await.unwrap();
        settle_from(fixture, 10).await;
        assert_eq!((fixture.coins("bob").await, owed(fixture, "bob").await, owed(fixture, "ann").await), (95, 0, 0));
        assert_eq!(lots_of(fixture, "bob").await[0], (web, 70, 10, 25));
        ties(fixture, &["ann", "bob"]).await;
        gift(fixture, "bob", "cleo", 95).await;
        recognised(fixture).await;
        // By hand: of 67 without tax 33 were deferred of the 35 coins that were paid back, for 34, and the other 35 earned 34; the app's earned 99.
        assert_eq!(house(fixture, &MONEY).await, [133, 0, -1, -29, 0]);
        ties(fixture, &["ann", "bob"]).await;
        same_when_read_again(fixture).await;
    }
}

#[tokio::test]
async fn a_debt_moves_and_is_paid_with_the_other_wallet_s_coins() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let world = world(storage, FORFEIT).await;
        let fixture = &world.fixture;
        let web = bought_on_the_web(&world, "ann").await;
        gift(fixture, "ann", "cleo", 70).await;
        catch_up(fixture).await;
        fixture.refund_by("sue", &web, money("USD", 37)).await.unwrap();
        settle_from(fixture, 1).await;
        assert_eq!((fixture.coins("ann").await, owed(fixture, "ann").await), (0, 35));
        assert_eq!(reason(fixture.close("sue", "ann").await), "COINS_OWED");
        bought_in_the_app(fixture, "bob").await;
        let change = fixture.merge("sue", "ann", "bob").await.unwrap();
        fixture.approve_change("tom", &change).await.unwrap();
        settle_from(fixture, 10).await;
        let done = fixture.change(&change).await;
        let posted: Vec<(i64, i64)> = done.postings.iter().map(|posting| (posting.coins, posting.debt_coins)).collect();
        assert_eq!((done.state(), posted), (WalletChangeState::Done, vec![(0, 35)]));
        assert_eq!((owed(fixture, "ann").await, owed(fixture, "bob").await, fixture.coins("bob").await), (0, 0, 35));
        ties(fixture, &["ann", "bob"]).await;
        recognised(fixture).await;
        same_when_read_again(fixture).await;
        // The rest of it, which was spent, is owed by bob, whose other coins pay.
        fixture.refund_by("sue", &web, None).await.unwrap();
        settle_from(fixture, 20).await;
        assert_eq!((fixture.coins("bob").await, owed(fixture, "bob").await, owed(fixture, "ann").await), (0, 0, 0));
        ties(fixture, &["ann", "bob"]).await;
    }
}

#[tokio::test]
async fn a_debt_that_moves_is_paid_by_what_is_bought_afterwards_where_other_lots_do_not_pay() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let mut world = world(storage, FORFEIT).await;
        world.fixture.reconfigure(|config| config.other_lots_pay = false).await;
        world.fixture.stop_background();
        world.http = Listening::start(&world.fixture).await;
        let fixture = &world.fixture;
        bought_in_the_app(fixture, "bob").await;
        let web = bought_on_the_web(&world, "ann").await;
        gift(fixture, "ann", "cleo", 70).await;
        catch_up(fixture).await;
        fixture.refund_by("sue", &web, money("USD", 37)).await.unwrap();
        settle_from(fixture, 1).await;
        let change = fixture.merge("sue", "ann", "bob").await.unwrap();
        fixture.approve_change("tom", &change).await.unwrap();
        settle_from(fixture, 10).await;
        assert_eq!(
            (owed(fixture, "ann").await, owed(fixture, "bob").await, fixture.coins("bob").await),
            (0, 35, 70),
            "bought before the debt"
        );
        bought_in_the_app(fixture, "bob").await;
        settle_from(fixture, 20).await;
        assert_eq!((owed(fixture, "bob").await, fixture.coins("bob").await), (0, 105));
        ties(fixture, &["ann", "bob"]).await;
    }
}

#[tokio::test]
async fn no_older_coins_pay_a_debt_where_other_lots_do_not_pay() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let mut world = world(storage, FORFEIT).await;
        world.fixture.reconfigure(|config| config.other_lots_pay = false).await;
        world.fixture.stop_background();
        world.http = Listening::start(&world.fixture).await;
        let fixture = &world.fixture;
        let mut bought = Vec::new();
        for _ in 0..3 {
            bought.push(bought_on_the_web(&world, "ann").await);
        }
        gift(fixture, "ann", "cleo", 210).await;
        bought_in_the_app(fixture, "ann").await;
        for (web, hour) in bought.iter().zip([1, 20, 40]) {
            fixture.refund_by("sue", web, money("USD", 37)).await.unwrap();
            settle_from(fixture, hour).await;
        }
        assert_eq!((owed(fixture, "ann").await, fixture.coins("ann").await), (105, 70), "bought before the debt");
        bought_in_the_app(fixture, "ann").await;
        // As many as came since pay, once, whichever lots they are taken of.
        for hour in [60, 80, 100] {
            settle_from(fixture, hour).await;
            assert_eq!((owed(fixture, "ann").await, fixture.coins("ann").await), (35, 70), "{hour}");
        }
        ties(fixture, &["ann"]).await;
    }
}

/// What another process does at this moment, as a trigger.
async fn meanwhile(fixture: &Fixture, moment: &str, does: &str) {
    sqlx::query(sqlx::AssertSqlSafe(format!("CREATE TRIGGER meanwhile {moment} BEGIN {does}; END")))
        .execute(&fixture.pool().await)
        .await
        .unwrap();
}

#[tokio::test]
async fn neither_a_merge_nor_a_refund_is_planned_where_the_other_was_a_moment_before() {
    let mut world = world(Storage::sqlite(), FORFEIT).await;
    world.fixture.reconfigure(|config| config.other_lots_pay = false).await;
    world.fixture.stop_background();
    world.http = Listening::start(&world.fixture).await;
    let (fixture, pool) = (&world.fixture, world.fixture.pool().await);
    let web = bought_on_the_web(&world, "ann").await;
    bought_in_the_app(fixture, "bob").await;
    let change = fixture.merge("sue", "ann", "bob").await.unwrap();
    fixture.approve_change("tom", &change).await.unwrap();
    // A hold of ann's coins is asked for after nothing was found that stands against the merge.
    let hold = "INSERT INTO coin_hold (book, purchase_id, hold_no, user_id, target_coins, wanted_coins, is_counted, state, ended_by, ends_at_ms, note,
        tries, next_attempt_at_ms, created_at_ms, coins, attempt, planned_at_ms, posting_id, seq, transfer_no, taken_coins, end_attempt, end_planned_at_ms,
        end_posting_id) SELECT book, purchase_id, 1, user_id, 0, 70, 0, 1, 0, 0, '', 0, 0, 0, 0, 0, 0, '', 0, 0, 0, 0, 0, '' FROM purchase
        WHERE user_id = 'ann'";
    meanwhile(fixture, "AFTER UPDATE OF state ON wallet_change WHEN NEW.state = 3", hold).await;
    fixture.service.sweep(hours(1)).await.unwrap();
    let state = async || sqlx::query_scalar::<_, i64>("SELECT state FROM wallet_change").fetch_one(&pool).await.unwrap();
    assert_eq!((state().await, fixture.coins("ann").await), (2, 70), "it is not planned");
    sqlx::query("DROP TRIGGER meanwhile").execute(&pool).await.unwrap();
    // The merge is planned after the refund was found to be of ann's coins.
    let merges = "UPDATE wallet_change SET state = 3 WHERE state = 2";
    fixture.refund_by("sue", &web, money("USD", 37)).await.unwrap();
    sqlx::query("UPDATE wallet_change SET next_attempt_at_ms = 9000000000000000").execute(&pool).await.unwrap();
    meanwhile(fixture, "AFTER UPDATE OF tries ON wallet_change WHEN NEW.state = 2", merges).await;
    fixture.service.sweep(hours(2)).await.unwrap();
    let planned: i64 =
        sqlx::query_scalar("SELECT (SELECT COUNT(*) FROM refund) + (SELECT COUNT(*) FROM coin_hold)").fetch_one(&pool).await.unwrap();
    assert_eq!(planned, 0, "of coins that may be another's by then");
    sqlx::query("DROP TRIGGER meanwhile").execute(&pool).await.unwrap();
    sqlx::query("UPDATE wallet_change SET next_attempt_at_ms = 0").execute(&pool).await.unwrap();
    for hour in [10, 30] {
        settle_from(fixture, hour).await;
    }
    let done = fixture.change(&change).await;
    assert_eq!(done.state(), WalletChangeState::Done, "{done:?}");
    assert_eq!((fixture.coins("ann").await, fixture.coins("bob").await), (0, 105));
    ties(fixture, &["ann", "bob"]).await;
}

#[tokio::test]
async fn a_damaged_row_ends_no_sweep_for_those_behind_it() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let world = world(storage, FORFEIT).await;
        let (fixture, pool) = (&world.fixture, world.fixture.pool().await);
        let mut closed = Vec::new();
        for user in ["ann", "bob", "cleo"] {
            bought_in_the_app(fixture, user).await;
            let change = fixture.close("sue", user).await.unwrap();
            closed.push(fixture.approve_change("tom", &change).await.unwrap_or(change));
        }
        // One that can't be read, and one whose wallet has a damaged lot.
        sqlx::query("UPDATE wallet_change SET asked_by = '' WHERE user_id = 'ann'").execute(&pool).await.unwrap();
        sqlx::query("UPDATE coin_lot SET origin = 77 WHERE user_id = 'bob'").execute(&pool).await.unwrap();
        fixture.service.sweep(hours(1)).await.unwrap();
        let states: Vec<(String, i64)> =
            sqlx::query_as("SELECT user_id, state FROM wallet_change ORDER BY user_id").fetch_all(&pool).await.unwrap();
        let of = |user: &str, state: i64| (user.to_owned(), state);
        assert_eq!(states, [of("ann", 2), of("bob", 2), of("cleo", 5)]);
        let note: String = sqlx::query_scalar("SELECT note FROM wallet_change WHERE user_id = 'bob'").fetch_one(&pool).await.unwrap();
        assert!(note.contains("origin is damaged"), "{note}");
        sqlx::query("UPDATE wallet_change SET asked_by = 'sue' WHERE user_id = 'ann'").execute(&pool).await.unwrap();
        sqlx::query("UPDATE coin_lot SET origin = 1 WHERE user_id = 'bob'").execute(&pool).await.unwrap();
        settle_from(fixture, 20).await;
        for change in &closed {
            assert_eq!(fixture.change(change).await.state(), WalletChangeState::Done);
        }
    }
}

#[tokio::test]
async fn nothing_is_posted_of_a_merge_whose_row_is_not_what_was_asked_for_and_approved() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let world = world(storage, FORFEIT).await;
        let (fixture, pool) = (&world.fixture, world.fixture.pool().await);
        bought_in_the_app(fixture, "ann").await;
        bought_in_the_app(fixture, "thief").await;
        let asked = fixture.merge("sue", "ann", "bob").await;
        assert_eq!(reason(asked), "WALLET_UNKNOWN", "bob has none yet");
        bought_in_the_app(fixture, "bob").await;
        let merge = fixture.merge("sue", "ann", "bob").await.unwrap();
        for (at, (forged, back, why)) in (1..).zip([
            ("state = 2", "state = 1", "no second person approved it"),
            ("state = 2, decided_by = 'tom'", "state = 1, decided_by = ''", "no decision of tom"),
            ("state = 2, decided_by = 'sue'", "state = 1, decided_by = ''", "sue asked for it and approved it"),
            ("state = 2, decided_by = 'tom', into_user_id = 'thief'", "state = 1, decided_by = '', into_user_id = 'bob'", "other wallets"),
        ]) {
            sqlx::query(sqlx::AssertSqlSafe(format!("UPDATE wallet_change SET {forged}, next_attempt_at_ms = 0")))
                .execute(&pool)
                .await
                .unwrap();
            fixture.service.sweep(hours(at)).await.unwrap();
            let note: String = sqlx::query_scalar("SELECT note FROM wallet_change").fetch_one(&pool).await.unwrap();
            assert!(note.contains(why), "{forged}: {note}");
            sqlx::query(sqlx::AssertSqlSafe(format!("UPDATE wallet_change SET {back}"))).execute(&pool).await.unwrap();
        }
        assert_eq!((fixture.coins("ann").await, fixture.coins("bob").await, fixture.coins("thief").await), (70, 70, 70));
        fixture.approve_change("tom", &merge).await.unwrap();
        sqlx::query("UPDATE wallet_change SET into_user_id = 'thief'").execute(&pool).await.unwrap();
        fixture.service.sweep(hours(10)).await.unwrap();
        assert_eq!((fixture.coins("ann").await, fixture.coins("thief").await), (70, 70));
        sqlx::query("UPDATE wallet_change SET into_user_id = 'bob'").execute(&pool).await.unwrap();
        settle_from(fixture, 20).await;
        assert_eq!((fixture.coins("ann").await, fixture.coins("bob").await), (0, 140));
    }
}

#[tokio::test]
async fn a_merge_cut_off_after_any_step_moves_everything_once() {
    let world = world(Storage::sqlite(), FORFEIT).await;
    let fixture = &world.fixture;
    bought_in_the_app(fixture, "bob").await;
    let (mut polls, mut moved) = (0, 0);
    loop {
        let user = format!("u{polls}");
        bought_in_the_app(fixture, &user).await;
        let change = fixture.merge("sue", &user, "bob").await.unwrap();
        fixture.approve_change("tom", &change).await.unwrap();
        let whole = testbed::crash(fixture.service.sweep(hours(1)), polls).await.is_some();
        settle_from(fixture, 2).await;
        moved += 70;
        let done = fixture.change(&change).await;
        assert_eq!((done.state(), done.postings.len()), (WalletChangeState::Done, 1), "after {polls} polls: {done:?}");
        assert_eq!((fixture.coins(&user).await, fixture.coins("bob").await), (0, 70 + moved));
        let elsewhere: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM spending WHERE user_id <> 'bob'").fetch_one(&fixture.pool().await).await.unwrap();
        assert_eq!(elsewhere, 0, "after {polls} polls: what was spent moved too");
        if whole {
            break;
        }
        polls += 1;
    }
    ties(fixture, &["bob"]).await;
}

#[tokio::test]
async fn a_refund_that_comes_in_the_middle_of_a_merge_waits_for_it() {
    let world = world(Storage::sqlite(), FORFEIT).await;
    let fixture = &world.fixture;
    let made = world.checkout("ann").await;
    world.act("pay", &made).await;
    fixture.service.sweep_orders(hours(2)).await.unwrap();
    bought_in_the_app(fixture, "bob").await;
    let change = fixture.merge("sue", "ann", "bob").await.unwrap();
    fixture.approve_change("tom", &change).await.unwrap();
    let pool = fixture.pool().await;
    let is_planned = async || {
        let sql = "SELECT COUNT(*) FROM wallet_change WHERE state = 3";
        sqlx::query_scalar::<_, i64>(sql).fetch_one(&pool).await.unwrap() == 1
    };
    let left = testbed::crash_at(fixture.service.sweep(hours(1)), is_planned).await.is_none();
    assert!(left && fixture.coins("ann").await == 70, "never planned and not posted");
    world.act("refund", &made).await;
    for event in world.events().await {
        assert_eq!(world.say(&event).await, 200);
    }
    settle_from(fixture, 2).await;
    settle_from(fixture, 10).await;
    assert_eq!(fixture.change(&change).await.state(), WalletChangeState::Done);
    // All of ann's are taken from bob, who has them by then, and nobody owes any.
    assert_eq!((fixture.coins("ann").await, fixture.coins("bob").await), (0, 70));
    assert_eq!((owed(fixture, "ann").await, owed(fixture, "bob").await), (0, 0));
    let first = lots_of(fixture, "bob").await.remove(0);
    assert_eq!((first.1, first.2, first.3), (70, 0, 0));
    ties(fixture, &["ann", "bob"]).await;
}

#[tokio::test]
async fn no_debit_limit_keeps_a_wallet_from_being_closed_or_merged() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let world = world(storage, FORFEIT).await;
        let fixture = &world.fixture;
        for user in ["ann", "bob", "cleo"] {
            bought_in_the_app(fixture, user).await;
        }
        for wallet in ["viewer/ann/coins", "viewer/bob/coins"] {
            limited(fixture, wallet, 1).await;
        }
        let changes = [fixture.close("sue", "ann").await.unwrap(), fixture.merge("sue", "bob", "cleo").await.unwrap()];
        for change in &changes {
            fixture.approve_change("tom", change).await.unwrap();
        }
        settle_from(fixture, 1).await;
        for change in &changes {
            let done = fixture.change(change).await;
            assert_eq!((done.state(), done.note.as_str()), (WalletChangeState::Done, ""));
        }
        let coins = (fixture.coins("ann").await, fixture.coins("bob").await, fixture.coins("cleo").await);
        assert_eq!(coins, (0, 0, 140));
    }
}
