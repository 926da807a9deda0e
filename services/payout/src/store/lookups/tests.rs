//! How ids are looked up.

use super::*;
use crate::vault::Vault;
use sqlx::Row as _;
use testbed::{Storage, storage::filling};

/// The steps of a statement.
async fn plan(store: &Store, (explain, column): (&str, &str), sql: &str) -> Vec<String> {
    let mut tx = db::begin(store.pool()).await.unwrap();
    if explain == "EXPLAIN" {
        let tables = ["payout", "payout_run", "payout_review", "shared_message", "payout_attempt", "payout_step"];
        sqlx::raw_sql(sqlx::AssertSqlSafe(filling("app-us", &tables))).execute(&mut *tx).await.unwrap();
    }
    let query = sqlx::query(sqlx::AssertSqlSafe(format!("{explain} {sql}"))).bind("app-us");
    let query = match sql {
        OPEN_REVIEWS => query.bind(1_i64).bind("id").bind(1_i64),
        IN_FLIGHT => query.bind("submitted").bind(1_i64).bind("id").bind(1_i64).bind(1_i64).bind(-1_i64),
        UNHELD_OF => query.bind("ann").bind(i64::MAX).bind("id").bind(1_i64),
        _ if sql.contains("$2") => query.bind("id"),
        _ => query,
    };
    query.fetch_all(&mut *tx).await.unwrap().iter().map(|row| row.try_get(column).unwrap()).collect()
}

#[tokio::test]
async fn an_id_is_looked_up_by_indexes_only() {
    let dir = tempfile::tempdir().unwrap();
    let vault = Vault::open(&dir.path().join("payout.key"), true).unwrap();
    let [sqlite, postgres] = [Storage::sqlite(), Storage::postgres()];
    let (of_sqlite, of_postgres) =
        (Store::open(&sqlite.database, &vault).await.unwrap(), Store::open(&postgres.database, &vault).await.unwrap());
    let attempts = "SELECT end_to_end_id, book, payout_id FROM payout_attempt WHERE end_to_end_id IN ($1)";
    for (sql, index) in [
        (PAYOUTS, "payout_by_"),
        (RUNS, "payout_run_by_request"),
        (IN_MESSAGES, "shared_message_by_id"),
        (attempts, "_by_id"),
        (UNHELD_OF, "payout_by_user"),
        (OPEN_REVIEWS, "payout_review_by_state"),
    ] {
        let steps = plan(&of_sqlite, ("EXPLAIN QUERY PLAN", "detail"), sql).await;
        assert!(!steps.iter().any(|step| step.contains("SCAN") || step.contains("(book=?)")), "{sql}: {steps:#?}");
        let found = steps.iter().filter(|step| step.starts_with("SEARCH ") && step.contains(index)).count();
        assert_eq!(found, sql.matches("SELECT").count(), "{sql}: {steps:#?}");
        let steps = plan(&of_postgres, ("EXPLAIN", "QUERY PLAN"), sql).await;
        assert!(!steps.iter().any(|step| step.contains("Seq Scan")), "{sql}: {steps:#?}");
        assert!(steps.iter().filter(|step| step.contains(index)).count() >= sql.matches("SELECT").count(), "{sql}: {steps:#?}");
    }
    let steps = plan(&of_sqlite, ("EXPLAIN QUERY PLAN", "detail"), IN_FLIGHT).await;
    assert!(
        steps.iter().any(|step| step.contains("payout_in_flight (book=? AND state=? AND (created_at_ms,payout_id)>(?,?)")),
        "{steps:#?}"
    );
    let steps = plan(&of_postgres, ("EXPLAIN", "QUERY PLAN"), IN_FLIGHT).await;
    assert!(steps.iter().any(|step| step.contains("payout_in_flight")), "{steps:#?}");
}
