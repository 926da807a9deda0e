//! Migrations.

use db::{Error, Migration};

use crate::engines;

const FIRST: Migration = Migration { version: 1, sql: "CREATE TABLE a (n BIGINT); CREATE TABLE b (n BIGINT);" };
const SECOND: Migration = Migration { version: 2, sql: "INSERT INTO a (n) VALUES (1)" };

#[tokio::test]
async fn processes_that_start_at_once_apply_each_migration_once() {
    for fresh in engines::both() {
        let starts: Vec<_> = (0..6)
            .map(|_| {
                let database = fresh.database.clone();
                tokio::spawn(async move { database.open("rivals", &[FIRST, SECOND]).await.unwrap() })
            })
            .collect();
        for start in starts {
            let pool = start.await.unwrap();
            let rows: Vec<i64> = sqlx::query_scalar("SELECT n FROM a").fetch_all(&pool).await.unwrap();
            assert_eq!(rows, [1]);
        }
    }
}

#[tokio::test]
async fn services_do_not_see_each_others_tables() {
    for fresh in engines::both() {
        fresh.database.open("one", &[FIRST]).await.unwrap();
        let two = fresh.database.open("two", &[]).await.unwrap();
        assert!(sqlx::query("SELECT n FROM a").fetch_all(&two).await.is_err());
    }
}

#[tokio::test]
async fn edited_unordered_and_newer_migrations_are_refused() {
    for fresh in engines::both() {
        fresh.database.open("s", &[FIRST, SECOND]).await.unwrap();
        let edited = Migration { version: 2, sql: "INSERT INTO a (n) VALUES (2)" };
        let error = fresh.database.open("s", &[FIRST, edited]).await.unwrap_err();
        assert!(matches!(error, Error::MigrationChanged { version: 2, .. }), "{error}");
        let error = fresh.database.open("s", &[FIRST]).await.unwrap_err();
        assert!(matches!(error, Error::TooNew { found: 2, known: 1, .. }), "{error}");
        let error = fresh.database.open("s", &[SECOND, FIRST]).await.unwrap_err();
        assert!(matches!(error, Error::MigrationOrder { version: 1, .. }), "{error}");
    }
}

#[tokio::test]
async fn a_failed_migration_leaves_nothing() {
    for fresh in engines::both() {
        let broken = Migration { version: 1, sql: "CREATE TABLE c (n BIGINT); SELECT nonsense FROM nowhere" };
        assert!(fresh.database.open("s", &[broken]).await.is_err());
        let pool = fresh.database.open("s", &[Migration { version: 1, sql: "CREATE TABLE c (n BIGINT)" }]).await.unwrap();
        let rows: Vec<i64> = sqlx::query_scalar("SELECT n FROM c").fetch_all(&pool).await.unwrap();
        assert!(rows.is_empty());
    }
}
