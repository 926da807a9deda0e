//! One batch, one transaction, one fsync. Statements come in a few fixed sizes, so that each is prepared once.

use crate::{
    codec,
    domain::{
        account::Account,
        event::{GuardState, Hold, Transfer},
    },
    store::{Batch, CommitError, RefusalRow, StoredEvent, rows},
};
use sqlx::{Arguments as _, AssertSqlSafe, Executor, Sqlite, SqliteConnection, query::Query, sqlite::SqliteArguments};
use std::sync::Arc;

/// Every value is bound by copy.
type Bound = Query<'static, Sqlite, SqliteArguments>;

/// Rows of one statement. The largest stays below SQLite's 32,766 parameters at 17 columns.
const SIZES: [usize; 5] = [512, 128, 32, 4, 1];

/// An `INSERT` in each of the sizes.
struct Insert {
    columns: usize,
    sql: [Arc<str>; SIZES.len()],
}

impl Insert {
    fn new(into: &str, columns: &str, then: &str) -> Self {
        let count = columns.split(',').count();
        let row = format!("({})", vec!["?"; count].join(","));
        let sql = SIZES.map(|size| {
            let rows = vec![row.as_str(); size].join(",");
            Arc::from(format!("INSERT INTO {into} ({columns}) VALUES {rows} {then}"))
        });
        Self { columns: count, sql }
    }

    async fn run<T: Sync>(
        &self,
        writer: &mut SqliteConnection,
        mut rows: &[T],
        bind: impl Fn(Bound, &T) -> Bound + Send + Sync,
    ) -> Result<(), sqlx::Error> {
        for (size, sql) in SIZES.iter().zip(&self.sql) {
            while let Some((now, rest)) = rows.split_at_checked(*size) {
                let mut arguments = SqliteArguments::default();
                arguments.reserve(size * self.columns, 0);
                let query = now.iter().fold(sqlx::query_with(AssertSqlSafe(sql.clone()), arguments), &bind);
                query.execute(&mut *writer).await?;
                rows = rest;
            }
        }
        Ok(())
    }
}

/// Every statement of a commit.
pub(super) struct Inserts {
    commit: Insert,
    event: Insert,
    transfer: Insert,
    refusal: Insert,
    guard: Insert,
    hold: Insert,
    account: Insert,
}

impl Inserts {
    pub(super) fn new() -> Self {
        let columns = |columns: &str| format!("book, {columns}");
        Self {
            commit: Insert::new("\"commit\"", &columns(rows::COMMIT_COLUMNS), ""),
            event: Insert::new("event", &columns(rows::EVENT_COLUMNS), ""),
            transfer: Insert::new("transfer", &columns(rows::TRANSFER_COLUMNS), ""),
            refusal: Insert::new("refusal", &columns(rows::REFUSAL_COLUMNS), ""),
            guard: Insert::new(
                "guard",
                "book, key, value, cap",
                "ON CONFLICT (book, key) DO UPDATE SET value = excluded.value, cap = excluded.cap",
            ),
            hold: Insert::new(
                "hold",
                &columns(rows::HOLD_COLUMNS),
                "ON CONFLICT (book, no) DO UPDATE SET resolved_seq = excluded.resolved_seq",
            ),
            // Newer rows win: a stale writer's values never come back.
            account: Insert::new(
                "account",
                &columns(rows::ACCOUNT_COLUMNS),
                "ON CONFLICT (book, key) DO UPDATE SET state = excluded.state, debits_posted = excluded.debits_posted, \
                 credits_posted = excluded.credits_posted, debits_pending = excluded.debits_pending, \
                 credits_pending = excluded.credits_pending, last_transfer = excluded.last_transfer, seq = excluded.seq \
                 WHERE excluded.seq > account.seq",
            ),
        }
    }

    /// Writes the batch. An error of the last statement leaves the outcome open; any before it means that nothing was written.
    pub(super) async fn commit(&self, writer: &mut SqliteConnection, batch: &Batch) -> Result<(), CommitError> {
        let failed = |error: sqlx::Error| CommitError::Failed(error.to_string());
        writer.execute("BEGIN IMMEDIATE").await.map_err(failed)?;
        let book = batch.book;
        let fence = self.commit.run(writer, std::slice::from_ref(&batch.commit), |query, commit| {
            let query = query.bind(book).bind(commit.commit_no).bind(commit.epoch).bind(commit.last_seq).bind(commit.last_key);
            query.bind(commit.time).bind(codec::FORMAT).bind(commit.hash.to_vec()).bind(commit.replay_from)
        });
        let written = match fence.await {
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Err(CommitError::Fenced),
            Err(error) => Err(failed(error)),
            Ok(()) => self.rows(writer, batch).await.map_err(failed),
        };
        if let Err(error) = written {
            // SQLite may have rolled back by itself (disk full); then this says so, and the end is the same.
            let _rolled_back = writer.execute("ROLLBACK").await;
            return Err(error);
        }
        match writer.execute("COMMIT").await {
            Ok(_) => Ok(()),
            Err(error) => {
                let _rolled_back = writer.execute("ROLLBACK").await;
                Err(CommitError::Unknown(error.to_string()))
            }
        }
    }

    async fn rows(&self, writer: &mut SqliteConnection, batch: &Batch) -> Result<(), sqlx::Error> {
        let book = batch.book;
        self.event.run(writer, &batch.events, |query, event| bind_event(query, book, event)).await?;
        let transfers: Vec<&Transfer> = batch.events.iter().flat_map(|stored| &stored.event.transfers).collect();
        self.transfer.run(writer, &transfers, |query, transfer| bind_transfer(query, book, transfer)).await?;
        let refusal = |query: Bound, refusal: &RefusalRow| bind_refusal(query, book, refusal);
        self.refusal.run(writer, &batch.refusals, refusal).await?;
        let guard = |query: Bound, (key, guard): &(String, GuardState)| bind_guard(query, book, key, *guard);
        self.guard.run(writer, &batch.guards, guard).await?;
        self.hold.run(writer, &batch.holds, |query, hold| bind_hold(query, book, hold)).await?;
        self.account.run(writer, &batch.opened, |query, account| bind_account(query, book, account)).await?;
        self.account.run(writer, &batch.flushed, |query, account| bind_account(query, book, account)).await
    }
}

fn bind_event(query: Bound, book: i64, stored: &StoredEvent) -> Bound {
    let StoredEvent { event, body, checksum } = stored;
    query.bind(book).bind(event.seq).bind(event.id.as_bytes().to_vec()).bind(body.clone()).bind(*checksum)
}

fn bind_transfer(query: Bound, book: i64, transfer: &Transfer) -> Bound {
    let query = query.bind(book).bind(transfer.no).bind(transfer.debit).bind(transfer.credit).bind(transfer.amount);
    let mut query = query.bind(transfer.kind.code()).bind(transfer.pending_no);
    for after in [transfer.debit_after, transfer.credit_after] {
        query = query.bind(after.debits_posted).bind(after.credits_posted).bind(after.debits_pending).bind(after.credits_pending);
    }
    query.bind(transfer.debit_prev).bind(transfer.credit_prev)
}

fn bind_refusal(query: Bound, book: i64, refusal: &RefusalRow) -> Bound {
    let query = query.bind(book).bind(refusal.id.as_bytes().to_vec()).bind(refusal.time).bind(refusal.told.reason.clone());
    query.bind(rows::pairs(&refusal.told.facts)).bind(rows::pairs(&refusal.fields))
}

fn bind_guard(query: Bound, book: i64, key: &str, guard: GuardState) -> Bound {
    query.bind(book).bind(key.to_owned()).bind(guard.value).bind(guard.cap)
}

fn bind_hold(query: Bound, book: i64, hold: &Hold) -> Bound {
    query.bind(book).bind(hold.no).bind(hold.debit).bind(hold.credit).bind(hold.amount).bind(hold.resolved_seq)
}

fn bind_account(query: Bound, book: i64, account: &Account) -> Bound {
    let counters = account.counters;
    let query = query.bind(book).bind(account.key).bind(account.name.to_string()).bind(account.state.code());
    let query = query.bind(counters.debits_posted).bind(counters.credits_posted).bind(counters.debits_pending);
    query.bind(counters.credits_pending).bind(account.last_transfer).bind(account.seq)
}
