//! How the newest payouts are found.
use super::*;
use crate::vault::Vault;
use sqlx::Row as _;
use testbed::Storage;

/// The steps of a query, on an engine without statistics.
async fn plan(store: &Store, explain: &str, column: &str, sql: &str) -> String {
    let mut tx = db::begin(store.pool()).await.unwrap();
    if explain == "EXPLAIN" {
        // A few rows are read faster as a whole.
        sqlx::query("SET LOCAL enable_seqscan = off").execute(&mut *tx).await.unwrap();
    }
    let query = sqlx::query(sqlx::AssertSqlSafe(format!("{explain} {sql}"))).bind("app-us").bind(7_i64).bind("id").bind(1_i64).bind(9_i64);
    let query = if sql == OF_USER { query.bind("fay") } else { query };
    let steps = query.fetch_all(&mut *tx).await.unwrap();
    steps.iter().map(|step| step.try_get::<String, _>(column).unwrap()).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn they_are_read_in_their_order_and_no_others() {
    let dir = tempfile::tempdir().unwrap();
    let vault = Vault::open(&dir.path().join("payout.key"), true).unwrap();
    let [sqlite, postgres] = [Storage::sqlite(), Storage::postgres()];
    let (of_sqlite, of_postgres) =
        (Store::open(&sqlite.database, &vault).await.unwrap(), Store::open(&postgres.database, &vault).await.unwrap());
    let conditions = ["ROW(created_at_ms, payout_id) < ROW(", "ROW(user_id, created_at_ms, payout_id) < ROW("];
    for ((sql, index), condition) in [(OF_BOOK, "payout_by_time"), (OF_USER, "payout_by_user")].into_iter().zip(conditions) {
        let found = plan(&of_sqlite, "EXPLAIN QUERY PLAN", "detail", sql).await;
        assert!(found.contains(index) && !found.contains("SCAN") && !found.contains("TEMP B-TREE"), "{found}");
        let found = plan(&of_postgres, "EXPLAIN", "QUERY PLAN", sql).await;
        assert!(found.contains(&format!("Index Scan Backward using {index}")) && !found.contains("Sort"), "{found}");
        assert!(found.contains(condition) && !found.contains("Filter"), "{found}");
    }
}
