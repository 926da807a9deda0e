//! The embedded store: one file, one writing connection, a few readers. WAL with `synchronous = FULL`: a commit is one fsync.

use super::{
    Batch, Book, CheckpointPlace, Commit, CommitError, Error, IdMeaning, LimitPlace, LogRow, PageRange, Store, StoredEvent, Tail, Walk,
    entries, part_of, rows,
};
use crate::domain::{
    account::BookAccount,
    event::{Checkpoint, Event, GuardState, Hold, Transfer, transfer_no},
    limit::Limit,
};
use async_trait::async_trait;
use committer::Committer;
use db::{Database, Migration};
use futures::future::try_join_all;
use money::time::CLOCKS_DIFFER_MS;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection as _, FromRow, SqliteConnection, SqlitePool, sqlite::SqlitePoolOptions, sqlite::SqliteRow,
};
use std::{path::PathBuf, sync::Arc};
use tokio::sync::Mutex;
use uuid::Uuid;

mod checkpoint;
mod committer;
mod insert;
mod write;

/// Connections that only read; each is a thread that waits for one page of the disk at a time.
const READERS_MAX: u32 = 8;

/// Cache of the writing connection in kibibytes, negative as SQLite requires for that unit: account rows are written in random order.
const WRITER_CACHE: &str = "-32768";

/// SQLite's number for temporary tables and statement journals in memory.
const TEMP_STORE_MEMORY: &str = "2";

/// Statements the writing connection keeps prepared: those of every table in every size.
const STATEMENTS_MAX: usize = 192;

/// A ledger in `ledger.db`.
pub struct SqliteStore {
    writer: Arc<Mutex<SqliteConnection>>,
    committer: Committer,
    written: Arc<checkpoint::LogGrowth>,
    readers: SqlitePool,
    /// The write-ahead log.
    log: PathBuf,
}

impl SqliteStore {
    /// Opens the file under the database's directory, with migrations applied. Refuses a file that could lose acknowledged work.
    pub async fn open(database: &Database) -> Result<Self, Error> {
        database.open("ledger", &MIGRATIONS).await?.close().await;
        let options = database.sqlite_options("ledger")?.ok_or_else(|| Error::Damaged("not an SQLite database".to_owned()))?;
        let log = PathBuf::from(format!("{}-wal", options.get_filename().display()));
        let readers = SqlitePoolOptions::new().max_connections(READERS_MAX).test_before_acquire(false);
        let readers = readers.connect_with(options.clone().pragma("query_only", "1")).await?;
        db::check_durability_sqlite(&readers).await?;
        // Checkpoints run parallel to the commits.
        let options = options.pragma("wal_autocheckpoint", "0").pragma("cache_size", WRITER_CACHE).statement_cache_capacity(STATEMENTS_MAX);
        // A statement of many rows has a journal of its own, a temporary file outside of the data directory: one for every batch, and one left
        // behind by a kill between its creation and unlinking. It is as long as the statement's changes, so memory is enough for it.
        let options = options.pragma("temp_store", TEMP_STORE_MEMORY);
        // Its statements are long lists of question marks.
        let options = options.disable_statement_logging();
        let writer = Arc::new(Mutex::new(options.connect().await?));
        let written = Arc::new(checkpoint::LogGrowth::default());
        checkpoint::start(options, Arc::downgrade(&writer), written.clone());
        let committer = Committer::start(writer.clone(), written.clone());
        Ok(Self { writer, committer, written, readers, log })
    }

    async fn all<T>(&self, sql: String, book: i64, list: Option<String>) -> Result<Vec<T>, Error>
    where
        T: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        let query = sqlx::query_as(AssertSqlSafe(sql)).bind(book);
        let query = match list {
            Some(list) => query.bind(list),
            None => query,
        };
        Ok(query.fetch_all(&self.readers).await?)
    }

    /// The rows for a list of keys, which may be long.
    async fn among<T, V: serde::Serialize + Sync>(&self, lookup: Lookup, book: i64, asked: &[V]) -> Result<Vec<T>, Error>
    where
        T: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        let parts = asked.chunks(part_of(asked.len(), READERS_MAX)).map(|part| self.all(lookup.sql(), book, Some(json(part))));
        Ok(try_join_all(parts).await?.into_iter().flatten().collect())
    }

    /// Rows of `table` at or after a number, in order.
    async fn page<T>(&self, table: &str, columns: &str, key: &str, PageRange { book, from, limit }: PageRange) -> Result<Vec<T>, Error>
    where
        T: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        let sql = format!("SELECT {columns} FROM {table} WHERE book = ? AND {key} >= ? ORDER BY {key} LIMIT ?");
        Ok(sqlx::query_as(AssertSqlSafe(sql)).bind(book).bind(from).bind(limit).fetch_all(&self.readers).await?)
    }
}

/// The ledger's tables; the same on both engines.
pub const MIGRATIONS: [Migration; 3] = [
    Migration::contract(1, include_str!("../../migrations/0001_ledger.sql")),
    // A program that does not know the log would take rows for the present state of accounts.
    Migration::contract(2, include_str!("../../migrations/0002_account_log.sql")),
    Migration::expand(3, include_str!("../../migrations/0003_installation.sql")),
];

/// A read of rows by a list of keys: the table, its columns to read, the key column, and the type of the list's elements.
#[derive(Clone, Copy)]
struct Lookup(&'static str, &'static str, &'static str, &'static str);

const ACCOUNTS_BY_NAME: Lookup = Lookup("account", rows::ACCOUNT_COLUMNS, "name", "value");
const ACCOUNTS_BY_KEY: Lookup = Lookup("account", rows::ACCOUNT_COLUMNS, "key", "value");
const GUARDS_BY_KEY: Lookup = Lookup("guard", "key, value, cap", "key", "value");
const HOLDS_BY_NO: Lookup = Lookup("hold", rows::HOLD_COLUMNS, "no", "value");
const EVENTS_BY_ID: Lookup = Lookup("event", "id, seq", "id", "unhex(value)");
const REFUSALS_BY_ID: Lookup = Lookup("refusal", rows::REFUSAL_COLUMNS, "id", "unhex(value)");

impl Lookup {
    /// Starts with the list, which SQLite's planner would not: it would read all of a book's accounts instead of looking up their names.
    fn sql(self) -> String {
        let Self(table, columns, column, asked) = self;
        format!(
            "SELECT {columns} FROM (SELECT DISTINCT {asked} AS asked FROM json_each(?2)) CROSS JOIN {table} WHERE book = ?1 AND {column} = asked"
        )
    }
}

fn json<T: serde::Serialize>(list: &[T]) -> String {
    serde_json::to_string(list).expect("numbers and strings are JSON")
}

#[async_trait]
impl Store for SqliteStore {
    async fn close(&self) {
        self.written.end();
        self.readers.close().await;
        let mut writer = self.writer.lock().await;
        // Something may refer to this store for as long as the process lives, so the connection is taken out of it. What is left has no tables: a commit
        // that comes too late fails.
        match SqliteConnection::connect("sqlite::memory:").await {
            Ok(nothing) => {
                if let Err(error) = std::mem::replace(&mut *writer, nothing).close().await {
                    tracing::warn!(%error, "the ledger's connection did not end in order");
                }
            }
            Err(error) => tracing::warn!(%error, "the ledger's connection stays open until the process ends"),
        }
    }

    async fn create_book(&self, book: &Book) -> Result<Book, Error> {
        let mut writer = self.writer.lock().await;
        let sql = "INSERT INTO book (book, name, mode, region, create_time) SELECT COALESCE(MAX(book), 0) + 1, ?, ?, ?, ? FROM book WHERE true \
                   ON CONFLICT (name) DO NOTHING";
        let query = sqlx::query(sql).bind(&book.name).bind(book.mode.code()).bind(&book.region).bind(book.create_time);
        query.execute(&mut *writer).await?;
        let sql = format!("SELECT {} FROM book WHERE name = ?", rows::BOOK_COLUMNS);
        let there = rows::book(sqlx::query_as(AssertSqlSafe(sql)).bind(&book.name).fetch_one(&mut *writer).await?)?;
        if (there.mode, &there.region) == (book.mode, &book.region) { Ok(there) } else { Err(Error::BookExists(there.name)) }
    }

    async fn books(&self) -> Result<Vec<Book>, Error> {
        let sql = format!("SELECT {} FROM book WHERE book > ? ORDER BY name", rows::BOOK_COLUMNS);
        self.all(sql, 0, None).await?.into_iter().map(rows::book).collect()
    }

    async fn head(&self, book: i64) -> Result<Option<Commit>, Error> {
        let sql = format!("SELECT {} FROM \"commit\" WHERE book = ? ORDER BY commit_no DESC LIMIT 1", rows::COMMIT_COLUMNS);
        self.all(sql, book, None).await?.into_iter().next().map(rows::commit).transpose()
    }

    async fn commits(&self, book: i64, from: i64, limit: i64) -> Result<Vec<Commit>, Error> {
        self.page("\"commit\"", rows::COMMIT_COLUMNS, "commit_no", PageRange { book, from, limit })
            .await?
            .into_iter()
            .map(rows::commit)
            .collect()
    }

    async fn commit_time(&self, book: i64, seq: i64) -> Result<Option<i64>, Error> {
        let sql = "SELECT time FROM \"commit\" WHERE book = ? AND last_seq >= ? ORDER BY last_seq, commit_no LIMIT 1";
        Ok(sqlx::query_scalar(sql).bind(book).bind(seq).fetch_optional(&self.readers).await?)
    }

    async fn logged(&self, book: i64, from_commit: i64, limit: i64) -> Result<Vec<LogRow>, Error> {
        self.page("account_log", rows::LOG_COLUMNS, "commit_no", PageRange { book, from: from_commit, limit })
            .await?
            .into_iter()
            .map(|(commit_no, body)| rows::logged(commit_no, body))
            .collect()
    }

    async fn accounts_by_name(&self, book: i64, names: &[String]) -> Result<Vec<BookAccount>, Error> {
        self.among(ACCOUNTS_BY_NAME, book, names).await?.into_iter().map(rows::account).collect()
    }

    async fn accounts_by_key(&self, book: i64, keys: &[i64]) -> Result<Vec<BookAccount>, Error> {
        self.among(ACCOUNTS_BY_KEY, book, keys).await?.into_iter().map(rows::account).collect()
    }

    async fn accounts_after(&self, book: i64, key: i64, limit: i64) -> Result<Vec<BookAccount>, Error> {
        self.page("account", rows::ACCOUNT_COLUMNS, "key", PageRange { book, from: key + 1, limit })
            .await?
            .into_iter()
            .map(rows::account)
            .collect()
    }

    async fn guards(&self, book: i64, keys: &[String]) -> Result<Vec<(String, GuardState)>, Error> {
        Ok(self.among(GUARDS_BY_KEY, book, keys).await?.into_iter().map(rows::guard).collect())
    }

    async fn guards_after(&self, book: i64, key: &str, limit: i64) -> Result<Vec<(String, GuardState)>, Error> {
        let sql = "SELECT key, value, cap FROM guard WHERE book = ? AND key > ? ORDER BY key LIMIT ?";
        let guards: Vec<rows::GuardRow> = sqlx::query_as(sql).bind(book).bind(key.to_owned()).bind(limit).fetch_all(&self.readers).await?;
        Ok(guards.into_iter().map(rows::guard).collect())
    }

    async fn holds_from(&self, book: i64, from_no: i64, limit: i64) -> Result<Vec<Hold>, Error> {
        Ok(self
            .page("hold", rows::HOLD_COLUMNS, "no", PageRange { book, from: from_no, limit })
            .await?
            .into_iter()
            .map(rows::hold)
            .collect())
    }

    async fn holds(&self, book: i64, numbers: &[i64]) -> Result<Vec<Hold>, Error> {
        Ok(self.among(HOLDS_BY_NO, book, numbers).await?.into_iter().map(rows::hold).collect())
    }

    async fn hold_ends(&self, book: i64, limit: i64) -> Result<Vec<(i64, i64)>, Error> {
        let sql = "SELECT expire_time, no FROM hold WHERE book = ? AND resolved_seq = 0 AND expire_time IS NOT NULL \
                   ORDER BY expire_time, no LIMIT ?";
        Ok(sqlx::query_as(sql).bind(book).bind(limit).fetch_all(&self.readers).await?)
    }

    async fn debit_limits(&self, book: i64, from: LimitPlace, limit: i64) -> Result<Vec<Limit>, Error> {
        let query =
            sqlx::query_as(AssertSqlSafe(super::entries::debit_limits_sql())).bind(book).bind(from.account).bind(from.window).bind(limit);
        let limits: Vec<rows::LimitRow> = query.fetch_all(&self.readers).await?;
        limits.into_iter().map(rows::limit).collect()
    }

    async fn ids(&self, book: i64, ids: &[Uuid]) -> Result<Vec<(Uuid, IdMeaning)>, Error> {
        let ids: Vec<String> = ids.iter().map(|id| id.simple().to_string()).collect();
        rows::known(self.among(EVENTS_BY_ID, book, &ids).await?, self.among(REFUSALS_BY_ID, book, &ids).await?)
    }

    async fn ids_from(&self, book: i64, from: Uuid, limit: i64) -> Result<Vec<(Uuid, IdMeaning)>, Error> {
        let from = from.as_bytes().to_vec();
        let sql = "SELECT id, seq FROM event WHERE book = ? AND id >= ? ORDER BY id DESC LIMIT ?";
        let events = sqlx::query_as(sql).bind(book).bind(&from).bind(limit).fetch_all(&self.readers).await?;
        let sql = format!("SELECT {} FROM refusal WHERE book = ? AND id >= ? ORDER BY id DESC LIMIT ?", rows::REFUSAL_COLUMNS);
        let refusals = sqlx::query_as(AssertSqlSafe(sql)).bind(book).bind(&from).bind(limit).fetch_all(&self.readers).await?;
        let mut known = rows::known(events, refusals)?;
        let surplus = known.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(known.split_off(surplus))
    }

    async fn events(&self, book: i64, from_seq: i64, limit: i64) -> Result<Vec<StoredEvent>, Error> {
        let events: Vec<rows::EventRow> = self.page("event", rows::EVENT_COLUMNS, "seq", PageRange { book, from: from_seq, limit }).await?;
        let Some((last, ..)) = events.last() else { return Ok(Vec::new()) };
        let sql = format!("SELECT {} FROM transfer WHERE book = ? AND no >= ? AND no < ? ORDER BY no", rows::TRANSFER_COLUMNS);
        let query = sqlx::query_as(AssertSqlSafe(sql)).bind(book).bind(transfer_no(from_seq, 0)).bind(transfer_no(last + 1, 0));
        let transfers: Vec<rows::TransferRow> = query.fetch_all(&self.readers).await?;
        rows::events(events, transfers.into_iter().map(rows::transfer).collect::<Result<_, _>>()?)
    }

    async fn event_by_id(&self, book: i64, id: Uuid) -> Result<Option<Event>, Error> {
        let sql = "SELECT seq FROM event WHERE book = ? AND id = ?";
        let seq: Option<i64> = sqlx::query_scalar(sql).bind(book).bind(id.as_bytes().to_vec()).fetch_optional(&self.readers).await?;
        let Some(seq) = seq else { return Ok(None) };
        Ok(self.events(book, seq, 1).await?.into_iter().next().map(|stored| stored.event))
    }

    async fn transfers(&self, book: i64, from_no: i64, limit: i64) -> Result<Vec<Transfer>, Error> {
        self.page("transfer", rows::TRANSFER_COLUMNS, "no", PageRange { book, from: from_no, limit })
            .await?
            .into_iter()
            .map(rows::transfer)
            .collect()
    }

    async fn checkpoints(&self, book: i64, from: CheckpointPlace, limit: i64) -> Result<Vec<Checkpoint>, Error> {
        let query = sqlx::query_as(AssertSqlSafe(entries::checkpoints_sql())).bind(book).bind(from.account).bind(from.no).bind(limit);
        let checkpoints: Vec<rows::CheckpointRow> = query.fetch_all(&self.readers).await?;
        Ok(checkpoints.into_iter().map(rows::checkpoint).collect())
    }

    async fn walk(&self, book: i64, account: i64, walk: Walk) -> Result<Vec<Transfer>, Error> {
        let query = sqlx::query_as(AssertSqlSafe(entries::walk_sql(entries::STEP_SQLITE))).bind(book).bind(account).bind(walk.from_no);
        let transfers: Vec<rows::TransferRow> = query.bind(walk.above_no).bind(walk.limit).fetch_all(&self.readers).await?;
        transfers.into_iter().map(rows::transfer).collect()
    }

    async fn commit_of(&self, book: i64, seq: i64) -> Result<Option<Commit>, Error> {
        let query = sqlx::query_as(AssertSqlSafe(entries::commit_of_sql())).bind(book).bind(seq);
        let commit: Option<rows::CommitRow> = query.fetch_optional(&self.readers).await?;
        commit.map(rows::commit).transpose()
    }

    async fn commit_at(&self, book: i64, time: i64) -> Result<Option<Commit>, Error> {
        let query = sqlx::query_as(AssertSqlSafe(entries::commit_at_sql())).bind(book).bind(time);
        let commit: Option<rows::CommitRow> = query.fetch_optional(&self.readers).await?;
        commit.map(rows::commit).transpose()
    }

    async fn commit_times(&self, book: i64, seqs: &[i64]) -> Result<Vec<(i64, i64)>, Error> {
        self.all(entries::commit_times_sql("json_each($2) AS asked"), book, Some(json(seqs))).await
    }

    async fn bodies(&self, book: i64, seqs: &[i64]) -> Result<Vec<StoredEvent>, Error> {
        rows::events(self.all(entries::bodies_sql("IN (SELECT value FROM json_each($2))"), book, Some(json(seqs))).await?, Vec::new())
    }

    async fn transfers_of(&self, book: i64, seqs: &[i64]) -> Result<Vec<Transfer>, Error> {
        let sql = entries::transfers_of_sql("json_each($2) AS asked", entries::LEGS_SQLITE);
        self.all(sql, book, Some(json(seqs))).await?.into_iter().map(rows::transfer).collect()
    }

    async fn tail(&self, book: i64) -> Result<Option<Tail>, Error> {
        // Deferred: the first read fixes the snapshot for all.
        let mut tx = db::begin_with(&self.readers, "BEGIN DEFERRED").await?;
        let sql = format!("SELECT {} FROM \"commit\" WHERE book = ? ORDER BY commit_no DESC LIMIT 1", rows::COMMIT_COLUMNS);
        let head: Option<rows::CommitRow> = sqlx::query_as(AssertSqlSafe(sql)).bind(book).fetch_optional(&mut *tx).await?;
        let Some(head) = head.map(rows::commit).transpose()? else { return Ok(None) };
        let sql = format!("SELECT {} FROM account WHERE book = ? ORDER BY key", rows::ACCOUNT_COLUMNS);
        let accounts: Vec<rows::AccountRow> = sqlx::query_as(AssertSqlSafe(sql)).bind(book).fetch_all(&mut *tx).await?;
        let sql = format!("SELECT {} FROM account_log WHERE book = ? ORDER BY commit_no", rows::LOG_COLUMNS);
        let log: Vec<(i64, Vec<u8>)> = sqlx::query_as(AssertSqlSafe(sql)).bind(book).fetch_all(&mut *tx).await?;
        let sql = format!("SELECT {} FROM transfer WHERE book = ? AND no >= ? ORDER BY no", rows::TRANSFER_COLUMNS);
        let query = sqlx::query_as(AssertSqlSafe(sql)).bind(book).bind(head.replay_from);
        let transfers: Vec<rows::TransferRow> = query.fetch_all(&mut *tx).await?;
        Ok(Some((head, rows::standing(accounts, log)?, transfers.into_iter().map(rows::transfer).collect::<Result<_, _>>()?)))
    }

    async fn commit(&self, batch: &Arc<Batch>) -> Result<(), CommitError> {
        self.committer.commit(batch.clone()).await
    }

    async fn settle(&self) -> Result<(), Error> {
        // After a process was killed, the log may have commits that are only in the system's memory.
        let log = self.log.clone();
        let synced = tokio::task::spawn_blocking(move || match std::fs::File::open(log) {
            Ok(log) => log.sync_data(),
            // Without a log all of it is in the file, which a checkpoint syncs.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        });
        Ok(synced.await.map_err(std::io::Error::other).flatten().map_err(sqlx::Error::Io)?)
    }

    async fn forget_refusals(&self, book: i64, before: i64, limit: i64) -> Result<u64, Error> {
        let sql =
            "DELETE FROM refusal WHERE book = ?1 AND id IN (SELECT id FROM refusal WHERE book = ?1 AND time < ?2 ORDER BY time LIMIT ?3)";
        let query = sqlx::query(sql).bind(book).bind(before).bind(limit);
        Ok(query.execute(&mut *self.writer.lock().await).await?.rows_affected())
    }

    async fn lease(&self, owner: &str, hold_ms: i64, gone: Option<&str>) -> Result<String, Error> {
        let now = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";
        let free =
            format!("lease.owner IN (?1, ?3) OR lease.until_ms < {now} OR (?2 > 0 AND lease.until_ms > {now} + ?2 + {CLOCKS_DIFFER_MS})");
        let until = format!("CASE WHEN ?2 > 0 THEN {now} + ?2 ELSE 0 END");
        let sql = format!(
            "INSERT INTO lease (id, owner, until_ms, session) VALUES (1, ?1, {until}, '') ON CONFLICT (id) DO UPDATE SET \
             owner = CASE WHEN {free} THEN ?1 ELSE lease.owner END, \
             until_ms = CASE WHEN {free} THEN {until} ELSE lease.until_ms END RETURNING owner"
        );
        let mut writer = self.writer.lock().await;
        Ok(sqlx::query_scalar(AssertSqlSafe(sql)).bind(owner).bind(hold_ms).bind(gone.unwrap_or(owner)).fetch_one(&mut *writer).await?)
    }
}

#[cfg(test)]
mod tests;
