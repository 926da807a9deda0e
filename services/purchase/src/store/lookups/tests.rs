//! Unit tests of `lookups`.

use sqlx::Row as _;
use testbed::{Storage, storage::filling};

use super::*;

const TABLES: [&str; 5] = ["purchase", "refused_receipt", "store_order", "refund_order", "refund_fact"];

fn statements() -> [String; 5] {
    [under(PURCHASES), under(REFUSED), under(ORDERS), under(REFUND_ORDERS), FACTS.to_owned()]
}

/// A purchase of ann's whose coins came into suspense.
async fn insert_suspended(store: &Store, created_at_ms: i64, id: Uuid) {
    let id = text(id);
    let sql = format!(
        "INSERT INTO purchase (purchase_id, book, user_id, request_id, state, store, environment, bundle_id, transaction_id, product_id, quantity,
             coins, currency, price_minor_units, tax_minor_units, commission_minor_units, purchased_at_ms, created_at_ms, posting_id, coin_balance,
             balance_seq, next_attempt_at_ms, attempt)
         VALUES ('{id}', 'demo', 'ann', '{id}', 3, 'stripe', 'test', 'acct', 'pi_{id}', 'coins.70', 1, 70, 'USD', 74, 7, 0, 1, {created_at_ms},
             '{id}', 0, 0, 0, 0)"
    );
    sqlx::query(AssertSqlSafe(sql)).execute(&store.pool).await.unwrap();
}

async fn insert_lot(store: &Store, lot_no: i64, purchase_id: Uuid, suspended_coins: i64) {
    let id = text(purchase_id);
    let sql = format!(
        "INSERT INTO coin_lot (book, lot_no, user_id, posting_id, purchase_id, origin, store, market, entity, currency, price_minor_units,
             tax_minor_units, commission_minor_units, coins, bonus_coins, spent_coins, removed_coins, reversed, issued_at_ms, suspended_coins)
         VALUES ('demo', {lot_no}, 'ann', '{id}', '{id}', 1, 'stripe', 'US', 'main', 'USD', 74, 7, 0, 70, 0, 0, 70, 0, 2500, {suspended_coins})"
    );
    sqlx::query(AssertSqlSafe(sql)).execute(&store.pool).await.unwrap();
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

/// And whether their coins are there still, by the index of the lots of a purchase.
#[tokio::test]
async fn what_is_in_suspense_of_some_purchases_is_found_by_its_index() {
    let [sqlite, postgres] = [Storage::sqlite(), Storage::postgres()];
    for (storage, explain, column) in [(&sqlite, "EXPLAIN QUERY PLAN", "detail"), (&postgres, "EXPLAIN", "QUERY PLAN")] {
        let store = Store::open(&storage.database).await.unwrap();
        let mut tx = db::begin(&store.pool).await.unwrap();
        if explain == "EXPLAIN" {
            sqlx::raw_sql(AssertSqlSafe(filling("demo", &["coin_lot"]))).execute(&mut *tx).await.unwrap();
        }
        let explained = sqlx::query(AssertSqlSafe(format!("{explain} {}", lots_of(2)))).bind("demo").bind("a").bind("b");
        let rows = explained.fetch_all(&mut *tx).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.try_get(column).unwrap()).collect();
        assert!(plan.iter().any(|line| line.contains("coin_lot_purchase")), "{plan:#?}");
        assert!(!plan.iter().any(|line| ["SCAN", "Seq Scan"].iter().any(|kind| line.contains(kind))), "{plan:#?}");
    }
}

/// A purchase is listed as long as coins of it are in suspense, or its lot is not counted yet; what is not listed takes no place on a page.
#[tokio::test]
async fn a_purchase_leaves_the_list_of_suspense_with_its_coins() {
    let (book, ann) = (BookName::try_new("demo").unwrap(), UserKey::try_new("ann").unwrap());
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let store = Store::open(&storage.database).await.unwrap();
        let ids: Vec<Uuid> = (1..=5).map(Uuid::from_u128).collect();
        for (at_ms, id) in (1_i64..).zip(&ids) {
            insert_suspended(&store, at_ms, *id).await;
        }
        let list = async |before: (i64, Uuid), rows: i64| -> Vec<u128> {
            let found = store.suspended_of(&book, &ann, before.0, before.1, rows).await.unwrap();
            found.iter().map(|purchase| purchase.purchase_id.as_u128()).collect()
        };
        let start = (i64::MAX, Uuid::max());
        assert_eq!(list(start, 9).await, [5_u128, 4, 3, 2, 1], "no lot is counted yet");
        for (lot_no, id, suspended) in [(1_i64, 5_u128, 0_i64), (2, 4, 7), (3, 3, 0), (4, 2, 0), (5, 2, 1)] {
            insert_lot(&store, lot_no, Uuid::from_u128(id), suspended).await;
        }
        assert_eq!(list(start, 9).await, [4_u128, 2, 1]);
        assert_eq!(list(start, 2).await, [4_u128, 2], "a page is full, though most of its rows are not shown");
        assert_eq!(list((2, Uuid::from_u128(2)), 2).await, [1_u128]);
        assert!(list((1, Uuid::from_u128(1)), 2).await.is_empty());
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
