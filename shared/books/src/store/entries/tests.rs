//! Unit tests of `store::entries`: how both engines plan these statements.
use super::*;
use crate::store::{postgres::PostgresStore, sqlite::SqliteStore};
use db::Database;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, Row};

/// Each statement with its number of parameters; lists are in each engine's own form.
fn statements((step, legs): (&str, &str), asked: &str, among: &str) -> Vec<(&'static str, String, usize)> {
    vec![
        ("checkpoints", checkpoints_sql(), 4),
        ("walk", walk_sql(step), 5),
        ("commit_of", commit_of_sql(), 2),
        ("commit_at", commit_at_sql(), 2),
        ("commit_times", commit_times_sql(asked), 1),
        ("bodies", bodies_sql(among), 1),
        ("transfers_of", transfers_of_sql(asked, legs), 1),
    ]
}

#[tokio::test]
async fn sqlite_looks_up_and_never_scans() {
    let dir = tempfile::tempdir().unwrap();
    let database = Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap();
    drop(SqliteStore::open(&database).await.unwrap());
    let mut connection = database.sqlite_options("ledger").unwrap().unwrap().connect().await.unwrap();
    for (name, sql, _) in statements((STEP_SQLITE, LEGS_SQLITE), "json_each('[1,2]') AS asked", "IN (SELECT value FROM json_each('[1,2]'))")
    {
        let plan = connection.fetch_all(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
        let searches = plan.iter().filter(|line| line.starts_with("SEARCH")).count();
        assert!(searches > 0, "{name}: {plan:#?}");
        for line in &plan {
            // Within a book, every lookup uses at least a second column of the index.
            let table = line.strip_prefix("SEARCH ").filter(|line| !line.starts_with("json_each"));
            assert!(table.is_none_or(|line| line.contains("(book=? AND ")), "{name}: {plan:#?}");
            let scanned = line.strip_prefix("SCAN ").map(|line| line.split(' ').next().unwrap_or_default());
            assert!(scanned.is_none_or(|scanned| ["walk", "asked", "json_each"].contains(&scanned)), "{name}: {plan:#?}");
        }
    }
}

#[tokio::test]
async fn postgres_looks_up_and_never_scans() {
    let cluster = pgtest::Cluster::start().unwrap();
    let database = Database::parse(&cluster.create_database().unwrap()).unwrap();
    drop(PostgresStore::open(&database).await.unwrap());
    // As the store does, on empty tables: the worst moment to make a plan that is cached.
    let options = database.postgres_options("ledger").unwrap().unwrap();
    let options = options.options([("enable_seqscan", "off"), ("plan_cache_mode", "force_generic_plan")]);
    let mut connection = PgConnection::connect_with(&options).await.unwrap();
    for (name, sql, count) in
        statements((STEP_POSTGRES, LEGS_POSTGRES), "UNNEST('{1,2}'::bigint[]) AS asked (value)", "= ANY('{1,2}'::bigint[])")
    {
        let types = vec!["bigint"; count].join(", ");
        connection.execute(AssertSqlSafe(format!("PREPARE {name} ({types}) AS {sql}"))).await.unwrap();
        let numbers = vec!["1"; count].join(", ");
        let plan = connection.fetch_all(AssertSqlSafe(format!("EXPLAIN EXECUTE {name} ({numbers})"))).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
        assert!(plan.iter().any(|line| line.contains("Index")), "{name}: {plan:#?}");
        for line in &plan {
            let costly = ["Seq Scan", "Hash Join", "Merge Join", "Materialize"].iter().any(|kind| line.contains(kind));
            let condition = line.trim().strip_prefix("Index Cond: ");
            assert!(!costly && condition.is_none_or(|condition| condition.contains("(book = $1) AND ")), "{name}: {plan:#?}");
        }
    }
}
