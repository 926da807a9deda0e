//! The production store: PostgreSQL 15 or later. A commit is one statement, so one round trip and one implicit transaction.

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
use db::Database;
use futures::future::try_join_all;
use sqlx::{AssertSqlSafe, FromRow, PgPool, postgres::PgPoolOptions, postgres::PgRow};
use std::sync::Arc;
use uuid::Uuid;

mod lease;
mod notice;
#[cfg(test)]
mod tests;
mod write;

/// Connections for committing, shared by all books of a process: a writer that commits uses one, all reads share the others.
const COMMITS_MAX: u32 = 8;
const CONNECTIONS_MAX: u32 = 6;

/// Milliseconds a statement waits for another's lock. Rows are locked by another writer or by a commit of ours whose connection was lost, and both may
/// last as long as a standby is away: the statement is retried instead, on a connection that stays usable.
const LOCK_TIMEOUT_MS: u32 = 1_000;

/// Whether the tables may be distributed over the nodes of a cluster.
const HAS_CITUS: &str = "SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus')";

/// How soon the server considers a silent client gone: keep-alive idle time, interval and count; and how long data may stay unacknowledged.
const KEEPALIVE: [(&str, &str); 4] =
    [("tcp_keepalives_idle", "2"), ("tcp_keepalives_interval", "1"), ("tcp_keepalives_count", "2"), ("tcp_user_timeout", "4s")];

/// A durability probe; all it leaves in the log is this name.
const SETTLE: &str = "SELECT pg_logical_emit_message(true, 'largesse', 'settle')";

/// A ledger in schema `ledger`.
pub struct PostgresStore {
    pool: PgPool,
    /// Separate, so that reads continue while every commit waits.
    commits: PgPool,
    /// One connection, so that the lease is renewed even while all others wait. It does not wait for a standby: a lease need not survive a crash.
    lease: PgPool,
    /// The name of our sessions on the server.
    session: String,
}

impl PostgresStore {
    /// Opens the schema, with migrations applied. Refuses a server that could lose acknowledged work.
    pub async fn open(database: &Database) -> Result<Self, Error> {
        let tables = database.open("ledger", &super::sqlite::MIGRATIONS).await?;
        let spread: bool = sqlx::query_scalar(HAS_CITUS).fetch_one(&tables).await?;
        tables.close().await;
        let options = database.postgres_options("ledger")?.ok_or_else(|| Error::Damaged("not a PostgreSQL database".to_owned()))?;
        // A plan made while a table is empty would read all of it as long as the plan is cached. Every statement here uses an index whatever the
        // statistics say, and is planned once. Citus plans by the values: it finds the book's node in them, and fails without them.
        let plans = if spread { "auto" } else { "force_generic_plan" };
        let options = options.options([("enable_seqscan", "off"), ("plan_cache_mode", plans)]);
        // Warnings are part of a commit's answer.
        let options = options.options([("client_min_messages", "warning")]).options(KEEPALIVE);
        let session = format!("largesse ledger {}", Uuid::new_v4().simple());
        let options = options.options([("lock_timeout", LOCK_TIMEOUT_MS)]).application_name(&session);
        let lease = options.clone().options([("synchronous_commit", "local")]);
        let lease = PgPoolOptions::new().max_connections(1).acquire_timeout(db::ACQUIRE_TIMEOUT).connect_lazy_with(lease);
        // A commit is one round trip; testing the connection first would make it two, and the commit itself finds a dead one.
        let commits = PgPoolOptions::new().max_connections(COMMITS_MAX).acquire_timeout(db::ACQUIRE_TIMEOUT).test_before_acquire(false);
        let commits = commits.connect_lazy_with(options.clone());
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS_MAX).acquire_timeout(db::ACQUIRE_TIMEOUT).connect_with(options).await?;
        db::check_durability_postgres(&pool).await?;
        Ok(Self { pool, commits, lease, session })
    }

    async fn page<T>(&self, table: &str, columns: &str, key: &str, PageRange { book, from, limit }: PageRange) -> Result<Vec<T>, Error>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let sql = format!("SELECT {columns} FROM {table} WHERE book = $1 AND {key} >= $2 ORDER BY {key} LIMIT $3");
        Ok(sqlx::query_as(AssertSqlSafe(sql)).bind(book).bind(from).bind(limit).fetch_all(&self.pool).await?)
    }
}

/// The combined rows of several queries.
async fn accounts(
    parts: impl Iterator<Item = impl Future<Output = Result<Vec<rows::AccountRow>, sqlx::Error>> + Send> + Send,
) -> Result<Vec<BookAccount>, Error> {
    try_join_all(parts).await?.into_iter().flatten().map(rows::account).collect()
}

fn bytes(ids: &[Uuid]) -> Vec<Vec<u8>> {
    ids.iter().map(|id| id.as_bytes().to_vec()).collect()
}

#[async_trait]
impl Store for PostgresStore {
    async fn create_book(&self, book: &Book) -> Result<Book, Error> {
        // Two concurrent creations may compute the same key: the second retries. In two statements, since a Citus cluster allows no INSERT from a SELECT
        // into a table that is on every node.
        loop {
            let free: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(book), 0) + 1 FROM book").fetch_one(&self.pool).await?;
            let sql = "INSERT INTO book (book, name, mode, region, create_time) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
            let query = sqlx::query(sql).bind(free).bind(&book.name).bind(book.mode.code()).bind(&book.region).bind(book.create_time);
            let made = query.execute(&self.pool).await?.rows_affected();
            if made > 0 {
                self.settle().await?;
            }
            let sql = format!("SELECT {} FROM book WHERE name = $1", rows::BOOK_COLUMNS);
            let there: Option<rows::BookRow> = sqlx::query_as(AssertSqlSafe(sql)).bind(&book.name).fetch_optional(&self.pool).await?;
            let Some(there) = there.map(rows::book).transpose()? else { continue };
            let same = (there.mode, &there.region) == (book.mode, &book.region);
            return if same { Ok(there) } else { Err(Error::BookExists(there.name)) };
        }
    }

    async fn books(&self) -> Result<Vec<Book>, Error> {
        let sql = format!("SELECT {} FROM book ORDER BY name", rows::BOOK_COLUMNS);
        let books: Vec<rows::BookRow> = sqlx::query_as(AssertSqlSafe(sql)).fetch_all(&self.pool).await?;
        books.into_iter().map(rows::book).collect()
    }

    async fn head(&self, book: i64) -> Result<Option<Commit>, Error> {
        let sql = format!("SELECT {} FROM \"commit\" WHERE book = $1 ORDER BY commit_no DESC LIMIT 1", rows::COMMIT_COLUMNS);
        let head: Option<rows::CommitRow> = sqlx::query_as(AssertSqlSafe(sql)).bind(book).fetch_optional(&self.pool).await?;
        head.map(rows::commit).transpose()
    }

    async fn commits(&self, book: i64, from: i64, limit: i64) -> Result<Vec<Commit>, Error> {
        self.page("\"commit\"", rows::COMMIT_COLUMNS, "commit_no", PageRange { book, from, limit })
            .await?
            .into_iter()
            .map(rows::commit)
            .collect()
    }

    async fn commit_time(&self, book: i64, seq: i64) -> Result<Option<i64>, Error> {
        let sql = "SELECT time FROM \"commit\" WHERE book = $1 AND last_seq >= $2 ORDER BY last_seq, commit_no LIMIT 1";
        Ok(sqlx::query_scalar(sql).bind(book).bind(seq).fetch_optional(&self.pool).await?)
    }

    async fn logged(&self, book: i64, from_commit: i64, limit: i64) -> Result<Vec<LogRow>, Error> {
        self.page("account_log", rows::LOG_COLUMNS, "commit_no", PageRange { book, from: from_commit, limit })
            .await?
            .into_iter()
            .map(|(commit_no, body)| rows::logged(commit_no, body))
            .collect()
    }

    async fn accounts_by_name(&self, book: i64, names: &[String]) -> Result<Vec<BookAccount>, Error> {
        let sql = format!("SELECT {} FROM account WHERE book = $1 AND name = ANY($2)", rows::ACCOUNT_COLUMNS);
        let parts = names.chunks(part_of(names.len(), CONNECTIONS_MAX));
        accounts(parts.map(|part| sqlx::query_as(AssertSqlSafe(sql.clone())).bind(book).bind(part).fetch_all(&self.pool))).await
    }

    async fn accounts_by_key(&self, book: i64, keys: &[i64]) -> Result<Vec<BookAccount>, Error> {
        let sql = format!("SELECT {} FROM account WHERE book = $1 AND key = ANY($2)", rows::ACCOUNT_COLUMNS);
        let parts = keys.chunks(part_of(keys.len(), CONNECTIONS_MAX));
        accounts(parts.map(|part| sqlx::query_as(AssertSqlSafe(sql.clone())).bind(book).bind(part).fetch_all(&self.pool))).await
    }

    async fn accounts_after(&self, book: i64, key: i64, limit: i64) -> Result<Vec<BookAccount>, Error> {
        self.page("account", rows::ACCOUNT_COLUMNS, "key", PageRange { book, from: key + 1, limit })
            .await?
            .into_iter()
            .map(rows::account)
            .collect()
    }

    async fn guards(&self, book: i64, keys: &[String]) -> Result<Vec<(String, GuardState)>, Error> {
        let sql = "SELECT key, value, cap FROM guard WHERE book = $1 AND key = ANY($2)";
        let guards: Vec<rows::GuardRow> = sqlx::query_as(sql).bind(book).bind(keys).fetch_all(&self.pool).await?;
        Ok(guards.into_iter().map(rows::guard).collect())
    }

    async fn guards_after(&self, book: i64, key: &str, limit: i64) -> Result<Vec<(String, GuardState)>, Error> {
        let sql = "SELECT key, value, cap FROM guard WHERE book = $1 AND key > $2 ORDER BY key LIMIT $3";
        let guards: Vec<rows::GuardRow> = sqlx::query_as(sql).bind(book).bind(key).bind(limit).fetch_all(&self.pool).await?;
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
        let sql = format!("SELECT {} FROM hold WHERE book = $1 AND no = ANY($2)", rows::HOLD_COLUMNS);
        let holds: Vec<rows::HoldRow> = sqlx::query_as(AssertSqlSafe(sql)).bind(book).bind(numbers).fetch_all(&self.pool).await?;
        Ok(holds.into_iter().map(rows::hold).collect())
    }

    async fn hold_ends(&self, book: i64, limit: i64) -> Result<Vec<(i64, i64)>, Error> {
        let sql = "SELECT expire_time, no FROM hold WHERE book = $1 AND resolved_seq = 0 AND expire_time IS NOT NULL \
                   ORDER BY expire_time, no LIMIT $2";
        Ok(sqlx::query_as(sql).bind(book).bind(limit).fetch_all(&self.pool).await?)
    }

    async fn debit_limits(&self, book: i64, from: LimitPlace, limit: i64) -> Result<Vec<Limit>, Error> {
        let query =
            sqlx::query_as(AssertSqlSafe(super::entries::debit_limits_sql())).bind(book).bind(from.account).bind(from.window).bind(limit);
        let limits: Vec<rows::LimitRow> = query.fetch_all(&self.pool).await?;
        limits.into_iter().map(rows::limit).collect()
    }

    async fn ids(&self, book: i64, ids: &[Uuid]) -> Result<Vec<(Uuid, IdMeaning)>, Error> {
        let list = bytes(ids);
        let sql = "SELECT id, seq FROM event WHERE book = $1 AND id = ANY($2)";
        let events = sqlx::query_as(sql).bind(book).bind(&list).fetch_all(&self.pool).await?;
        let sql = format!("SELECT {} FROM refusal WHERE book = $1 AND id = ANY($2)", rows::REFUSAL_COLUMNS);
        let refusals = sqlx::query_as(AssertSqlSafe(sql)).bind(book).bind(&list).fetch_all(&self.pool).await?;
        rows::known(events, refusals)
    }

    async fn ids_from(&self, book: i64, from: Uuid, limit: i64) -> Result<Vec<(Uuid, IdMeaning)>, Error> {
        let from = from.as_bytes().to_vec();
        let sql = "SELECT id, seq FROM event WHERE book = $1 AND id >= $2 ORDER BY id DESC LIMIT $3";
        let events = sqlx::query_as(sql).bind(book).bind(&from).bind(limit).fetch_all(&self.pool).await?;
        let sql = format!("SELECT {} FROM refusal WHERE book = $1 AND id >= $2 ORDER BY id DESC LIMIT $3", rows::REFUSAL_COLUMNS);
        let refusals = sqlx::query_as(AssertSqlSafe(sql)).bind(book).bind(&from).bind(limit).fetch_all(&self.pool).await?;
        let mut known = rows::known(events, refusals)?;
        let surplus = known.len().saturating_sub(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(known.split_off(surplus))
    }

    async fn events(&self, book: i64, from_seq: i64, limit: i64) -> Result<Vec<StoredEvent>, Error> {
        let events: Vec<rows::EventRow> = self.page("event", rows::EVENT_COLUMNS, "seq", PageRange { book, from: from_seq, limit }).await?;
        let Some((last, ..)) = events.last() else { return Ok(Vec::new()) };
        let sql = format!("SELECT {} FROM transfer WHERE book = $1 AND no >= $2 AND no < $3 ORDER BY no", rows::TRANSFER_COLUMNS);
        let query = sqlx::query_as(AssertSqlSafe(sql)).bind(book).bind(transfer_no(from_seq, 0)).bind(transfer_no(last + 1, 0));
        let transfers: Vec<rows::TransferRow> = query.fetch_all(&self.pool).await?;
        rows::events(events, transfers.into_iter().map(rows::transfer).collect::<Result<_, _>>()?)
    }

    async fn event_by_id(&self, book: i64, id: Uuid) -> Result<Option<Event>, Error> {
        let sql = "SELECT seq FROM event WHERE book = $1 AND id = $2";
        let seq: Option<i64> = sqlx::query_scalar(sql).bind(book).bind(id.as_bytes().to_vec()).fetch_optional(&self.pool).await?;
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
        let checkpoints: Vec<rows::CheckpointRow> = query.fetch_all(&self.pool).await?;
        Ok(checkpoints.into_iter().map(rows::checkpoint).collect())
    }

    async fn walk(&self, book: i64, account: i64, walk: Walk) -> Result<Vec<Transfer>, Error> {
        let query = sqlx::query_as(AssertSqlSafe(entries::walk_sql(entries::STEP_POSTGRES))).bind(book).bind(account).bind(walk.from_no);
        let transfers: Vec<rows::TransferRow> = query.bind(walk.above_no).bind(walk.limit).fetch_all(&self.pool).await?;
        transfers.into_iter().map(rows::transfer).collect()
    }

    async fn commit_of(&self, book: i64, seq: i64) -> Result<Option<Commit>, Error> {
        let query = sqlx::query_as(AssertSqlSafe(entries::commit_of_sql())).bind(book).bind(seq);
        let commit: Option<rows::CommitRow> = query.fetch_optional(&self.pool).await?;
        commit.map(rows::commit).transpose()
    }

    async fn commit_at(&self, book: i64, time: i64) -> Result<Option<Commit>, Error> {
        let query = sqlx::query_as(AssertSqlSafe(entries::commit_at_sql())).bind(book).bind(time);
        let commit: Option<rows::CommitRow> = query.fetch_optional(&self.pool).await?;
        commit.map(rows::commit).transpose()
    }

    async fn commit_times(&self, book: i64, seqs: &[i64]) -> Result<Vec<(i64, i64)>, Error> {
        let sql = entries::commit_times_sql("UNNEST($2::bigint[]) AS asked (value)");
        Ok(sqlx::query_as(AssertSqlSafe(sql)).bind(book).bind(seqs).fetch_all(&self.pool).await?)
    }

    async fn bodies(&self, book: i64, seqs: &[i64]) -> Result<Vec<StoredEvent>, Error> {
        let query = sqlx::query_as(AssertSqlSafe(entries::bodies_sql("= ANY($2)"))).bind(book).bind(seqs);
        rows::events(query.fetch_all(&self.pool).await?, Vec::new())
    }

    async fn transfers_of(&self, book: i64, seqs: &[i64]) -> Result<Vec<Transfer>, Error> {
        let sql = entries::transfers_of_sql("UNNEST($2::bigint[]) AS asked (value)", entries::LEGS_POSTGRES);
        let transfers: Vec<rows::TransferRow> = sqlx::query_as(AssertSqlSafe(sql)).bind(book).bind(seqs).fetch_all(&self.pool).await?;
        transfers.into_iter().map(rows::transfer).collect()
    }

    async fn tail(&self, book: i64) -> Result<Option<Tail>, Error> {
        let mut tx = db::begin_with(&self.pool, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let sql = format!("SELECT {} FROM \"commit\" WHERE book = $1 ORDER BY commit_no DESC LIMIT 1", rows::COMMIT_COLUMNS);
        let head: Option<rows::CommitRow> = sqlx::query_as(AssertSqlSafe(sql)).bind(book).fetch_optional(&mut *tx).await?;
        let Some(head) = head.map(rows::commit).transpose()? else { return Ok(None) };
        let sql = format!("SELECT {} FROM account WHERE book = $1 ORDER BY key", rows::ACCOUNT_COLUMNS);
        let accounts: Vec<rows::AccountRow> = sqlx::query_as(AssertSqlSafe(sql)).bind(book).fetch_all(&mut *tx).await?;
        let sql = format!("SELECT {} FROM account_log WHERE book = $1 ORDER BY commit_no", rows::LOG_COLUMNS);
        let log: Vec<(i64, Vec<u8>)> = sqlx::query_as(AssertSqlSafe(sql)).bind(book).fetch_all(&mut *tx).await?;
        let sql = format!("SELECT {} FROM transfer WHERE book = $1 AND no >= $2 ORDER BY no", rows::TRANSFER_COLUMNS);
        let query = sqlx::query_as(AssertSqlSafe(sql)).bind(book).bind(head.replay_from);
        let transfers: Vec<rows::TransferRow> = query.fetch_all(&mut *tx).await?;
        Ok(Some((head, rows::standing(accounts, log)?, transfers.into_iter().map(rows::transfer).collect::<Result<_, _>>()?)))
    }

    async fn commit(&self, batch: &Arc<Batch>) -> Result<(), CommitError> {
        write::commit(&self.commits, batch).await
    }

    async fn settle(&self) -> Result<(), Error> {
        // Logs are flushed and sent in order: once this commit is safe, so is all that was readable before it. It writes no row, so it waits for no lock.
        match notice::with_warning(sqlx::query(SETTLE).execute(&self.commits)).await {
            (Ok(_), None) => Ok(()),
            (Ok(_), Some(why)) => Err(Error::Unsettled(why)),
            (Err(why), _) => Err(why.into()),
        }
    }

    async fn forget_refusals(&self, book: i64, before: i64, limit: i64) -> Result<u64, Error> {
        let sql =
            "DELETE FROM refusal WHERE book = $1 AND id IN (SELECT id FROM refusal WHERE book = $1 AND time < $2 ORDER BY time LIMIT $3)";
        Ok(sqlx::query(sql).bind(book).bind(before).bind(limit).execute(&self.pool).await?.rows_affected())
    }

    async fn lease(&self, owner: &str, hold_ms: i64, gone: Option<&str>) -> Result<String, Error> {
        lease::take(&self.lease, &lease::Taker { owner, session: &self.session }, hold_ms, gone).await
    }
}
