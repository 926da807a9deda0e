//! Holds that expire: at their time, once, also across restarts, and while no requests arrive.
use crate::{
    book::{assert_sound, book_name, buy, config, databases, gift, new_id, post, posted, reason, start, transfer},
    injected::Injected,
};
use books::{
    domain::{
        Micros,
        event::{Body, TransferKind},
        request::{Action, BookRequest, NewTransfer},
    },
    read::EntryListing,
    store::Store,
    store::open_store,
};
use ledger::{Config, Ledger, book::BookHandle, clock::LedgerClock};
use tokio::sync::watch;

const SECOND: Micros = 1_000_000;
/// Far longer than any step takes.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);

/// A clock set to the system's time, which stands still until it is moved.
fn clock() -> (watch::Sender<Micros>, Config) {
    let (sender, receiver) = watch::channel(LedgerClock::System.now());
    (sender, Config { clock: LedgerClock::Manual(receiver), ..config() })
}

fn hold(user: &str, amount: i64, expire_time: Micros) -> BookRequest {
    let transfer = transfer(&format!("viewer/{user}/coins"), "house/coins/redeemed", amount);
    post(new_id(), vec![NewTransfer { pending: true, expire_time: Some(expire_time), ..transfer }])
}

fn with(action: Action) -> BookRequest {
    BookRequest { action, ..post(new_id(), Vec::new()) }
}

/// Reads the journal until it has this many expiries.
async fn until_expired(store: &dyn Store, book: &BookHandle, count: usize) {
    let look = async {
        loop {
            let events = store.events(book.row.key, 1, 10_000).await.unwrap();
            if events.iter().filter(|stored| stored.event.body == Body::HoldExpired).count() >= count {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, look).await.unwrap_or_else(|_| panic!("{count} holds did not end"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_is_over_exactly_at_its_time() {
    for database in &databases().all {
        let (time, config) = clock();
        let (ledger, book) = start(database, config).await;
        posted(book.submit(buy("u1", 100)).await);
        let now = *time.borrow();
        let end = now + 10 * SECOND;
        let no = posted(book.submit(hold("u1", 60, end)).await).0.transfers[0].transfer.no;
        let early = posted(book.submit(hold("u1", 10, end)).await).0.transfers[0].transfer.no;
        time.send_replace(end - 1);
        assert_eq!(reason(book.submit(gift(new_id(), "u1", "c1", 31)).await), "INSUFFICIENT_FUNDS");
        posted(book.submit(with(Action::VoidPending { transfer_no: early, guards: Vec::new() })).await);
        time.send_replace(end);
        assert_eq!(reason(book.submit(with(Action::PostPending { transfer_no: no, amount: None })).await), "PENDING_EXPIRED");
        assert_eq!(reason(book.submit(with(Action::VoidPending { transfer_no: no, guards: Vec::new() })).await), "PENDING_EXPIRED");
        assert_eq!(reason(book.submit(with(Action::VoidPending { transfer_no: early, guards: Vec::new() })).await), "PENDING_RESOLVED");
        posted(book.submit(gift(new_id(), "u1", "c1", 100)).await);
        let account = book.account("viewer/u1/coins").await.unwrap();
        assert_eq!((account.counters.balance(), account.counters.debits_pending), (0, 0));
        assert_sound(&ledger, &book).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_ends_though_nobody_asks_and_once_only() {
    for database in &databases().all {
        let (time, config) = clock();
        let (ledger, book) = start(database, config.clone()).await;
        posted(book.submit(buy("u1", 100)).await);
        let end = *time.borrow() + 10 * SECOND;
        for at in 0..3 {
            posted(book.submit(hold("u1", 10, end + at)).await);
        }
        time.send_replace(end);
        until_expired(&**ledger.store(), &book, 1).await;
        drop(book);
        ledger.shutdown().await;
        // After a restart without requests, the remaining holds end; also those that came due while no process ran.
        time.send_replace(end + 1);
        let (ledger, book) = start(database, config.clone()).await;
        until_expired(&**ledger.store(), &book, 2).await;
        time.send_replace(end + 2);
        until_expired(&**ledger.store(), &book, 3).await;
        // It is in the store before callers may see it.
        let mut account = book.account("viewer/u1/coins").await.unwrap();
        while account.counters.debits_pending > 0 {
            tokio::task::yield_now().await;
            account = book.account("viewer/u1/coins").await.unwrap();
        }
        assert_eq!((account.counters.available(), account.counters.debits_pending), (100, 0));
        let expiries = ledger.store().transfers(book.row.key, 0, 100).await.unwrap();
        assert_eq!(expiries.iter().filter(|transfer| transfer.kind == TransferKind::ExpiryOfPending).count(), 3);
        // A statement has a line for it.
        let (entries, _) = book.entries("viewer/u1/coins", &EntryListing { limit: 1, ..EntryListing::default() }).await.unwrap();
        assert_eq!(entries[0].posting.kind, "ledger.hold_expired");
        assert_sound(&ledger, &book).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_small_memory_forgot_ends_all_the_same() {
    for database in &databases().all {
        let (time, config) = clock();
        let small = Config { cache_max: 2, dirty_max: 2, replay_max: 3, ids_max: 8, ..config };
        let (ledger, book) = start(database, small.clone()).await;
        let end = *time.borrow() + 10 * SECOND;
        for n in 0..30 {
            let user = format!("u{n}");
            posted(book.submit(buy(&user, 10)).await);
            posted(book.submit(hold(&user, 10, end + n % 3)).await);
        }
        time.send_replace(end + 2);
        until_expired(&**ledger.store(), &book, 30).await;
        posted(book.submit(gift(new_id(), "u7", "c1", 10)).await);
        assert_sound(&ledger, &book).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_one_commit_takes_end_in_several() {
    for database in &databases().all {
        let (time, config) = clock();
        let (ledger, book) = start(database, config).await;
        posted(book.submit(buy("u1", 100_000)).await);
        let end = *time.borrow() + 10 * SECOND;
        let outcomes = book.submit_many((0..4_100).map(|_| hold("u1", 1, end)).collect()).await.unwrap();
        let last = outcomes.into_iter().map(|outcome| posted(outcome).0.transfers[0].transfer.no).max().unwrap();
        time.send_replace(end);
        // The event of its expiry may still be missing, but it can't be posted meanwhile.
        assert_eq!(reason(book.submit(with(Action::PostPending { transfer_no: last, amount: None })).await), "PENDING_EXPIRED");
        until_expired(&**ledger.store(), &book, 4_100).await;
        assert_eq!(book.account("viewer/u1/coins").await.unwrap().counters.available(), 100_000);
        assert_sound(&ledger, &book).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_ended_before_a_read_failed_is_ended_for_good() {
    for database in &databases().all {
        let (time, config) = clock();
        // Holds are read once for each round of 500: each of these reads fails once.
        for failing in 0..3 {
            let (ledger, book) = start(database, config.clone()).await;
            posted(book.submit(buy("u1", 1_102)).await);
            let end = *time.borrow() + 10 * SECOND;
            for outcome in book.submit_many((0..1_100).map(|_| hold("u1", 1, end)).collect()).await.unwrap() {
                posted(outcome);
            }
            drop(book);
            ledger.shutdown().await;
            // A process that has the account in memory and not the holds.
            let store = Injected::over(open_store(database).await.unwrap());
            let ledger = Ledger::start(store.clone(), config.clone()).await.unwrap();
            let book = ledger.book(&book_name()).await.unwrap();
            posted(book.submit(gift(new_id(), "u1", "c1", 1)).await);
            store.fail_reads_after(failing, 1);
            time.send_replace(end);
            // Either the alarm or this request gets the failed read first.
            while book.submit(gift(new_id(), "u1", "c1", 1)).await.is_err() {}
            until_expired(&*store, &book, 1_100 * (failing + 1)).await;
            assert_sound(&ledger, &book).await;
            // Of the coins bought, two are spent each time, and no hold is open any more.
            let counters = book.account("viewer/u1/coins").await.unwrap().counters;
            assert_eq!((counters.available(), counters.debits_pending), (1_100 * (i64::try_from(failing).unwrap() + 1), 0));
            drop(book);
            ledger.shutdown().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn payouts_and_distant_times_are_refused_and_stay_so() {
    for database in &databases().all {
        let (time, config) = clock();
        let (_ledger, book) = start(database, config).await;
        posted(book.submit(buy("u1", 100)).await);
        let now = *time.borrow();
        for bad in [now, now - 1, now + 400 * 86_400 * SECOND + 1] {
            assert_eq!(reason(book.submit(hold("u1", 1, bad)).await), "EXPIRY_OUT_OF_RANGE");
        }
        let late = hold("u1", 1, now + 400 * 86_400 * SECOND);
        posted(book.submit(late).await);
        let payout =
            NewTransfer { pending: true, expire_time: Some(now + SECOND), ..transfer("creator/c1/payable/USD", "house/in_transit/USD", 1) };
        assert_eq!(reason(book.submit(post(new_id(), vec![payout])).await), "EXPIRY_FORBIDDEN");
        let (early, once) = (hold("u1", 1, now + SECOND), hold("u1", 1, now));
        assert_eq!(reason(book.submit(once.clone()).await), "EXPIRY_OUT_OF_RANGE");
        posted(book.submit(early.clone()).await);
        // The first answer is repeated, whatever the time is by now.
        time.send_replace(now + 2 * SECOND);
        assert!(posted(book.submit(early).await).1);
        assert_eq!(reason(book.submit(once).await), "EXPIRY_OUT_OF_RANGE");
    }
}
