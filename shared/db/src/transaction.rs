//! Begins transactions so that a cancelled caller leaves no connection in the middle of one.
//!
//! sqlx 0.9.0 tracks a transaction only once the server has answered its BEGIN. A caller that is dropped before that, by a deadline, returns the
//! connection to its pool with an untracked open transaction: the next statement on it reports "1 row" and is lost when the connection closes. So BEGIN
//! runs to its end on a task of its own. If the caller is gone by then, the finished transaction is dropped, which rolls it back.
//!
//! The rest of sqlx can be dropped anywhere: a statement, a COMMIT or a ROLLBACK that was sent runs to its end before its connection is used again.
//! `tests/it/cancelled.rs` drops all of them after every poll, and `tests/src/tidy` requires these functions in services and shared crates.

use sqlx::{Any, AnyPool, Pool, SqlSafeStr as _, Transaction};

use crate::{Engine, engine};

/// Begins a transaction that will write. On SQLite it takes the write lock at once: a transaction that reads first and writes later fails when another
/// writer came between, and waiting does not help it.
pub async fn begin(pool: &AnyPool) -> Result<Transaction<'static, Any>, sqlx::Error> {
    match engine(pool) {
        Engine::Sqlite => begin_with(pool, "BEGIN IMMEDIATE").await,
        Engine::Postgres => begin_with(pool, "BEGIN").await,
    }
}

/// Begins a transaction with this statement.
pub async fn begin_with<D: sqlx::Database>(pool: &Pool<D>, statement: &'static str) -> Result<Transaction<'static, D>, sqlx::Error> {
    // Awaited here and not on the task: a caller that gives up while all connections are busy must not keep waiting for one.
    let connection = pool.acquire().await?;
    let begun = tokio::spawn(Transaction::begin(connection, Some(statement.into_sql_str())));
    // Fails only if the runtime shuts down before the task has ended.
    begun.await.unwrap_or_else(|lost| Err(sqlx::Error::Io(std::io::Error::other(lost))))
}
