//! Checkpoints and entry counts: exact whatever was evicted from memory, and damage to them is found.
use crate::{
    book::{assert_sound, book_name},
    calls::{BOOK, Fixture, coins, gift, on_both},
    verify::behind,
};
use books::store::{CheckpointPlace, Store};
use db::Database;
use ledger::Config;
use std::sync::Arc;

/// Almost no memory: rows are evicted, flushed and replayed all the time.
fn small() -> Config {
    Config { cache_max: 2, dirty_max: 2, replay_max: 3, ids_max: 8, ..crate::book::config() }
}

async fn store(database: &Database) -> Arc<dyn Store> {
    books::store::open_store(database).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_are_counted_exactly_across_evictions_and_restarts() {
    on_both(async |database, _| {
        for part in 1..=3 {
            let fixture = Fixture::start(database, small()).await;
            fixture.post(coins("fan", 1_000)).await;
            for _ in 0..5 {
                fixture.post_all((0..34).map(|_| gift("fan", "star", 1)).collect()).await;
                fixture.post(coins("other", 1)).await;
            }
            let book = fixture.ledger.book(&book_name()).await.unwrap();
            assert_eq!(book.account("creator/star/diamonds").await.unwrap().entries, part * 170);
            assert_eq!(book.account("viewer/fan/coins").await.unwrap().entries, part * 171);
            assert_sound(&fixture.ledger, &book).await;
            let rows = fixture.ledger.store().checkpoints(book.row.key, CheckpointPlace::default(), 100).await.unwrap();
            // Of the creator, the fan and both house accounts: one for each 256 entries, no more.
            let star = book.account("creator/star/diamonds").await.unwrap().key;
            let own: Vec<i64> = rows.iter().filter(|row| row.account == star).map(|row| row.entry_no).collect();
            assert_eq!(own, (1..=part * 170 / 256).map(|at| at * 256).collect::<Vec<_>>());
            drop(book);
            fixture.ledger.shutdown().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_to_a_checkpoint_or_a_count_is_found() {
    on_both(async |database, _| {
        let fixture = Fixture::start(database, crate::book::config()).await;
        fixture.post(coins("fan", 1_000)).await;
        fixture.post_all((0..300).map(|_| gift("fan", "star", 1)).collect()).await;
        fixture.ledger.shutdown().await;
        let pool = behind(database).await;
        let store = store(database).await;
        let book = store.books().await.unwrap().into_iter().find(|book| book.name == BOOK).unwrap();
        let problem = async || books::verify::verify(&*store, &book).await.unwrap().problem;
        assert_eq!(problem().await, None);
        let row = store.checkpoints(book.key, CheckpointPlace::default(), 1).await.unwrap().remove(0);
        let at = format!("WHERE account = {} AND no = {}", row.account, row.no);
        let columns = "book, account, no, entry_no, time, debits_posted, credits_posted, debits_pending, credits_pending";
        let cases = [
            (
                format!("UPDATE checkpoint SET credits_posted = credits_posted + 1 {at}"),
                format!("UPDATE checkpoint SET credits_posted = credits_posted - 1 {at}"),
            ),
            (
                format!("UPDATE checkpoint SET debits_pending = debits_pending + 1 {at}"),
                format!("UPDATE checkpoint SET debits_pending = debits_pending - 1 {at}"),
            ),
            (format!("UPDATE checkpoint SET entry_no = 512 {at}"), format!("UPDATE checkpoint SET entry_no = 256 {at}")),
            (format!("UPDATE checkpoint SET time = time - 1 {at}"), format!("UPDATE checkpoint SET time = time + 1 {at}")),
            (
                format!(
                    "INSERT INTO checkpoint ({columns}) SELECT book, account, no - 64, entry_no, time, 0, 0, 0, 0 FROM checkpoint {at}"
                ),
                format!("DELETE FROM checkpoint WHERE account = {} AND no = {}", row.account, row.no - 64),
            ),
            (
                format!("UPDATE checkpoint SET account = 9999 {at}"),
                format!("UPDATE checkpoint SET account = {} WHERE account = 9999", row.account),
            ),
            ("UPDATE account SET entries = entries + 1".to_owned(), "UPDATE account SET entries = entries - 1".to_owned()),
        ];
        for (damage, repair) in cases {
            sqlx::query(sqlx::AssertSqlSafe(damage.clone())).execute(&pool).await.unwrap();
            assert!(problem().await.is_some(), "{damage}");
            sqlx::query(sqlx::AssertSqlSafe(repair)).execute(&pool).await.unwrap();
            assert_eq!(problem().await, None, "{damage}");
        }
        let delete = format!("DELETE FROM checkpoint {at}");
        sqlx::query(sqlx::AssertSqlSafe(delete)).execute(&pool).await.unwrap();
        let found = problem().await.unwrap();
        assert_eq!(found.seq, row.no >> 6, "{found:?}");
        pool.close().await;
    })
    .await;
}
