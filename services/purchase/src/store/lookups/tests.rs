//! Unit tests of `lookups`.

use sqlx::Row as _;
use testbed::{Storage, storage::filling};

use super::*;

const TABLES: [&str; 5] = ["purchase", "refused_receipt", "store_order", "refund_order", "refund_fact"];

fn statements() -> [String; 5] {
    [under(PURCHASES), under(REFUSED), under(ORDERS), under(REFUND_ORDERS), FACTS.to_owned()]
}

/// As SQLite plans it, which knows the indexes only. PostgreSQL decides by what it has counted of the rows, and there are none.
#[tokio::test]
async fn an_id_is_looked_up_by_indexes_only() {
    let storage = Storage::sqlite();
    let store = Store::open(&storage.database).await.unwrap();
    for sql in statements() {
        let explained = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")));
        let rows = explained.bind("demo").bind("id").fetch_all(&store.pool).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.try_get("detail").unwrap()).collect();
        // Each column by an index of its own: neither the table nor the book is read.
        let found = plan.iter().filter(|line| line.starts_with("SEARCH ") && line.contains("=? AND ")).count();
        assert_eq!(found, sql.matches("$2").count(), "{sql}: {plan:#?}");
        assert!(!plan.iter().any(|line| line.contains("SCAN") || line.contains("(book=?)")), "{sql}: {plan:#?}");
    }
}

/// The few purchases that are not credited are read by their age, and not out of all of a book.
#[tokio::test]
async fn what_is_not_credited_is_found_by_its_index() {
    let [sqlite, postgres] = [Storage::sqlite(), Storage::postgres()];
    for (storage, explain, column) in [(&sqlite, "EXPLAIN QUERY PLAN", "detail"), (&postgres, "EXPLAIN", "QUERY PLAN")] {
        let store = Store::open(&storage.database).await.unwrap();
        let mut tx = db::begin(&store.pool).await.unwrap();
        if explain == "EXPLAIN" {
            sqlx::raw_sql(AssertSqlSafe(filling("demo", &TABLES))).execute(&mut *tx).await.unwrap();
        }
        let explained =
            sqlx::query(AssertSqlSafe(format!("{explain} {UNCREDITED}"))).bind("demo").bind(1_i64).bind("id").bind(1_i64).bind(1_i64);
        let rows = explained.fetch_all(&mut *tx).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.try_get(column).unwrap()).collect();
        assert!(plan.iter().any(|line| line.contains("purchase_uncredited")), "{plan:#?}");
        assert!(!plan.iter().any(|line| ["SCAN", "Seq Scan", "TEMP B-TREE"].iter().any(|kind| line.contains(kind))), "{plan:#?}");
        let explained = sqlx::query(AssertSqlSafe(format!("{explain} {UNCREDITED_OF}")));
        let explained = explained.bind("demo").bind("ann").bind(1_i64).bind("id").bind(1_i64);
        let rows = explained.fetch_all(&mut *tx).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.try_get(column).unwrap()).collect();
        assert!(plan.iter().any(|line| line.contains("purchase_uncredited_of") || line.contains("(user_id = ")), "{plan:#?}");
        assert!(!plan.iter().any(|line| ["SCAN", "Seq Scan"].iter().any(|kind| line.contains(kind))), "{plan:#?}");
    }
}

/// So are the few whose coins are in suspense, of a book and of a user.
#[tokio::test]
async fn what_is_in_suspense_is_found_by_its_index() {
    let [sqlite, postgres] = [Storage::sqlite(), Storage::postgres()];
    for (storage, explain, column) in [(&sqlite, "EXPLAIN QUERY PLAN", "detail"), (&postgres, "EXPLAIN", "QUERY PLAN")] {
        let store = Store::open(&storage.database).await.unwrap();
        let mut tx = db::begin(&store.pool).await.unwrap();
        if explain == "EXPLAIN" {
            sqlx::raw_sql(AssertSqlSafe(filling("demo", &["purchase", "coin_lot"]))).execute(&mut *tx).await.unwrap();
        }
        let of_book = sqlx::query(AssertSqlSafe(format!("{explain} {SUSPENDED}"))).bind("demo").bind(1_i64).bind("id").bind(1_i64);
        let explained = sqlx::query(AssertSqlSafe(format!("{explain} {SUSPENDED_OF}")));
        let of_user = explained.bind("demo").bind("ann").bind(1_i64).bind("id").bind(1_i64);
        for (query, index) in [(of_book, "coin_lot_suspended"), (of_user, "purchase_suspended_of")] {
            let rows = query.fetch_all(&mut *tx).await.unwrap();
            let plan: Vec<String> = rows.iter().map(|row| row.try_get(column).unwrap()).collect();
            assert!(plan.iter().any(|line| line.contains(index) || line.contains("(user_id = ")), "{plan:#?}");
            assert!(!plan.iter().any(|line| ["SCAN", "Seq Scan", "TEMP B-TREE"].iter().any(|kind| line.contains(kind))), "{plan:#?}");
        }
    }
}

/// As PostgreSQL does for a book of some size.
#[tokio::test]
async fn an_id_is_looked_up_by_indexes_only_on_postgres() {
    let storage = Storage::postgres();
    let store = Store::open(&storage.database).await.unwrap();
    for sql in statements() {
        let mut tx = db::begin(&store.pool).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(filling("demo", &TABLES))).execute(&mut *tx).await.unwrap();
        let explained = sqlx::query(AssertSqlSafe(format!("EXPLAIN {sql}")));
        let rows = explained.bind("demo").bind("id").fetch_all(&mut *tx).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.try_get("QUERY PLAN").unwrap()).collect();
        assert!(!plan.iter().any(|line| line.contains("Seq Scan")), "{sql}: {plan:#?}");
        let conditions: Vec<&String> = plan.iter().filter(|line| line.contains("Index Cond: ")).collect();
        assert_eq!(conditions.len(), sql.matches("$2").count(), "{sql}: {plan:#?}");
        assert!(conditions.iter().all(|line| line.contains(" AND ")), "{sql}: {plan:#?}");
    }
}

/// What waits for a second person is read out of what is open in a book.
#[tokio::test]
async fn what_is_undecided_is_found_by_its_index() {
    let [sqlite, postgres] = [Storage::sqlite(), Storage::postgres()];
    for (storage, explain, column) in [(&sqlite, "EXPLAIN QUERY PLAN", "detail"), (&postgres, "EXPLAIN", "QUERY PLAN")] {
        let store = Store::open(&storage.database).await.unwrap();
        let mut tx = db::begin(&store.pool).await.unwrap();
        if explain == "EXPLAIN" {
            sqlx::raw_sql(AssertSqlSafe(filling("demo", &["refund_order", "wallet_change"]))).execute(&mut *tx).await.unwrap();
        }
        for (sql, index) in [(UNDECIDED_REFUNDS, "refund_order_one"), (UNDECIDED_CHANGES, "wallet_change_one")] {
            let explained = sqlx::query(AssertSqlSafe(format!("{explain} {sql}"))).bind("demo").bind(1_i64).bind("id").bind(1_i64);
            let rows = explained.fetch_all(&mut *tx).await.unwrap();
            let plan: Vec<String> = rows.iter().map(|row| row.try_get(column).unwrap()).collect();
            assert!(plan.iter().any(|line| line.contains(index)), "{plan:#?}");
            assert!(!plan.iter().any(|line| ["SCAN", "Seq Scan"].iter().any(|kind| line.contains(kind))), "{plan:#?}");
        }
    }
}
