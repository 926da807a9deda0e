//! A viewer who owes coins spends none, from the posting that makes the debt to the one that pays the last of it, over restarts and with nothing in memory.
use crate::book::{assert_sound, buy, config, databases, gift, new_id, post, posted, reason, start, transfer};
use books::domain::request::{Action, BookRequest, Guard, GuardOperation, NewTransfer};
use ledger::Config;

/// A posting that changes the debt of a viewer for the `change_no`th time.
fn change(user: &str, change_no: i64, transfers: Vec<NewTransfer>) -> BookRequest {
    let operation = GuardOperation::CompareAndSet { expected: change_no - 1, next: change_no };
    let guards = vec![Guard { key: format!("debt/{user}"), operation }];
    let request = post(new_id(), transfers.clone());
    BookRequest { action: Action::Post { transfers, guards, refusal: None }, ..request }
}

fn owe(user: &str, change_no: i64, coins: i64) -> BookRequest {
    change(user, change_no, vec![transfer(&format!("viewer/{user}/debt"), "house/coins/issued", coins)])
}

fn pay(user: &str, change_no: i64, coins: i64) -> BookRequest {
    change(user, change_no, vec![transfer(&format!("viewer/{user}/coins"), &format!("viewer/{user}/debt"), coins)])
}

#[tokio::test(flavor = "multi_thread")]
async fn coins_that_are_owed_are_paid_before_any_is_spent() {
    for database in &databases().all {
        let small = Config { cache_max: 2, dirty_max: 2, replay_max: 3, ids_max: 8, ..config() };
        let (mut ledger, mut book) = start(database, small.clone()).await;
        for user in ["ann", "bob"] {
            posted(book.submit(buy(user, 100)).await);
            posted(book.submit(gift(new_id(), user, "cleo", 1)).await);
        }
        posted(book.submit(owe("ann", 1, 30)).await);
        for restarts in 0..3 {
            let refused = book.submit(gift(new_id(), "ann", "cleo", 1)).await;
            let Err(ledger::Error::Refused(told)) = refused else { panic!("{refused:?}") };
            let facts = [("account".to_owned(), "viewer/ann/coins".to_owned()), ("owed".to_owned(), "30".to_owned())];
            assert_eq!((told.reason.as_str(), told.facts.as_slice()), ("COINS_OWED", &facts[..]), "after {restarts} restarts");
            let held = NewTransfer { pending: true, ..transfer("viewer/ann/coins", "house/coins/redeemed", 1) };
            assert_eq!(reason(book.submit(post(new_id(), vec![held])).await), "COINS_OWED");
            posted(book.submit(gift(new_id(), "bob", "cleo", 1)).await);
            // What is not spending goes on.
            posted(book.submit(post(new_id(), vec![transfer("viewer/ann/coins", "house/coins/issued", 1)])).await);
            drop(book);
            ledger.shutdown().await;
            (ledger, book) = start(database, small.clone()).await;
        }
        posted(book.submit(pay("ann", 2, 29)).await);
        assert_eq!(reason(book.submit(gift(new_id(), "ann", "cleo", 1)).await), "COINS_OWED", "one is owed still");
        posted(book.submit(pay("ann", 3, 1)).await);
        posted(book.submit(gift(new_id(), "ann", "cleo", 1)).await);
        posted(book.submit(owe("ann", 4, 1)).await);
        assert_eq!(reason(book.submit(gift(new_id(), "ann", "cleo", 1)).await), "COINS_OWED");
        // In one batch: the debt, a gift after it, what pays it, and a gift after that.
        let batch = vec![owe("bob", 1, 5), gift(new_id(), "bob", "cleo", 1), pay("bob", 2, 5), gift(new_id(), "bob", "cleo", 1)];
        let outcomes: Vec<_> = book
            .submit_many(batch)
            .await
            .unwrap()
            .into_iter()
            .map(|outcome| outcome.map(drop).map_err(|error| format!("{error:?}")))
            .collect();
        assert_eq!(outcomes.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true, true], "{outcomes:?}");
        assert_sound(&ledger, &book).await;
        drop(book);
        ledger.shutdown().await;
    }
}
