//! A stale writer's rows, reads during a slow commit, and an audit of a book that is being written: each by itself.
use crate::{
    book::{assert_sound, balance, book_name, buy, config, databases, gift, new_id, posted, reason, start},
    calls::{BOOK, Fixture},
    injected::Injected,
};
use api::ledger::{
    GetAccountRequest, GetBalanceAtRequest, GetPostingRequest, GetTrialBalanceRequest, ListEntriesRequest, PostRequest, Transfer,
};
use books::{
    codec,
    domain::standing::Settling,
    store::open_store,
    store::{Batch, Commit, Mode},
    verify::verify,
};
use ledger::{Config, Error, Ledger};
use std::sync::Arc;
use uuid::Uuid;

/// Every commit writes the row of every dirty account.
fn eager() -> Config {
    Config { dirty_max: 0, replay_max: 0, logged_max: 0, ..config() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_row_never_overwrites_a_newer_one() {
    for database in &databases().all {
        let (ledger, book) = start(database, eager()).await;
        posted(book.submit(buy("u1", 100)).await);
        posted(book.submit(gift(new_id(), "u1", "c1", 1)).await);
        let (store, key) = (ledger.store().clone(), book.row.key);
        let names = ["viewer/u1/coins", "creator/c1/diamonds"].map(str::to_owned);
        let rows = || async {
            let mut rows = store.accounts_by_name(key, &names).await.unwrap();
            rows.sort_unstable_by_key(|row| row.key);
            rows
        };
        let old = rows().await;
        for _ in 0..3 {
            posted(book.submit(gift(new_id(), "u1", "c1", 10)).await);
        }
        let newer = rows().await;
        assert!(newer.iter().zip(&old).all(|(newer, old)| newer.seq > old.seq), "the rows are not written along");
        drop(book);
        ledger.shutdown().await;
        // The fence lets this one through; its rows are from before.
        let head = store.head(key).await.unwrap().unwrap();
        let (commit_no, epoch, time) = (head.commit_no + 1, head.epoch + 1, head.time);
        let fields = codec::CommitFields { book: "demo", commit_no, epoch, last_seq: head.last_seq, time };
        let commit = Commit { commit_no, epoch, hash: codec::commit_hash(&head.hash, &fields, &[]), ..head.clone() };
        let batch = Batch {
            book: key,
            commit,
            events: Vec::new(),
            refusals: Vec::new(),
            guards: Vec::new(),
            holds: Vec::new(),
            opened: Vec::new(),
            checkpoints: Vec::new(),
            limits: Vec::new(),
            flushed: old,
            logged: Vec::new(),
            settled: Settling::default(),
        };
        store.commit(&Arc::new(batch)).await.unwrap();
        assert_eq!(rows().await, newer);
        let (ledger, book) = start(database, eager()).await;
        assert_eq!((balance(&book, "viewer/u1/coins").await, balance(&book, "creator/c1/diamonds").await), (69, 31));
        assert_sound(&ledger, &book).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_writer_has_an_epoch_of_its_own() {
    for database in &databases().all {
        for _ in 0..3 {
            let (ledger, book) = start(database, config()).await;
            posted(book.submit(buy("u1", 1)).await);
            posted(book.submit(buy("u1", 1)).await);
            drop(book);
            ledger.shutdown().await;
        }
        let (ledger, book) = start(database, config()).await;
        let commits = ledger.store().commits(book.row.key, 1, 100).await.unwrap();
        assert_eq!(commits.iter().map(|commit| commit.epoch).collect::<Vec<_>>(), [1, 1, 2, 2, 3, 3]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fenced_writer_flushes_nothing() {
    for database in &databases().all {
        let stale = Injected::over(open_store(database).await.unwrap());
        let old = Ledger::start(stale.clone(), eager()).await.unwrap();
        let (ledger, book) = start(database, eager()).await;
        let old_book = old.book(&book_name()).await.unwrap();
        posted(old_book.submit(buy("u1", 100)).await);
        stale.hang();
        let late = tokio::spawn({
            let old_book = old_book.clone();
            async move { old_book.submit(gift(new_id(), "u1", "c1", 50)).await }
        });
        stale.until_a_commit_hangs().await;
        // Meanwhile another process takes over and continues.
        for _ in 0..3 {
            posted(book.submit(gift(new_id(), "u1", "c2", 30)).await);
        }
        let names = ["viewer/u1/coins", "house/coins/redeemed", "house/coins/issued"].map(str::to_owned);
        let rows = || async {
            let mut rows = ledger.store().accounts_by_name(book.row.key, &names).await.unwrap();
            rows.sort_unstable_by_key(|row| row.key);
            rows
        };
        let newest = rows().await;
        stale.release();
        assert!(matches!(late.await.unwrap(), Err(Error::NotTheWriter(_))));
        assert_eq!(rows().await, newest);
        assert_eq!(balance(&book, "viewer/u1/coins").await, 10);
        // Once it has reloaded the book it continues from there.
        posted(old_book.submit(gift(new_id(), "u1", "c1", 10)).await);
        assert_eq!(balance(&old_book, "viewer/u1/coins").await, 0);
        assert_sound(&old, &old_book).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_on_its_way_is_not_read_back_before_it_is_there() {
    for database in &databases().all {
        let store = Injected::over(open_store(database).await.unwrap());
        let small = Config { cache_max: 2, dirty_max: 2, ..config() };
        let ledger = Ledger::start(store.clone(), small).await.unwrap();
        ledger.create_book(&book_name(), Mode::Test, "test").await.unwrap();
        let book = ledger.book(&book_name()).await.unwrap();
        posted(book.submit(buy("u1", 100)).await);
        posted(book.submit(gift(new_id(), "u1", "c1", 10)).await);
        posted(book.submit(buy("u2", 50)).await);
        let gate = store.hang();
        let submit = |request| {
            let book = book.clone();
            tokio::spawn(async move { book.submit(request).await })
        };
        let first = submit(buy("u3", 5));
        store.until_a_commit_hangs().await;
        // Makes so many accounts dirty that its commit writes all their rows, u1's too, which it does not touch.
        let second = submit(gift(new_id(), "u2", "c2", 1));
        while book.waiting() > 0 {
            tokio::task::yield_now().await;
        }
        gate.add_permits(1);
        posted(first.await.unwrap());
        store.until_a_commit_hangs().await;
        assert_eq!(balance(&book, "viewer/u1/coins").await, 90);
        let third = submit(gift(new_id(), "u1", "c1", 95));
        while book.waiting() > 0 {
            tokio::task::yield_now().await;
        }
        store.release();
        posted(second.await.unwrap());
        assert_eq!(reason(third.await.unwrap()), "INSUFFICIENT_FUNDS");
        assert_sound(&ledger, &book).await;
    }
}

fn coins(request_id: &str, user: &str, amount: i64) -> PostRequest {
    let credit_account = format!("viewer/{user}/coins");
    let transfer = Transfer { debit_account: "house/coins/issued".to_owned(), credit_account, amount, ..Transfer::default() };
    let (book, kind) = (BOOK.to_owned(), "purchase".to_owned());
    PostRequest { book, kind, request_id: request_id.to_owned(), transfers: vec![transfer], ..PostRequest::default() }
}

/// Everything a reader can see of the book, except the time of reading.
async fn seen(fixture: &Fixture, posting_id: &str) -> String {
    let (book, mut client) = (BOOK.to_owned(), fixture.client());
    let mut seen = Vec::new();
    for account in ["viewer/u1/coins", "viewer/u2/coins", "house/coins/issued"] {
        let account = account.to_owned();
        let got = client.get_account(GetAccountRequest { book: book.clone(), account: account.clone() }).await;
        seen.push(format!("{:?}", got.map(|got| got.into_inner()).map_err(|status| status.code())));
        for oldest_first in [false, true] {
            let request =
                ListEntriesRequest { book: book.clone(), account: account.clone(), oldest_first, ..ListEntriesRequest::default() };
            let got = client.list_entries(request).await;
            seen.push(format!("{:?}", got.map(|got| got.into_inner()).map_err(|status| status.code())));
        }
        let time = Some(prost_types::Timestamp { seconds: 4_000_000_000, nanos: 0 });
        let got = client.get_balance_at(GetBalanceAtRequest { book: book.clone(), account, time }).await;
        seen.push(format!("{:?}", got.map(|got| got.into_inner()).map_err(|status| status.code())));
    }
    let got = client.get_posting(GetPostingRequest { book: book.clone(), posting_id: posting_id.to_owned(), ..Default::default() }).await;
    seen.push(format!("{:?}", got.map(|got| got.into_inner()).map_err(|status| status.code())));
    let got = client.get_trial_balance(GetTrialBalanceRequest { book, ..Default::default() }).await;
    seen.push(format!("{:?}", got.map(|got| got.into_inner()).map_err(|status| status.code())));
    seen.join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_commit_is_slow_no_read_shows_anything_of_it() {
    for database in &databases().all {
        // Slow before it is written, and slow after: in the latter case the store has it, and its writer does not know that yet.
        for written in [false, true] {
            let store = Injected::over(open_store(database).await.unwrap());
            let fixture = Fixture::over(store.clone(), eager()).await;
            fixture.post(coins(&Uuid::now_v7().to_string(), "u1", 100)).await;
            let request_id = Uuid::now_v7();
            let posting_id = money::derive_id(request_id, &["ledger.Post", BOOK, ""]).to_string();
            let before = seen(&fixture, &posting_id).await;
            let _gate = if written { store.hang_written() } else { store.hang() };
            let calls = ["u1", "u2"].map(|user| {
                let (mut client, id) = (fixture.client(), if user == "u1" { request_id } else { Uuid::now_v7() });
                let request = coins(&id.to_string(), user, 7);
                tokio::spawn(async move { client.post(request).await })
            });
            store.until_a_commit_hangs().await;
            assert_eq!(seen(&fixture, &posting_id).await, before, "written: {written}");
            store.release();
            for call in calls {
                call.await.unwrap().unwrap();
            }
            let after = seen(&fixture, &posting_id).await;
            assert_ne!(after, before);
            assert!(after.contains(&posting_id));
            fixture.ledger.shutdown().await;
        }
    }
}

/// Gifts posted while the book is audited; `LARGESSE_VERIFY_GIFTS=1000000` for the full claim.
const GIFTS: usize = 20_000;
const GIFTS_AT_ONCE: usize = 500;

#[tokio::test(flavor = "multi_thread")]
async fn a_book_is_checked_while_it_is_written() {
    let gifts = std::env::var("LARGESSE_VERIFY_GIFTS").map_or(GIFTS, |text| text.parse().unwrap());
    for database in &databases().all {
        let (ledger, book) = start(database, config()).await;
        posted(book.submit(buy("u1", 1_000_000_000)).await);
        let writer = tokio::spawn({
            let book = book.clone();
            async move {
                for _ in 0..gifts / GIFTS_AT_ONCE {
                    let requests = (0..GIFTS_AT_ONCE).map(|n| gift(new_id(), "u1", &format!("c{}", n % 50), 3)).collect();
                    for outcome in book.submit_many(requests).await.unwrap() {
                        posted(outcome);
                    }
                }
            }
        });
        let (mut checks, mut overtaken) = (0, 0);
        while !writer.is_finished() {
            let before = ledger.store().head(book.row.key).await.unwrap().map_or(0, |head| head.commit_no);
            let report = verify(&**ledger.store(), &book.row).await.unwrap();
            assert_eq!(report.problem, None);
            let after = ledger.store().head(book.row.key).await.unwrap().map_or(0, |head| head.commit_no);
            (checks, overtaken) = (checks + 1, overtaken + i64::from(after > before));
        }
        writer.await.unwrap();
        assert!(checks > 0 && overtaken > 0, "the book was never checked while it was written");
        let report = verify(&**ledger.store(), &book.row).await.unwrap();
        let count = i64::try_from(gifts / GIFTS_AT_ONCE * GIFTS_AT_ONCE).unwrap();
        assert_eq!((report.problem, report.transfers), (None, count * 2 + 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_stands_still_holds_no_writer_up() {
    for database in &databases().all {
        let (ledger, book) = start(database, config()).await;
        posted(book.submit(buy("u1", 10_000)).await);
        for _ in 0..20 {
            posted(book.submit(gift(new_id(), "u1", "c1", 3)).await);
        }
        let slow = Injected::over(open_store(database).await.unwrap());
        let gate = slow.hang_reads();
        let check = tokio::spawn({
            let (slow, row) = (slow.clone(), book.row.clone());
            async move { verify(&*slow, &row).await.unwrap() }
        });
        // Between any two of its reads the book is written.
        while !check.is_finished() {
            for _ in 0..3 {
                posted(book.submit(gift(new_id(), "u1", "c2", 1)).await);
            }
            gate.add_permits(1);
            tokio::task::yield_now().await;
        }
        assert_eq!(check.await.unwrap().problem, None);
        assert_sound(&ledger, &book).await;
    }
}
