//! Unit tests of `lookups`.

use sqlx::Row as _;
use testbed::Storage;

use super::*;

/// As SQLite plans it, which knows the indexes only. PostgreSQL decides by what it has counted of the rows, and there are none.
#[tokio::test]
async fn an_id_is_looked_up_by_indexes_only() {
    let storage = Storage::sqlite();
    let store = Store::open(&storage.database).await.unwrap();
    for sql in [under(ORDERS), under(REFUND_ORDERS), FACTS.to_owned()] {
        let explained = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")));
        let rows = explained.bind("demo").bind("id").fetch_all(&store.pool).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.try_get("detail").unwrap()).collect();
        // Each column by an index of its own: neither the table nor the book is read.
        let found = plan.iter().filter(|line| line.starts_with("SEARCH ") && line.contains("=? AND ")).count();
        assert_eq!(found, sql.matches("$2").count(), "{sql}: {plan:#?}");
        assert!(!plan.iter().any(|line| line.contains("SCAN") || line.contains("(book=?)")), "{sql}: {plan:#?}");
    }
}
