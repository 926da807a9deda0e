//! Refuses to start on a database whose settings could lose data. Every connection is checked, since settings can differ per role
//! and change while the server runs.

use sqlx::{AnyConnection, PgPool, Row, SqlitePool};

use crate::Error;

/// Settings that must not be `off`. `synchronous_commit` has more values than two; all others wait for the local disk.
const POSTGRES_SETTINGS: &str =
    "SELECT current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit')";
const POSTGRES_NAMES: [&str; 3] = ["fsync", "full_page_writes", "synchronous_commit"];

/// SQLite's numbers for `synchronous`: 2 is FULL, 3 is EXTRA.
const SQLITE_SYNCHRONOUS_FULL: i64 = 2;

/// Refuses a native PostgreSQL pool whose server or role could lose acknowledged work.
pub async fn check_durability_postgres(pool: &PgPool) -> Result<(), Error> {
    let row = sqlx::query(POSTGRES_SETTINGS).fetch_one(pool).await.map_err(Error::sqlx("reading durability settings"))?;
    let found: Result<Vec<String>, sqlx::Error> = (0..POSTGRES_NAMES.len()).map(|at| row.try_get(at)).collect();
    judge_postgres(&found.map_err(Error::sqlx("reading durability settings"))?)
}

/// Refuses a native SQLite pool that does not use WAL with FULL synchronisation.
pub async fn check_durability_sqlite(pool: &SqlitePool) -> Result<(), Error> {
    let read = || Error::sqlx("reading durability settings");
    let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(pool).await.map_err(read())?;
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(pool).await.map_err(read())?;
    judge_sqlite(&journal, synchronous)
}

pub(crate) async fn check_postgres(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    let row = sqlx::query(POSTGRES_SETTINGS).fetch_one(connection).await?;
    let found: Result<Vec<String>, sqlx::Error> = (0..POSTGRES_NAMES.len()).map(|at| row.try_get(at)).collect();
    judge_postgres(&found?).map_err(wrap)
}

pub(crate) async fn check_sqlite(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *connection).await?;
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(connection).await?;
    judge_sqlite(&journal, synchronous).map_err(wrap)
}

fn judge_postgres(found: &[String]) -> Result<(), Error> {
    for (setting, found) in POSTGRES_NAMES.iter().zip(found) {
        if found == "off" {
            let database = "PostgreSQL".to_owned();
            return Err(Error::NotDurable { database, setting, found: found.clone(), required: "on" });
        }
    }
    Ok(())
}

fn judge_sqlite(journal: &str, synchronous: i64) -> Result<(), Error> {
    let wrong = |setting, found, required| Err(Error::NotDurable { database: "SQLite".to_owned(), setting, found, required });
    if !journal.eq_ignore_ascii_case("wal") {
        return wrong("journal_mode", journal.to_owned(), "wal");
    }
    if synchronous < SQLITE_SYNCHRONOUS_FULL {
        return wrong("synchronous", synchronous.to_string(), "2 (FULL)");
    }
    Ok(())
}

/// A connection hook can only fail with an `sqlx::Error`; our error is wrapped in it, and [`unwrap`] takes it out.
fn wrap(error: Error) -> sqlx::Error {
    sqlx::Error::Configuration(Box::new(error))
}

pub(crate) fn unwrap(doing: String) -> impl FnOnce(sqlx::Error) -> Error {
    move |source| match source {
        sqlx::Error::Configuration(inner) => match inner.downcast::<Error>() {
            Ok(ours) => *ours,
            Err(inner) => Error::Sqlx { doing, cause: sqlx::Error::Configuration(inner) },
        },
        cause => Error::Sqlx { doing, cause },
    }
}
