//! PostgreSQL's plans: no statement of the hot path scans a whole table, also when its plan was made while the tables were empty.
use crate::book::{buy, config, databases, gift, new_id, posted, start};
use ledger::Config;
use sqlx::{Connection as _, PgConnection};

#[tokio::test(flavor = "multi_thread")]
async fn plans_made_on_empty_tables_still_use_indexes() {
    let databases = databases();
    let database = &databases.all[1];
    // Everything is evicted at once, so every batch reads; and every commit writes account rows too.
    let (ledger, book) = start(database, Config { cache_max: 1, dirty_max: 1, replay_max: 1, logged_max: 1, ids_max: 1, ..config() }).await;
    // More executions than PostgreSQL needs before it settles on a generic plan.
    for _ in 0..12 {
        posted(book.submit(buy("first", 10)).await);
    }
    let many = (0..3_000).map(|user| buy(&format!("u{user}"), 100)).collect();
    book.submit_many(many).await.unwrap().into_iter().for_each(|outcome| drop(posted(outcome)));

    let mut connection = PgConnection::connect(database.postgres_url().unwrap()).await.unwrap();
    let scans = "SELECT COALESCE(SUM(seq_scan), 0)::bigint, COALESCE(SUM(idx_scan), 0)::bigint FROM pg_stat_user_tables \
                 WHERE schemaname = 'ledger' AND relname IN ('event', 'transfer', 'account', 'refusal', 'guard', 'hold', 'commit', 'account_log')";
    // Sessions report their statistics when they end.
    let count = async |connection: &mut PgConnection| -> (i64, i64) {
        sqlx::query("SELECT pg_stat_clear_snapshot()").execute(&mut *connection).await.unwrap();
        sqlx::query_as(scans).fetch_one(connection).await.unwrap()
    };
    drop(book);
    ledger.shutdown().await;
    drop(ledger);
    let settled = async |connection: &mut PgConnection| {
        let mut last = count(connection).await;
        loop {
            let others = "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name LIKE 'largesse ledger%'";
            let open: i64 = sqlx::query_scalar(others).fetch_one(&mut *connection).await.unwrap();
            let now = count(connection).await;
            if open == 0 && now == last {
                return now;
            }
            last = now;
            tokio::task::yield_now().await;
        }
    };
    let before = settled(&mut connection).await;
    let (ledger, book) = start(database, Config { cache_max: 1, dirty_max: 1, replay_max: 1, logged_max: 1, ids_max: 1, ..config() }).await;
    for user in 0..200 {
        let id = new_id();
        posted(book.submit(gift(id, &format!("u{user}"), "star", 3)).await);
        assert!(posted(book.submit(gift(id, &format!("u{user}"), "star", 3)).await).1);
    }
    drop(book);
    ledger.shutdown().await;
    drop(ledger);
    let after = settled(&mut connection).await;
    assert!(after.1 > before.1 + 200, "indexes were used {} times", after.1 - before.1);
    assert_eq!(after.0, before.0, "a table was read whole");
}
