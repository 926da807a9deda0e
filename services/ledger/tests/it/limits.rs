//! Windowed debit limits: exact at their edges, over restarts, and with everything earlier evicted from memory.
use crate::book::{assert_sound, buy, config, databases, gift, new_id, post, posted, start, transfer};
use books::domain::{
    Micros,
    limit::{Window, span, zone},
    request::{AccountName, Action, BookRequest, NewTransfer, RequestFields},
};
use ledger::{Config, Error, book::BookHandle, clock::LedgerClock};
use std::collections::HashMap;
use tokio::sync::watch;

const BERLIN: &str = "Europe/Berlin";

/// A clock moved by hand, set to noon of a day on which daylight saving time ends.
fn clock() -> (watch::Sender<Micros>, Config) {
    // 2027-10-31, 12:00 in Berlin. This day has 25 hours, and it is later than the time in any id of these tests.
    let (sender, receiver) = watch::channel(1_824_980_400_000_000);
    let ids_of_any_age = Config { refusal_retention_ms: u64::MAX / 2, clock: LedgerClock::Manual(receiver), ..config() };
    (sender, ids_of_any_age)
}

fn limit(user: &str, window: Window, max: i64) -> BookRequest {
    let account = AccountName::parse(format!("viewer/{user}/coins")).unwrap();
    let action = Action::SetLimit { account, window, zone: BERLIN.to_owned(), max };
    BookRequest::new(new_id(), RequestFields::default(), String::new(), action)
}

fn spend(amount: i64) -> BookRequest {
    gift(new_id(), "u1", "c1", amount)
}

fn next_month(time: &watch::Sender<Micros>) {
    let now = *time.borrow();
    time.send_replace(span(now, &zone(BERLIN).unwrap(), Window::Month).end);
}

/// The facts of a refusal by a limit.
async fn refused(book: &BookHandle, request: BookRequest) -> HashMap<String, String> {
    match book.submit(request).await {
        Err(Error::Refused(told)) if told.reason == "LIMIT_EXCEEDED" => told.facts.into_iter().collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_lets_its_amount_through_and_not_one_more() {
    for database in &databases().all {
        let (time, config) = clock();
        let (ledger, book) = start(database, config).await;
        posted(book.submit(buy("u1", 10_000)).await);
        posted(book.submit(spend(30)).await);
        // Debits before the limit was set count: the window is the clock's, not the limit's.
        book.submit(limit("u1", Window::Day, 100)).await.unwrap();
        let facts = refused(&book, spend(71)).await;
        let told = |name: &str| facts[name].as_str();
        assert_eq!((told("account"), told("window"), told("limit")), ("viewer/u1/coins", "DAY", "100"));
        assert_eq!((told("used"), told("needed"), told("resets_at")), ("30", "71", "2027-10-31T23:00:00Z"));
        posted(book.submit(spend(70)).await);
        refused(&book, spend(1)).await;
        // Credits are not limited, nor is another account.
        posted(book.submit(buy("u1", 5)).await);
        posted(book.submit(buy("u2", 5)).await);
        posted(book.submit(gift(new_id(), "u2", "c1", 5)).await);
        let today = span(*time.borrow(), &zone(BERLIN).unwrap(), Window::Day);
        time.send_replace(today.end - 1);
        refused(&book, spend(1)).await;
        time.send_replace(today.end);
        refused(&book, spend(101)).await;
        posted(book.submit(spend(100)).await);
        refused(&book, spend(1)).await;
        book.submit(limit("u1", Window::Day, 0)).await.unwrap();
        posted(book.submit(spend(1_000)).await);
        assert_sound(&ledger, &book).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn holds_count_when_they_are_placed_and_give_back_when_released() {
    for database in &databases().all {
        let (_time, config) = clock();
        let (ledger, book) = start(database, config).await;
        posted(book.submit(buy("u1", 1_000)).await);
        book.submit(limit("u1", Window::Hour, 100)).await.unwrap();
        let hold = |amount| NewTransfer { pending: true, ..transfer("viewer/u1/coins", "house/coins/redeemed", amount) };
        let place = async |amount| posted(book.submit(post(new_id(), vec![hold(amount)])).await).0.transfers[0].transfer.no;
        let resolve = |action| BookRequest { action, ..post(new_id(), Vec::new()) };
        let (first, second) = (place(60).await, place(40).await);
        refused(&book, spend(1)).await;
        // Posting a hold does not count as a second debit; the part of it that is not posted is released.
        posted(book.submit(resolve(Action::PostPending { transfer_no: first, amount: money::Amount::try_new(50).ok() })).await);
        assert_eq!(refused(&book, spend(11)).await["used"], "90");
        posted(book.submit(resolve(Action::VoidPending { transfer_no: second, guards: Vec::new() })).await);
        assert_eq!(refused(&book, spend(51)).await["used"], "50");
        posted(book.submit(spend(50)).await);
        refused(&book, post(new_id(), vec![hold(1)])).await;
        // All legs of a posting together; a dry run is refused in the same way.
        let both = vec![transfer("viewer/u1/coins", "house/coins/redeemed", 1), transfer("viewer/u1/coins", "house/coins/redeemed", 2)];
        assert_eq!(refused(&book, BookRequest { dry_run: true, ..post(new_id(), both) }).await["needed"], "3");
        assert_sound(&ledger, &book).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_or_pays_a_debt_is_not_spent_and_passes_every_limit() {
    for database in &databases().all {
        let (time, config) = clock();
        let (ledger, book) = start(database, config).await;
        posted(book.submit(buy("u1", 1_000)).await);
        posted(book.submit(buy("u2", 1_000)).await);
        book.submit(limit("u1", Window::Day, 100)).await.unwrap();
        posted(book.submit(spend(60)).await);
        let (wallet, issued, redeemed) = ("viewer/u1/coins", "house/coins/issued", "house/coins/redeemed");
        posted(book.submit(post(new_id(), vec![transfer(wallet, issued, 300)])).await);
        let held = NewTransfer { pending: true, ..transfer(wallet, issued, 200) };
        let no = posted(book.submit(post(new_id(), vec![held])).await).0.transfers[0].transfer.no;
        let taking = Action::PostPending { transfer_no: no, amount: money::Amount::try_new(150).ok() };
        posted(book.submit(BookRequest { action: taking, ..post(new_id(), Vec::new()) }).await);
        posted(book.submit(post(new_id(), vec![transfer("viewer/u1/debt", issued, 90)])).await);
        posted(book.submit(post(new_id(), vec![transfer(wallet, "viewer/u1/debt", 90)])).await);
        // It counts as used, so nothing more is spent in this window; nor does it carry what is spent beside it.
        assert_eq!(refused(&book, spend(1)).await["used"], "600");
        let both = vec![transfer(wallet, issued, 10), transfer(wallet, redeemed, 2)];
        assert_eq!(refused(&book, post(new_id(), both)).await["needed"], "2");
        // Another's debt is no debt of one's own.
        refused(&book, post(new_id(), vec![transfer(wallet, "viewer/u2/debt", 1)])).await;
        let today = span(*time.borrow(), &zone(BERLIN).unwrap(), Window::Day);
        time.send_replace(today.end);
        posted(book.submit(spend(100)).await);
        posted(book.submit(post(new_id(), vec![transfer(wallet, issued, 50)])).await);
        assert_sound(&ledger, &book).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_forgets_nothing_of_a_window() {
    for database in &databases().all {
        let (time, config) = clock();
        let small = Config { cache_max: 2, dirty_max: 2, replay_max: 3, ids_max: 8, ..config };
        let (ledger, book) = start(database, small.clone()).await;
        posted(book.submit(buy("u1", 1_000_000)).await);
        // Yesterday's and today's, with many entries between.
        for _ in 0..300 {
            posted(book.submit(spend(1)).await);
        }
        book.submit(limit("u1", Window::Month, 1_000)).await.unwrap();
        next_month(&time);
        for _ in 0..300 {
            posted(book.submit(spend(2)).await);
        }
        drop(book);
        ledger.shutdown().await;
        let (ledger, book) = start(database, small.clone()).await;
        assert_eq!(refused(&book, spend(401)).await["used"], "600");
        posted(book.submit(spend(399)).await);
        drop(book);
        ledger.shutdown().await;
        let (ledger, book) = start(database, small.clone()).await;
        posted(book.submit(spend(1)).await);
        refused(&book, spend(1)).await;
        // Loaded in one window, used in the next.
        drop(book);
        ledger.shutdown().await;
        let (ledger, book) = start(database, small).await;
        posted(book.submit(buy("u2", 1)).await);
        next_month(&time);
        posted(book.submit(spend(1_000)).await);
        refused(&book, spend(1)).await;
        assert_eq!(book.debit_limits(book.account("viewer/u1/coins").await.unwrap().key).await.unwrap().len(), 1);
        assert_sound(&ledger, &book).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_binds_in_the_very_batch_that_sets_it() {
    for database in &databases().all {
        let (_time, config) = clock();
        let (ledger, book) = start(database, config).await;
        let batch =
            vec![buy("u1", 100), spend(10), limit("u1", Window::Hour, 50), spend(41), spend(40), limit("u1", Window::Hour, 60), spend(10)];
        let reasons: Vec<String> = book
            .submit_many(batch)
            .await
            .unwrap()
            .into_iter()
            .map(|outcome| match outcome {
                Ok(_) => "ok".to_owned(),
                Err(Error::Refused(told)) => told.reason,
                Err(other) => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(reasons, ["ok", "ok", "ok", "LIMIT_EXCEEDED", "ok", "ok", "ok"]);
        let unknown = book.submit(limit("nobody", Window::Day, 1)).await;
        assert!(matches!(unknown, Err(Error::Refused(told)) if told.reason == "ACCOUNT_UNKNOWN"));
        assert_sound(&ledger, &book).await;
    }
}
