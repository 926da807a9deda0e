//! Closings as both engines keep and find them.
use super::*;
use testbed::Storage;

const BOOK: &str = "treasury";

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn batch(commit_no: i64, closings: &[(&str, &str, i64, i64)]) -> ClosingBatch {
    let closing = |(account, on, balance, seq): &(&str, &str, i64, i64)| (((*account).to_owned(), day(on)), (*balance, *seq));
    let after = JournalPlace { commit_no, hash: format!("hash {commit_no}"), seq: 0 };
    ClosingBatch { closings: closings.iter().map(closing).collect(), position: ClosingPosition { after, committed_us: commit_no * 10 } }
}

/// The tables on both engines.
async fn both() -> Vec<(Storage, Store)> {
    let mut stores = Vec::new();
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let store = Store::open(&storage.database).await.unwrap();
        stores.push((storage, store));
    }
    stores
}

#[tokio::test]
async fn a_day_has_the_last_closing_up_to_it() {
    for (_storage, store) in both().await {
        store
            .write_closings(BOOK, &batch(3, &[("a", "2026-01-01", 5, 1), ("a", "2026-01-03", 7, 4), ("b", "2026-01-02", -5, 2)]))
            .await
            .unwrap();
        store.write_closings("other", &batch(9, &[("a", "2026-01-01", 99, 1)])).await.unwrap();
        let on = async |text: &str| store.closings(BOOK, day(text)).await.unwrap().into_iter().collect::<Vec<_>>();
        assert_eq!(on("2025-12-31").await, []);
        assert_eq!(on("2026-01-01").await, [("a".to_owned(), 5)]);
        assert_eq!(on("2026-01-02").await, [("a".to_owned(), 5), ("b".to_owned(), -5)]);
        assert_eq!(on("2026-12-31").await, [("a".to_owned(), 7), ("b".to_owned(), -5)]);
    }
}

#[tokio::test]
async fn who_has_read_less_changes_nothing() {
    for (_storage, store) in both().await {
        store.write_closings(BOOK, &batch(3, &[("a", "2026-01-01", 5, 6)])).await.unwrap();
        store.write_closings(BOOK, &batch(2, &[("a", "2026-01-01", 4, 5), ("b", "2026-01-01", 1, 5)])).await.unwrap();
        assert_eq!(store.closings(BOOK, day("2026-01-01")).await.unwrap()["a"], 5);
        assert_eq!(store.closing_position(BOOK).await.unwrap().unwrap(), batch(3, &[]).position);
        store.forget_closings(BOOK).await.unwrap();
        assert_eq!((store.closing_position(BOOK).await.unwrap(), store.closings(BOOK, day("2026-01-01")).await.unwrap().len()), (None, 0));
    }
}

#[tokio::test]
async fn more_rows_than_one_statement_takes_are_written() {
    for (_storage, store) in both().await {
        let names: Vec<String> = (0..ROWS * 2 + 1).map(|at| format!("account {at:04}")).collect();
        let rows: Vec<_> = names.iter().map(|name| (name.as_str(), "2026-01-01", 1, 1)).collect();
        store.write_closings(BOOK, &batch(1, &rows)).await.unwrap();
        assert_eq!(store.closings(BOOK, day("2026-01-02")).await.unwrap().len(), names.len());
    }
}

/// A look by the key for each account, however many days it has.
#[tokio::test]
async fn a_day_is_found_by_the_key() {
    let [(_sqlite, sqlite), (_postgres, postgres)] = <[_; 2]>::try_from(both().await).ok().unwrap();
    let plan = async |store: &Store, explain: &str, column: &str| -> Vec<String> {
        let mut tx = db::begin(&store.pool).await.unwrap();
        if explain == "EXPLAIN" {
            // A few rows are read faster as a whole.
            sqlx::query("SET LOCAL enable_seqscan = off").execute(&mut *tx).await.unwrap();
        }
        let sql = format!("{explain} {CLOSINGS_ON}");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(BOOK).bind("2026-01-01").fetch_all(&mut *tx).await.unwrap();
        rows.iter().map(|row| row.try_get(column).unwrap()).collect()
    };
    let steps = plan(&sqlite, "EXPLAIN QUERY PLAN", "detail").await;
    assert!(steps.iter().any(|step| step.starts_with("SEARCH c") && step.contains("(book=? AND account=? AND day<?)")), "{steps:?}");
    assert!(!steps.iter().any(|step| step.contains("SCAN") || step.contains("TEMP B-TREE")), "{steps:?}");
    let steps = plan(&postgres, "EXPLAIN", "QUERY PLAN").await.join("\n");
    assert!(steps.contains("Index Scan Backward using closing_pkey on closing c") && !steps.contains("Sort"), "{steps}");
    assert!(steps.contains("(account = a.account) AND (day <= "), "{steps}");
}
