//! Debts that this installation did not make: they came with an imported book.

use api::ledger::{CompareAndSet, Guard, PostRequest, Transfer, guard::Operation};
use testbed::{Fault, Storage};

use crate::fixture::{self, BOOK, Fixture, new_id};
use crate::lots::catch_up;
use crate::refunds::hours;

/// As an import posts it: there is no row about it here.
async fn imported_debt(fixture: &Fixture, user: &str, coins: i64, change_no: i64) {
    imported(fixture, (format!("viewer/{user}/debt"), "house/coins/issued".to_owned()), user, (coins, change_no)).await;
}

async fn imported(fixture: &Fixture, (debit_account, credit_account): (String, String), user: &str, (coins, change_no): (i64, i64)) {
    let changed = Operation::CompareAndSet(CompareAndSet { expected: 0, next: change_no });
    let guard = Guard { key: format!("debt/{user}"), operation: Some(changed) };
    let post = PostRequest {
        book: BOOK.to_owned(),
        request_id: new_id(),
        kind: "test".to_owned(),
        transfers: vec![Transfer { debit_account, credit_account, amount: coins, ..Transfer::default() }],
        guards: if change_no == 0 { Vec::new() } else { vec![guard] },
        ..PostRequest::default()
    };
    fixture.bed.client().post(post).await.unwrap();
}

async fn standing(fixture: &Fixture, user: &str) -> (i64, i64) {
    (fixture.coins(user).await, -fixture.balance(&format!("viewer/{user}/debt")).await)
}

#[tokio::test]
async fn a_debt_of_an_imported_book_is_paid_when_coins_are_credited() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let fixture = fixture::on(storage).await;
        fixture.stop_background();
        // With the number of its changes, and without.
        for (user, change_no) in [("ann", 0), ("bob", 3)] {
            imported_debt(&fixture, user, 35, change_no).await;
            fixture.redeem(user, &new_id(), &fixture.receipt()).await.unwrap();
            fixture.service.sweep(hours(0)).await.unwrap();
            assert_eq!(standing(&fixture, user).await, (35, 0), "{user}");
        }
        // More than the coins, and credited by the sweeper; the rest is paid by the next ones.
        imported_debt(&fixture, "cleo", 100, 0).await;
        fixture.ledger.fail(Fault::AnswerLost);
        assert_eq!(fixture::reason(fixture.redeem("cleo", &new_id(), &fixture.receipt()).await), "OUTCOME_UNKNOWN");
        fixture.ledger.fail(Fault::None);
        for hour in [1, 4] {
            fixture.service.sweep(hours(hour)).await.unwrap();
        }
        assert_eq!(standing(&fixture, "cleo").await, (0, 30));
        fixture.redeem("cleo", &new_id(), &fixture.receipt()).await.unwrap();
        fixture.service.sweep(hours(0)).await.unwrap();
        assert_eq!(standing(&fixture, "cleo").await, (40, 0));
        // Who owes nothing has no row.
        fixture.redeem("dora", &new_id(), &fixture.receipt()).await.unwrap();
        let debtors: Vec<String> =
            sqlx::query_scalar("SELECT user_id FROM viewer_debt ORDER BY user_id").fetch_all(&fixture.pool().await).await.unwrap();
        assert_eq!(debtors, ["ann", "bob", "cleo"]);
    }
}

#[tokio::test]
async fn a_debt_of_an_imported_book_is_paid_with_what_is_bought_here_where_other_lots_do_not_pay() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let fixture = fixture::with(storage, |config| config.other_lots_pay = false).await;
        fixture.stop_background();
        // Ten coins of Ann's came with the book as well.
        imported(&fixture, ("house/coins/issued".to_owned(), "viewer/ann/coins".to_owned()), "ann", (10, 0)).await;
        for (user, owed, left) in [("ann", 35, (45, 0)), ("bob", 100, (0, 30))] {
            imported_debt(&fixture, user, owed, 0).await;
            fixture.redeem(user, &new_id(), &fixture.receipt()).await.unwrap();
            catch_up(&fixture).await;
            for hour in [1, 4] {
                fixture.service.sweep(hours(hour)).await.unwrap();
            }
            assert_eq!(standing(&fixture, user).await, left, "{user}");
        }
    }
}
