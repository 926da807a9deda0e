//! Commits that hang, fail or get lost: nothing of them is visible, and nothing is lost or executed twice.
use crate::{
    book::{assert_sound, balance, book_name, buy, config, databases, gift, new_id, posted, reason},
    injected::{Fault, Injected},
};
use books::{store::Mode, store::open_store};
use db::Database;
use ledger::{Error, Ledger, book::BookHandle};
use std::sync::Arc;

async fn start(database: &Database) -> (Arc<Ledger>, Arc<BookHandle>, Arc<Injected>) {
    let store = Injected::over(open_store(database).await.unwrap());
    let ledger = Ledger::start(store.clone(), config()).await.unwrap();
    ledger.create_book(&book_name(), Mode::Test, "test").await.unwrap();
    let book = ledger.book(&book_name()).await.unwrap();
    (ledger, book, store)
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_commit_hangs_nobody_sees_anything_of_it() {
    for database in &databases().all {
        let (ledger, book, store) = start(database).await;
        posted(book.submit(buy("u1", 100)).await);
        let gate = store.hang();
        let (id, poor) = (new_id(), new_id());
        let first = tokio::spawn({
            let book = book.clone();
            async move { book.submit(gift(id, "u1", "fresh", 40)).await }
        });
        store.until_a_commit_hangs().await;
        // Readers see the balance from before, and no account that is not committed yet.
        assert_eq!(balance(&book, "viewer/u1/coins").await, 100);
        assert!(matches!(book.account("creator/fresh/diamonds").await, Err(Error::AccountUnknown(_))));
        assert!(matches!(book.posting(id).await, Err(Error::PostingUnknown(_))));
        // A retry of it and a refusal that would follow from it wait; in one message, so that their order is certain.
        let waiting = tokio::spawn({
            let book = book.clone();
            async move { book.submit_many(vec![gift(id, "u1", "fresh", 40), gift(poor, "u1", "fresh", 61)]).await }
        });
        for _ in 0..100 {
            tokio::task::yield_now().await;
            assert!(!waiting.is_finished());
        }
        // It fails: nothing of it remains, while the waiting requests hang in turn, and are decided without it.
        store.fail_next(Fault::FailBefore);
        gate.add_permits(1);
        assert!(matches!(first.await.unwrap(), Err(Error::CommitFailed)));
        assert_eq!((balance(&book, "viewer/u1/coins").await, balance(&book, "creator/fresh/diamonds").await), (100, 0));
        gate.add_permits(100);
        let mut outcomes = waiting.await.unwrap().unwrap().into_iter();
        let (_, replayed) = posted(outcomes.next().unwrap());
        assert!(!replayed, "an answer was replayed that never was one");
        assert_eq!(reason(outcomes.next().unwrap()), "INSUFFICIENT_FUNDS");
        assert_eq!((balance(&book, "viewer/u1/coins").await, balance(&book, "creator/fresh/diamonds").await), (60, 40));
        assert_sound(&ledger, &book).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_resolved_by_writing() {
    for database in &databases().all {
        let (ledger, book, store) = start(database).await;
        posted(book.submit(buy("u1", 100)).await);

        store.fail_next(Fault::LoseAfter);
        let id = new_id();
        let (_, replayed) = posted(book.submit(gift(id, "u1", "c1", 10)).await);
        assert!(!replayed);
        assert_eq!(balance(&book, "viewer/u1/coins").await, 90);
        assert!(posted(book.submit(gift(id, "u1", "c1", 10)).await).1);

        store.fail_next(Fault::LoseBefore);
        let id = new_id();
        assert!(matches!(book.submit(gift(id, "u1", "c1", 10)).await, Err(Error::CommitFailed)));
        assert_eq!(balance(&book, "viewer/u1/coins").await, 90);
        assert!(!posted(book.submit(gift(id, "u1", "c1", 10)).await).1);
        assert_eq!(balance(&book, "viewer/u1/coins").await, 80);
        assert_sound(&ledger, &book).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fence_lets_one_writer_through() {
    for database in &databases().all {
        let (_ledger, book, store) = start(database).await;
        posted(book.submit(buy("u1", 100)).await);
        store.fail_next(Fault::Rival);
        let id = new_id();
        assert!(matches!(book.submit(gift(id, "u1", "c1", 10)).await, Err(Error::NotTheWriter(_))));
        assert_eq!(balance(&book, "viewer/u1/coins").await, 100);
        assert!(!posted(book.submit(gift(id, "u1", "c1", 10)).await).1);
        assert_eq!(balance(&book, "viewer/u1/coins").await, 90);
    }
}
