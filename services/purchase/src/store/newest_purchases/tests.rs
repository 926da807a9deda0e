//! How the newest purchases are found.
use super::*;
use sqlx::{AssertSqlSafe, Row as _};
use testbed::Storage;

/// As SQLite plans it, which knows the indexes only. PostgreSQL decides by what it has counted of the rows, and there are none.
#[tokio::test]
async fn they_are_read_in_their_order_and_no_others() {
    let storage = Storage::sqlite();
    let store = Store::open(&storage.database).await.unwrap();
    for (sql, wanted) in [
        (OF_BOOK, "sqlite_autoindex_purchase_1 (book=? AND purchase_id>? AND purchase_id<?)"),
        (OF_USER, "purchase_user (book=? AND (user_id,purchase_id)>(?,?) AND (user_id,purchase_id)<(?,?))"),
    ] {
        let query = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).bind("demo").bind("a").bind("b").bind(9_i64);
        let query = if sql == OF_USER { query.bind("fan") } else { query };
        let rows = query.fetch_all(&store.pool).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.try_get("detail").unwrap()).collect();
        assert!(plan.len() == 1 && plan[0].starts_with("SEARCH ") && plan[0].ends_with(wanted), "{sql}: {plan:#?}");
    }
}
