//! How a run's lines are found.

use super::*;
use crate::vault::Vault;
use testbed::Storage;

/// The steps of a query over a run's lines, on an engine without statistics of them.
async fn plan(store: &Store, explain: &str, column: &str, sql: &str) -> String {
    let mut tx = db::begin(store.pool()).await.unwrap();
    if explain == "EXPLAIN" {
        // A few rows are read faster as a whole.
        sqlx::query("SET LOCAL enable_seqscan = off").execute(&mut *tx).await.unwrap();
    }
    let query = sqlx::query(sqlx::AssertSqlSafe(format!("{explain} {sql}"))).bind("app-us").bind("run");
    let query = match sql {
        USER_AMOUNTS => query.bind("fay").bind("USD").bind(100_000_i64).bind(USER_LINES_MAX),
        _ => query.bind(1_i64),
    };
    let steps = query.fetch_all(&mut *tx).await.unwrap();
    steps.iter().map(|step| step.try_get::<String, _>(column).unwrap()).collect::<Vec<_>>().join("\n")
}

/// The longest run is checked line by line, so a line must not cost more the later it is.
#[tokio::test]
async fn a_line_is_checked_without_reading_those_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let vault = Vault::open(&dir.path().join("payout.key"), true).unwrap();
    let [sqlite, postgres] = [Storage::sqlite(), Storage::postgres()];
    let (of_sqlite, of_postgres) =
        (Store::open(&sqlite.database, &vault).await.unwrap(), Store::open(&postgres.database, &vault).await.unwrap());
    let found = plan(&of_sqlite, "EXPLAIN QUERY PLAN", "detail", USER_AMOUNTS).await;
    assert!(found.contains("payout_run_item_payee (book=? AND run_id=? AND user_id=?)"), "{found}");
    let found = plan(&of_postgres, "EXPLAIN", "QUERY PLAN", USER_AMOUNTS).await;
    assert!(found.contains("(user_id = 'fay'") && !found.contains("Seq Scan"), "{found}");
    let found = plan(&of_sqlite, "EXPLAIN QUERY PLAN", "detail", FIRST_UNENDED).await;
    assert!(found.contains("SEARCH item") && found.contains("line_no>?") && !found.contains("TEMP B-TREE"), "{found}");
    let found = plan(&of_postgres, "EXPLAIN", "QUERY PLAN", FIRST_UNENDED).await;
    assert!(found.contains("line_no >= ") && !found.contains("Sort"), "{found}");
}
