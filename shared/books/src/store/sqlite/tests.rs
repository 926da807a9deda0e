//! Unit tests of `store::sqlite`.
use super::*;
use sqlx::{Connection, Executor, Row};

#[tokio::test]
async fn rows_by_a_list_are_looked_up_and_not_searched_for_in_the_book() {
    let dir = tempfile::tempdir().unwrap();
    let database = Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap();
    drop(SqliteStore::open(&database).await.unwrap());
    let mut connection = database.sqlite_options("ledger").unwrap().unwrap().connect().await.unwrap();
    let update = insert::Insert::update("account", write::STANDING_COLUMNS).sql(3);
    let plan = connection.fetch_all(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {update}"))).await.unwrap();
    let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
    let key = "SEARCH account USING PRIMARY KEY (book=? AND key=?)";
    assert_eq!(plan.last().map(String::as_str), Some(key), "{plan:#?}");
    for lookup in [ACCOUNTS_BY_NAME, ACCOUNTS_BY_KEY, GUARDS_BY_KEY, HOLDS_BY_NO, EVENTS_BY_ID, REFUSALS_BY_ID] {
        let plan = connection.fetch_all(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", lookup.sql()))).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
        let Lookup(table, _, column, _) = lookup;
        let search = plan.iter().find(|line| line.starts_with(&format!("SEARCH {table} ")));
        let by = format!("(book=? AND {column}=?)");
        assert!(search.is_some_and(|line| line.contains(&by)), "{table} by {column}: {plan:#?}");
    }
    connection.close().await.unwrap();
}

#[tokio::test]
async fn what_the_writer_needs_for_a_moment_stays_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let database = Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap();
    let store = SqliteStore::open(&database).await.unwrap();
    let mut writer = store.writer.lock().await;
    let temporary: i64 = sqlx::query_scalar("PRAGMA temp_store").fetch_one(&mut *writer).await.unwrap();
    assert_eq!(temporary.to_string(), TEMP_STORE_MEMORY);
}
