//! Refunds of purchases whose coins are in suspense: each takes its own out of there, and never anybody else's.

use api::ledger::AccountState;
use api::purchase::StoreEventState;
use money::BookName;
use sandbox::store::StoreNotification;
use testbed::{Fault, Storage};

use crate::cases::listed;
use crate::fixture::{self, BOOK, Fixture};
use crate::listening::Listening;
use crate::lots::{catch_up, rows};
use crate::notified::sale;
use crate::refunds::{about, hours, say_later, settle};

const SUSPENSE: &str = "house/coins/suspense";

/// 70 coins for a closed wallet.
async fn suspended(fixture: &Fixture, http: &Listening, user: &str) -> StoreNotification {
    let said = sale(fixture, user).await;
    fixture.set_coins_state(user, AccountState::Closed).await.unwrap();
    assert_eq!(http.say(fixture, &said).await, 200);
    fixture.service.sweep(hours(1)).await.unwrap();
    said
}

/// What staff do by the runbook: coins of a closed wallet go to one that the person uses now.
async fn moved_by_staff(fixture: &Fixture, wallet: &str, coins: i64) {
    fixture.bed.post("adjustment", SUSPENSE, wallet, coins).await;
}

async fn refunded(fixture: &Fixture, http: &Listening, said: &StoreNotification, milliunits: i32) {
    assert_eq!(http.say(fixture, &about(said, "REFUND", milliunits)).await, 200);
    settle(fixture).await;
}

async fn cases(fixture: &Fixture) -> Vec<(String, String)> {
    let found = listed(fixture, StoreEventState::WaitsForStaff).await;
    found.into_iter().rev().map(|case| (format!("{} {}", case.kind, case.subtype), case.note)).collect()
}

#[tokio::test]
async fn a_refund_takes_only_its_own_coins_out_of_suspense_and_leaves_the_others_to_staff() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let fixture = fixture::on(storage).await;
        fixture.stop_background();
        let http = Listening::start(&fixture).await;
        let (ann, carol) = (suspended(&fixture, &http, "ann").await, suspended(&fixture, &http, "carol").await);
        assert_eq!(fixture.balance(SUSPENSE).await, 140);
        moved_by_staff(&fixture, "viewer/ann-2/coins", 70).await;
        refunded(&fixture, &http, &ann, 0).await;
        assert_eq!(fixture.balance(SUSPENSE).await, 70, "Carol's");
        assert_eq!((fixture.balance("viewer/ann/debt").await, fixture.coins("ann-2").await), (0, 70));
        assert_eq!(fixture.balance("house/store_receivable/USD").await, -70, "the store has its money back");
        let found = cases(&fixture).await;
        assert_eq!((found.len(), found[0].0.as_str()), (1, "REFUND_IN_SUSPENSE TAKE"));
        assert!(found[0].1.contains("70 coins"), "{}", found[0].1);
        // Nobody told the books whose coins staff moved: what lay there then may be Ann's or Carol's.
        refunded(&fixture, &http, &carol, 50_000).await;
        assert_eq!((fixture.balance(SUSPENSE).await, cases(&fixture).await.len()), (70, 2));
        // What came later is surely there.
        let dora = suspended(&fixture, &http, "dora").await;
        refunded(&fixture, &http, &dora, 50_000).await;
        assert_eq!((fixture.balance(SUSPENSE).await, cases(&fixture).await.len()), (105, 2));
        moved_by_staff(&fixture, "viewer/dora-2/coins", 20).await;
        say_later(&fixture, &http, &about(&dora, "REFUND", 100_000), 1_000).await;
        settle(&fixture).await;
        assert_eq!(fixture.balance(SUSPENSE).await, 70, "15 of the 35 were hers for sure");
        let found = cases(&fixture).await;
        assert!(found.len() == 3 && found[2].1.contains("20 coins"), "{found:?}");
        // What was left to staff does not come back by itself.
        say_later(&fixture, &http, &about(&ann, "REFUND_REVERSED", 0), 5_000).await;
        settle(&fixture).await;
        assert_eq!(fixture.balance(SUSPENSE).await, 70);
        assert_eq!(cases(&fixture).await[3].0, "REFUND_IN_SUSPENSE GIVE_BACK");
        say_later(&fixture, &http, &about(&dora, "REFUND_REVERSED", 0), 5_000).await;
        settle(&fixture).await;
        assert_eq!((fixture.balance(SUSPENSE).await, cases(&fixture).await.len()), (70 + 50, 5));
        let before = rows(&fixture).await;
        fixture.service.store().forget_lots(&BookName::try_new(BOOK).unwrap()).await.unwrap();
        catch_up(&fixture).await;
        assert_eq!(rows(&fixture).await, before, "read again, lots are the same");
    }
}

#[tokio::test]
async fn a_plan_that_waited_while_staff_moved_the_coins_is_made_anew() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let fixture = fixture::on(storage).await;
        fixture.stop_background();
        let http = Listening::start(&fixture).await;
        let ann = suspended(&fixture, &http, "ann").await;
        suspended(&fixture, &http, "carol").await;
        catch_up(&fixture).await;
        fixture.ledger.fail(Fault::Down);
        assert_eq!(http.say(&fixture, &about(&ann, "REFUND", 0)).await, 200);
        fixture.service.sweep(hours(1)).await.unwrap();
        fixture.ledger.fail(Fault::None);
        let pool = fixture.pool().await;
        let planned: i64 = sqlx::query_scalar("SELECT wallet_coins FROM refund").fetch_one(&pool).await.unwrap();
        assert_eq!((planned, fixture.balance(SUSPENSE).await), (70, 140));
        sqlx::query("UPDATE refund SET planned_at_ms = planned_at_ms - 7200000").execute(&pool).await.unwrap();
        moved_by_staff(&fixture, "viewer/ann-2/coins", 70).await;
        settle(&fixture).await;
        assert_eq!((fixture.balance(SUSPENSE).await, cases(&fixture).await.len()), (70, 1));
    }
}

#[tokio::test]
async fn coins_that_came_back_to_suspense_are_taken_from_there_again() {
    let fixture = fixture::on(Storage::sqlite()).await;
    fixture.stop_background();
    let http = Listening::start(&fixture).await;
    let (said, _) = crate::refunds::bought(&fixture, "ann").await;
    refunded(&fixture, &http, &said, 0).await;
    fixture.set_coins_state("ann", AccountState::Closed).await.unwrap();
    say_later(&fixture, &http, &about(&said, "REFUND_REVERSED", 0), 2_000).await;
    settle(&fixture).await;
    assert_eq!(fixture.balance(SUSPENSE).await, 70);
    say_later(&fixture, &http, &about(&said, "REFUND", 0), 4_000).await;
    settle(&fixture).await;
    assert_eq!((fixture.balance(SUSPENSE).await, fixture.balance("viewer/ann/debt").await), (0, 0), "not owed beside them");
}
