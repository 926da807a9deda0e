//! How quotes are looked up.
use super::*;
use testbed::{Storage, storage::filling};

/// The steps of a statement.
async fn plan(store: &Store, (explain, column): (&str, &str), sql: &str) -> String {
    let mut tx = db::begin(&store.pool).await.unwrap();
    if explain == "EXPLAIN" {
        sqlx::raw_sql(sqlx::AssertSqlSafe(filling("app-us", &["quote"]))).execute(&mut *tx).await.unwrap();
    }
    let query = sqlx::query(sqlx::AssertSqlSafe(format!("{explain} {sql}"))).bind("app-us");
    let query = match sql {
        OF_USER => query.bind("id").bind("id").bind(1_i64),
        NEWEST_OF => query.bind("id").bind(1_i64).bind("id").bind(1_i64),
        ACCEPTING => query.bind(1_i64).bind("id").bind(1_i64).bind(1_i64),
        _ => query.bind("id"),
    };
    let steps = query.fetch_all(&mut *tx).await.unwrap();
    steps.iter().map(|step| step.try_get::<String, _>(column).unwrap()).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn quotes_are_looked_up_by_indexes_only() {
    let [sqlite, postgres] = [Storage::sqlite(), Storage::postgres()];
    let (of_sqlite, of_postgres) = (Store::open(&sqlite.database).await.unwrap(), Store::open(&postgres.database).await.unwrap());
    for (sql, index) in
        [(ACCEPTED_BY, "quote_by_acceptance"), (OF_USER, "quote_by_user"), (NEWEST_OF, "quote_newest"), (ACCEPTING, "quote_accepting")]
    {
        let found = plan(&of_sqlite, ("EXPLAIN QUERY PLAN", "detail"), sql).await;
        assert!(found.contains(&format!("INDEX {index} (")) && !found.contains("SCAN") && !found.contains("TEMP B-TREE"), "{found}");
        let found = plan(&of_postgres, ("EXPLAIN", "QUERY PLAN"), sql).await;
        assert!(found.contains(index) && !found.contains("Seq Scan"), "{found}");
    }
}
