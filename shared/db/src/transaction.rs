//! Beginning a transaction so that a caller who goes away leaves no connection half way.
//!
//! sqlx 0.9.0 counts a transaction only once the server has answered its BEGIN. A caller who is dropped before that, by a deadline, gives the connection
//! back to its pool with a transaction open that nobody knows of: the next statement on it is told "1 row" and is gone when the connection is. So BEGIN
//! runs on a task of its own, to its end. A caller who is gone by then has a finished transaction dropped for it, which is rolled back.
//!
//! The rest of sqlx can be dropped anywhere: a statement, a COMMIT or a ROLLBACK that was sent runs to its end before its connection is lent out again.
//! `tests/it/cancelled.rs` drops all of them after every poll, and `tests/src/tidy` holds services and shared crates to these functions.

use sqlx::{Any, AnyPool, Pool, SqlSafeStr as _, Transaction};

use crate::{Engine, engine};

/// Begins a transaction that will write. On SQLite it takes the write lock at once: one that reads first and writes later fails
/// when another writer came between, and waiting does not help it.
pub async fn begin(pool: &AnyPool) -> Result<Transaction<'static, Any>, sqlx::Error> {
    match engine(pool) {
        Engine::Sqlite => begin_with(pool, "BEGIN IMMEDIATE").await,
        Engine::Postgres => begin_with(pool, "BEGIN").await,
    }
}

/// Begins a transaction by this statement.
pub async fn begin_with<D: sqlx::Database>(pool: &Pool<D>, statement: &'static str) -> Result<Transaction<'static, D>, sqlx::Error> {
    // Waited for here and not on the task: whoever gives up while all connections are busy must not go on waiting for one.
    let connection = pool.acquire().await?;
    let begun = tokio::spawn(Transaction::begin(connection, Some(statement.into_sql_str())));
    // Only a runtime that is going away does not run it to its end.
    begun.await.unwrap_or_else(|lost| Err(sqlx::Error::Io(std::io::Error::other(lost))))
}
