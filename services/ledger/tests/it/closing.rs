//! Payments in flight are counted by guards, and closing an account checks these, also when they were evicted from memory.
use crate::book::{assert_sound, book_name, config, databases, new_id, posted, start};
use books::domain::{
    account::AccountState,
    request::{AccountName, Action, BookRequest, Guard, GuardOperation, RequestFields},
};
use books::store::Mode;
use ledger::{Error, book::BookHandle};

const WALLET: &str = "viewer/u1/coins";

fn wallet() -> AccountName {
    AccountName::parse(WALLET.to_owned()).unwrap()
}

fn ask(action: Action) -> BookRequest {
    BookRequest::new(new_id(), RequestFields::default(), "test".to_owned(), action)
}

fn count(by: i64) -> BookRequest {
    let guards = vec![Guard { key: format!("in_flight/{WALLET}"), operation: GuardOperation::Add(by) }];
    ask(Action::Post { transfers: Vec::new(), guards, refusal: None })
}

async fn close(book: &BookHandle) -> Result<(), String> {
    match book.submit(ask(Action::SetState { account: wallet(), state: AccountState::Closed })).await {
        Ok(_) => Ok(()),
        Err(Error::Refused(told)) => Err(told.reason),
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_close_asks_for_what_is_on_its_way_also_after_a_restart() {
    for database in &databases().all {
        let (ledger, book) = start(database, config()).await;
        book.submit(ask(Action::Open { accounts: vec![wallet()] })).await.unwrap();
        posted(book.submit(count(1)).await);
        assert_eq!(close(&book).await, Err("ACCOUNT_IN_FLIGHT".to_owned()));
        drop(book);
        ledger.shutdown().await;

        let (ledger, book) = start(database, config()).await;
        assert_eq!(close(&book).await, Err("ACCOUNT_IN_FLIGHT".to_owned()), "read from the store first");
        posted(book.submit(count(-1)).await);
        posted(book.submit(count(-1)).await);
        assert_sound(&ledger, &book).await;
        assert_eq!(close(&book).await, Ok(()));
        assert_sound(&ledger, &book).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_ends_opens_no_book() {
    for database in &databases().all {
        let (ledger, book) = start(database, config()).await;
        // It waits for this handle, and meanwhile callers look for the book, as a watcher does whose stream was ended.
        let ending = tokio::spawn({
            let ledger = ledger.clone();
            async move { ledger.shutdown().await }
        });
        loop {
            match ledger.book(&book_name()).await {
                Ok(_) => tokio::task::yield_now().await,
                Err(Error::Stopping) => break,
                Err(other) => panic!("{other:?}"),
            }
        }
        assert!(matches!(ledger.create_book(&book_name(), Mode::Test, "test").await, Err(Error::Stopping)));
        assert!(!ending.is_finished());
        drop(book);
        ending.await.unwrap();
    }
}
