//! While one batch commits, the next is decided on top of it.
use crate::{
    book::{assert_sound, balance, book_name, buy, config, databases, gift, new_id, posted, reason, transfer},
    injected::{Fault, Injected},
};
use books::{
    domain::request::{Action, BookRequest, Guard, GuardOperation, NewTransfer, RequestFields},
    store::Mode,
    store::open_store,
};
use ledger::{Config, Error, Ledger, answer::AnswerResult, book::BookHandle};
use money::BookName;
use std::sync::Arc;
use tokio::task::JoinHandle;

/// Sends a request and returns when the writer has taken it.
async fn taken(book: &Arc<BookHandle>, request: BookRequest) -> JoinHandle<AnswerResult> {
    let sent = tokio::spawn({
        let book = book.clone();
        async move { book.submit(request).await }
    });
    // The task first runs once, which puts the request into the queue; then the writer empties it.
    tokio::task::yield_now().await;
    while book.waiting() > 0 {
        tokio::task::yield_now().await;
    }
    sent
}

fn plain(action: Action) -> BookRequest {
    BookRequest::new(new_id(), RequestFields::default(), "test".to_owned(), action)
}

fn hold(user: &str, amount: i64) -> BookRequest {
    let pending = NewTransfer { pending: true, ..transfer(&format!("viewer/{user}/coins"), "house/coins/redeemed", amount) };
    plain(Action::Post { transfers: vec![pending], guards: Vec::new(), refusal: None })
}

fn once(key: &str) -> BookRequest {
    let guard = Guard { key: key.to_owned(), operation: GuardOperation::CompareAndSet { expected: 0, next: 1 } };
    let transfers = vec![transfer("house/coins/issued", "viewer/u1/coins", 5)];
    plain(Action::Post { transfers, guards: vec![guard], refusal: None })
}

/// Everything that can be is evicted from memory.
fn forgetful() -> Config {
    Config { cache_max: 1, dirty_max: 0, ..config() }
}

#[tokio::test]
async fn what_is_decided_on_a_batch_under_way_stands_on_it() {
    for database in &databases().all {
        let store = Injected::over(open_store(database).await.unwrap());
        let ledger = Ledger::start(store.clone(), forgetful()).await.unwrap();
        ledger.create_book(&book_name(), Mode::Test, "test").await.unwrap();
        let book = ledger.book(&book_name()).await.unwrap();
        posted(book.submit(buy("u1", 100)).await);
        let (held, _) = posted(book.submit(hold("u1", 30)).await);
        let transfer_no = held.transfers[0].transfer.no;
        let gate = store.hang();
        // In flight: the hold is posted, a guard is set, and the remaining coins are spent.
        let first = [
            taken(&book, plain(Action::PostPending { transfer_no, amount: None })).await,
            taken(&book, once("quote")).await,
            taken(&book, gift(new_id(), "u1", "c1", 75)).await,
        ];
        store.until_a_commit_hangs().await;
        // On top of it: the same hold, the same guard and the same coins again.
        let second = [
            taken(&book, plain(Action::VoidPending { transfer_no, guards: Vec::new() })).await,
            taken(&book, once("quote")).await,
            taken(&book, gift(new_id(), "u1", "c1", 1)).await,
        ];
        assert_eq!(balance(&book, "viewer/u1/coins").await, 100, "a reader saw what is not committed");
        gate.add_permits(100);
        for sent in first {
            posted(sent.await.unwrap());
        }
        let mut reasons = Vec::new();
        for sent in second {
            reasons.push(reason(sent.await.unwrap()));
        }
        assert_eq!(reasons, ["PENDING_RESOLVED", "GUARD_MISMATCH", "INSUFFICIENT_FUNDS"]);
        assert_eq!((balance(&book, "viewer/u1/coins").await, balance(&book, "creator/c1/diamonds").await), (0, 75));
        assert_sound(&ledger, &book).await;
    }
}

#[tokio::test]
async fn what_stood_on_a_failed_batch_is_decided_again() {
    for database in &databases().all {
        let store = Injected::over(open_store(database).await.unwrap());
        let ledger = Ledger::start(store.clone(), forgetful()).await.unwrap();
        ledger.create_book(&book_name(), Mode::Test, "test").await.unwrap();
        let book = ledger.book(&book_name()).await.unwrap();
        posted(book.submit(buy("u1", 10)).await);
        let gate = store.hang();
        let bought = taken(&book, buy("u1", 100)).await;
        store.until_a_commit_hangs().await;
        let spent = [taken(&book, gift(new_id(), "u1", "c1", 50)).await, taken(&book, gift(new_id(), "u1", "c1", 7)).await];
        store.fail_next(Fault::FailBefore);
        gate.add_permits(100);
        assert!(matches!(bought.await.unwrap(), Err(Error::CommitFailed)));
        let [dear, cheap] = spent;
        assert_eq!(reason(dear.await.unwrap()), "INSUFFICIENT_FUNDS", "it was accepted with coins that never came");
        posted(cheap.await.unwrap());
        assert_eq!(balance(&book, "viewer/u1/coins").await, 3);
        assert_sound(&ledger, &book).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_book_s_rival_does_not_stop_the_others_in_the_same_transaction() {
    let databases = databases();
    for database in &databases.all {
        let ledger = Ledger::start(open_store(database).await.unwrap(), config()).await.unwrap();
        let rival = Ledger::start(open_store(database).await.unwrap(), config()).await.unwrap();
        let name = |n: usize| BookName::try_new(&format!("book-{n}")).unwrap();
        let mut books = Vec::new();
        for n in 0..24 {
            ledger.create_book(&name(n), Mode::Test, "test").await.unwrap();
            books.push(ledger.book(&name(n)).await.unwrap());
            posted(books[n].submit(buy("u1", 100)).await);
        }
        // Every third book has another writer by now, so that ours is fenced there.
        for n in (0..24).step_by(3) {
            posted(rival.book(&name(n)).await.unwrap().submit(buy("u1", 1)).await);
        }
        let sent = books.iter().map(|book| book.submit(gift(new_id(), "u1", "c1", 10)));
        for (n, outcome) in futures::future::join_all(sent).await.into_iter().enumerate() {
            match n % 3 {
                0 => assert!(matches!(outcome, Err(Error::NotTheWriter(_))), "book {n}: {outcome:?}"),
                _ => drop(posted(outcome)),
            }
        }
        for (n, book) in books.iter().enumerate() {
            // The retry loads the rival's commit.
            let (left, _) = posted(book.submit(gift(new_id(), "u1", "c1", 10)).await);
            assert_eq!(left.transfers[0].transfer.debit_after.balance(), if n % 3 == 0 { 91 } else { 80 });
            assert_sound(&ledger, book).await;
        }
    }
}
