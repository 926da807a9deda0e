//! Migrations.

use db::{Error, Migration};

use crate::engines;

const FIRST: Migration = Migration::expand(1, "CREATE TABLE a (n BIGINT); CREATE TABLE b (n BIGINT);");
const SECOND: Migration = Migration::expand(2, "INSERT INTO a (n) VALUES (1)");

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
async fn edited_and_unordered_migrations_are_refused() {
    for fresh in engines::both() {
        fresh.database.open("s", &[FIRST, SECOND]).await.unwrap();
        let edited = Migration::expand(2, "INSERT INTO a (n) VALUES (2)");
        let error = fresh.database.open("s", &[FIRST, edited]).await.unwrap_err();
        assert!(matches!(error, Error::MigrationChanged { version: 2, .. }), "{error}");
        let error = fresh.database.open("s", &[SECOND, FIRST]).await.unwrap_err();
        assert!(matches!(error, Error::MigrationOrder { version: 1, .. }), "{error}");
    }
}

#[tokio::test]
async fn a_failed_migration_leaves_nothing() {
    for fresh in engines::both() {
        let broken = Migration::expand(1, "CREATE TABLE c (n BIGINT); SELECT nonsense FROM nowhere");
        assert!(fresh.database.open("s", &[broken]).await.is_err());
        let pool = fresh.database.open("s", &[Migration::expand(1, "CREATE TABLE c (n BIGINT)")]).await.unwrap();
        let rows: Vec<i64> = sqlx::query_scalar("SELECT n FROM c").fetch_all(&pool).await.unwrap();
        assert!(rows.is_empty());
    }
}

#[tokio::test]
async fn a_program_goes_on_after_an_expansion_and_is_refused_after_a_contraction() {
    const ADDS: Migration = Migration::expand(3, "CREATE TABLE c (n BIGINT)");
    const REMOVES: Migration = Migration::contract(4, "DROP TABLE b");
    for fresh in engines::both() {
        let open = async |migrations: &[Migration]| fresh.database.open("s", migrations).await;
        open(&[FIRST, SECOND]).await.unwrap();
        open(&[FIRST, SECOND, ADDS]).await.unwrap();
        // A program that knows less still opens it, changes nothing, and finds the tables it knows.
        let older = open(&[FIRST, SECOND]).await.unwrap();
        let rows: Vec<i64> = sqlx::query_scalar("SELECT n FROM a").fetch_all(&older).await.unwrap();
        assert_eq!(rows, [1]);
        open(&[FIRST]).await.unwrap();
        open(&[FIRST, SECOND, ADDS, REMOVES]).await.unwrap();
        for known in [&[FIRST, SECOND, ADDS][..], &[FIRST][..]] {
            let error = open(known).await.unwrap_err();
            let format = known.last().unwrap().version;
            assert!(matches!(error, Error::ProgramTooOld { oldest: 4, format: found, .. } if found == format), "{error}");
            let told = error.to_string();
            assert!(told.contains(&format!("of format {format},")) && told.contains("format 4 or later"), "{told}");
        }
        // The next migration expands again: format 4 stays the oldest.
        open(&[FIRST, SECOND, ADDS, REMOVES, Migration::expand(5, "CREATE TABLE d (n BIGINT)")]).await.unwrap();
        open(&[FIRST, SECOND, ADDS, REMOVES]).await.unwrap();
    }
}
