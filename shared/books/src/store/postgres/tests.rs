//! The store's sessions, as the server sees them.
use super::*;

/// How statements are planned in each kind of session.
async fn plans(address: &str) -> Vec<String> {
    let store = PostgresStore::open(&Database::parse(address).unwrap()).await.unwrap();
    let mut plans = Vec::new();
    for pool in [&store.pool, &store.commits, &store.lease] {
        plans.push(sqlx::query_scalar("SHOW plan_cache_mode").fetch_one(pool).await.unwrap());
    }
    plans
}

#[tokio::test]
async fn statements_are_planned_by_their_values_where_tables_may_be_spread() {
    let cluster = pgtest::Cluster::start().unwrap();
    let address = cluster.create_database().unwrap();
    assert_eq!(plans(&address).await, ["force_generic_plan"; 3]);
    // As if the extension were installed.
    let pool = PgPool::connect(&address).await.unwrap();
    let stand_in =
        "INSERT INTO pg_extension SELECT 999999, 'citus', 10, oid, true, '0', NULL, NULL FROM pg_namespace WHERE nspname = 'pg_catalog'";
    sqlx::query(stand_in).execute(&pool).await.unwrap();
    assert_eq!(plans(&address).await, ["auto"; 3]);
}
