//! What rows lack: the log of standings across evictions, restarts and slow reads, and damage to it.
use crate::{
    book::{assert_sound, balance, book_name, buy, config, databases, gift, new_id, posted, reason, start},
    injected::Injected,
    verify::behind,
};
use books::{
    codec,
    domain::{
        event::{seq_of, transfer_no},
        standing::Standing,
    },
    store::open_store,
    store::{Mode, Store as _},
    verify::verify,
};
use db::Database;
use ledger::{Config, Ledger, book::BookHandle};
use std::sync::Arc;

/// Every commit logs the accounts it changed and brings rows up to date beyond `logged_max` logged accounts; memory evicts the rest.
fn logging(logged_max: usize) -> Config {
    Config { cache_max: 1, dirty_max: 0, replay_max: 0, logged_max, ..config() }
}

/// A ledger that logs, with one book, whose store can be made to hang.
async fn start_injected(database: &Database, logged_max: usize) -> (Arc<Injected>, Arc<Ledger>, Arc<BookHandle>) {
    let store = Injected::over(open_store(database).await.unwrap());
    let ledger = Ledger::start(store.clone(), logging(logged_max)).await.unwrap();
    ledger.create_book(&book_name(), Mode::Test, "test").await.unwrap();
    let book = ledger.book(&book_name()).await.unwrap();
    (store, ledger, book)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_finds_in_the_log_what_the_rows_lack() {
    for database in &databases().all {
        let (ledger, book) = start(database, logging(1_000)).await;
        for user in 0..20 {
            posted(book.submit(buy(&format!("u{user}"), 100)).await);
        }
        for round in 1..=3 {
            for user in 0..20 {
                posted(book.submit(gift(new_id(), &format!("u{user}"), "c1", round)).await);
            }
        }
        assert_eq!(balance(&book, "viewer/u7/coins").await, 94, "forgotten, and read from row and log");
        drop(book);
        ledger.shutdown().await;
        let store = open_store(database).await.unwrap();
        let row = store.accounts_by_name(1, &["viewer/u7/coins".to_owned()]).await.unwrap().remove(0);
        assert_eq!(row.counters.balance(), 100, "its row is as old as the account: the log knows better");
        drop(store);
        // Fewer rows may be outdated now: the first commits bring the rows up to date.
        let (ledger, book) = start(database, logging(2)).await;
        assert_eq!(balance(&book, "viewer/u7/coins").await, 94);
        assert_sound(&ledger, &book).await;
        posted(book.submit(buy("u0", 1)).await);
        posted(book.submit(buy("u0", 1)).await);
        let row = ledger.store().accounts_by_name(1, &["viewer/u7/coins".to_owned()]).await.unwrap().remove(0);
        assert_eq!(row.counters.balance(), 94);
        assert_eq!(balance(&book, "viewer/u7/coins").await, 94);
        assert_eq!(balance(&book, "creator/c1/diamonds").await, 120);
        assert_sound(&ledger, &book).await;
        let log = ledger.store().logged(1, 0, 1_000).await.unwrap();
        assert!(log.len() <= 2, "{} rows of the log are kept that say nothing new", log.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_was_brought_up_to_date_while_it_was_read_is_read_again() {
    for database in &databases().all {
        let (store, ledger, book) = start_injected(database, 4).await;
        posted(book.submit(buy("u1", 100)).await);
        posted(book.submit(gift(new_id(), "u1", "c1", 10)).await);
        posted(book.submit(buy("u2", 100)).await);
        posted(book.submit(buy("u2", 100)).await);
        posted(book.submit(gift(new_id(), "u2", "c2", 1)).await);
        // More than four rows are outdated now, so the next commit brings them up to date; u1, not used lately, is evicted from memory.
        store.hang();
        let submit = |request| {
            let book = book.clone();
            tokio::spawn(async move { book.submit(request).await })
        };
        let commit = submit(buy("u3", 1));
        store.until_a_commit_hangs().await;
        let gate = store.delay_accounts();
        let gift = submit(gift(new_id(), "u1", "c1", 95));
        store.until_a_read_hangs().await;
        let reader = tokio::spawn({
            let book = book.clone();
            async move { balance(&book, "viewer/u1/coins").await }
        });
        while store.reads_that_hang() < 2 {
            tokio::task::yield_now().await;
        }
        store.release();
        posted(commit.await.unwrap());
        gate.add_permits(1_000);
        assert_eq!(reason(gift.await.unwrap()), "INSUFFICIENT_FUNDS", "90 coins are left, the row that was read says 100");
        assert_eq!(reader.await.unwrap(), 90);
        let row = store.accounts_by_name(1, &["viewer/u1/coins".to_owned()]).await.unwrap().remove(0);
        assert_eq!(row.counters.balance(), 90, "it was not brought up to date, so nothing was tried");
        assert_sound(&ledger, &book).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_is_answered_although_reads_for_the_next_one_hang() {
    for database in &databases().all {
        let (store, ledger, book) = start_injected(database, 0).await;
        for user in ["u1", "u2"] {
            posted(book.submit(buy(user, 100)).await);
        }
        posted(book.submit(buy("u3", 1)).await);
        store.hang();
        let submit = |request| {
            let book = book.clone();
            tokio::spawn(async move { book.submit(request).await })
        };
        let first = submit(buy("u3", 1));
        store.until_a_commit_hangs().await;
        let gate = store.hang_reads();
        let second = submit(gift(new_id(), "u1", "c1", 5));
        store.until_a_read_hangs().await;
        store.release();
        posted(first.await.unwrap());
        gate.add_permits(1_000);
        posted(second.await.unwrap());
        assert_eq!(balance(&book, "viewer/u1/coins").await, 95);
        assert_sound(&ledger, &book).await;
    }
}

/// A change to an account's entry in the log.
type Damage = fn(&mut Standing);

const DAMAGES: [Damage; 5] = [
    |standing| standing.counters.credits_posted += 1,
    |standing| standing.entries += 1,
    |standing| standing.last_transfer = transfer_no(seq_of(standing.last_transfer) - 1, 0),
    |standing| standing.last_transfer = transfer_no(seq_of(standing.last_transfer) + 1_000, 0),
    |standing| standing.key += 1_000,
];

#[tokio::test(flavor = "multi_thread")]
async fn damage_to_the_log_is_found() {
    for database in &databases().all {
        let (ledger, book) = start(database, logging(1_000)).await;
        posted(book.submit(buy("u1", 100)).await);
        for _ in 0..10 {
            posted(book.submit(gift(new_id(), "u1", "c1", 1)).await);
        }
        let row = book.row.clone();
        drop(book);
        ledger.shutdown().await;
        let store = open_store(database).await.unwrap();
        let problem = async || verify(&*store, &row).await.unwrap().problem;
        assert_eq!(problem().await, None);
        let pool = behind(database).await;
        let (commit_no, sound) = store.logged(row.key, 0, 1_000).await.unwrap().pop().unwrap();
        let write = async |body: Vec<u8>| {
            let query = sqlx::query("UPDATE account_log SET body = $1 WHERE commit_no = $2").bind(body).bind(commit_no);
            assert_eq!(query.execute(&pool).await.unwrap().rows_affected(), 1);
        };
        for (at, damage) in DAMAGES.iter().enumerate() {
            let mut standings = sound.clone();
            damage(standings.last_mut().unwrap());
            write(codec::encode_log(&standings)).await;
            let found = problem().await.unwrap_or_else(|| panic!("damage {at} was not found"));
            assert!(found.seq > 0, "damage {at}: {}", found.what);
        }
        let mut body = codec::encode_log(&sound);
        body.pop();
        write(body).await;
        let found = problem().await.expect("a cut body was not found");
        assert!(found.what.contains(&format!("what commit {commit_no} logged of accounts")), "{}", found.what);
        // It can't be loaded either.
        let ledger = Ledger::start(open_store(database).await.unwrap(), config()).await.unwrap();
        assert!(ledger.book(&book_name()).await.unwrap().submit(buy("u1", 1)).await.is_err());
        ledger.shutdown().await;
        write(codec::encode_log(&sound)).await;
        assert_eq!(problem().await, None);
        sqlx::query("DELETE FROM account_log").execute(&pool).await.unwrap();
        let found = problem().await.expect("a removed log was not found");
        assert!(found.what.contains("lacks transfers that a restart would not replay"), "{}", found.what);
    }
}
