//! Databases whose settings could lose data.

use db::Error;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::engines;

fn not_durable(error: &Error, expected: &str) -> bool {
    matches!(error, Error::NotDurable { setting, .. } if *setting == expected)
}

#[tokio::test]
async fn postgres_with_asynchronous_commit_is_refused() {
    let fresh = engines::postgres();
    fresh.database.open("s", &[]).await.unwrap();
    let cluster = fresh.cluster.as_ref().unwrap();
    for role_setting in ["synchronous_commit"] {
        cluster.execute(&format!("ALTER ROLE postgres SET {role_setting} = off")).unwrap();
        let error = fresh.database.open("s", &[]).await.unwrap_err();
        assert!(not_durable(&error, role_setting), "{error}");
        let options = fresh.database.postgres_options("s").unwrap().unwrap();
        let native = PgPoolOptions::new().connect_with(options).await.unwrap();
        let error = db::check_durability_postgres(&native).await.unwrap_err();
        assert!(not_durable(&error, role_setting), "{error}");
        cluster.execute(&format!("ALTER ROLE postgres RESET {role_setting}")).unwrap();
    }
    fresh.database.open("s", &[]).await.unwrap();
}

#[tokio::test]
async fn postgres_without_fsync_or_full_page_writes_is_refused() {
    let mut fresh = engines::postgres();
    for setting in ["fsync", "full_page_writes"] {
        let cluster = fresh.cluster.as_mut().unwrap();
        cluster.restart_with(&[&format!("{setting}=off")]).unwrap();
        let error = fresh.database.open("s", &[]).await.unwrap_err();
        assert!(not_durable(&error, setting), "{error}");
    }
    fresh.cluster.as_mut().unwrap().restart().unwrap();
    fresh.database.open("s", &[]).await.unwrap();
}

#[tokio::test]
async fn native_sqlite_pools_are_wal_and_full_or_refused() {
    let fresh = engines::sqlite();
    let options = fresh.database.sqlite_options("s").unwrap().unwrap();
    let good = SqlitePoolOptions::new().connect_with(options.clone()).await.unwrap();
    db::check_durability_sqlite(&good).await.unwrap();
    let weak = options.clone().synchronous(SqliteSynchronous::Normal);
    let weak = SqlitePoolOptions::new().connect_with(weak).await.unwrap();
    assert!(not_durable(&db::check_durability_sqlite(&weak).await.unwrap_err(), "synchronous"));
    good.close().await;
    weak.close().await;
    let other = options.journal_mode(SqliteJournalMode::Truncate);
    let other = SqlitePoolOptions::new().connect_with(other).await.unwrap();
    assert!(not_durable(&db::check_durability_sqlite(&other).await.unwrap_err(), "journal_mode"));
}

#[tokio::test]
async fn pooled_connections_have_the_settings() {
    let fresh = engines::sqlite();
    let pool = fresh.database.open("s", &[]).await.unwrap();
    for (pragma, expected) in [("PRAGMA synchronous", 2_i64), ("PRAGMA foreign_keys", 1), ("PRAGMA busy_timeout", 10_000)] {
        let found: i64 = sqlx::query_scalar(pragma).fetch_one(&pool).await.unwrap();
        assert_eq!(found, expected, "{pragma}");
    }
    let fresh = engines::postgres();
    let pool = fresh.database.open("s", &[]).await.unwrap();
    for (setting, expected) in [("search_path", "s"), ("idle_in_transaction_session_timeout", "30s")] {
        let found: String = sqlx::query_scalar("SELECT current_setting($1)").bind(setting).fetch_one(&pool).await.unwrap();
        assert_eq!(found, expected, "{setting}");
    }
}
