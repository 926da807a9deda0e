//! A batch's rows. Statements come in a few fixed sizes, so that each is prepared once.

use crate::{
    codec,
    domain::{
        account::{Account, Counters},
        event::{Checkpoint, GuardState, Hold, Transfer, TransferKind},
        limit::Limit,
    },
    store::{Batch, CommitError, RefusalRow, StoredEvent, rows},
};
use sqlx::{Arguments as _, AssertSqlSafe, Sqlite, SqliteConnection, query::Query, sqlite::SqliteArguments};
use std::sync::Arc;

/// Every value is bound by copy.
type Bound = Query<'static, Sqlite, SqliteArguments>;

/// Rows of one statement. The largest stays below SQLite's 32,766 parameters at 17 columns.
const SIZES: [usize; 10] = [512, 256, 128, 64, 32, 16, 8, 4, 2, 1];

/// An `INSERT` in each of the sizes. The book is bound once, not for each row.
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
            // WHERE tells the parser that ON belongs to the INSERT.
            Arc::from(format!("INSERT INTO {into} (book, {columns}) SELECT ?, * FROM (VALUES {rows}) WHERE true {then}"))
        });
        Self { columns: count, sql }
    }

    async fn run<T: Sync>(
        &self,
        writer: &mut SqliteConnection,
        book: i64,
        mut rows: &[T],
        bind: impl Fn(Bound, &T) -> Bound + Send + Sync,
    ) -> Result<(), sqlx::Error> {
        for (size, sql) in SIZES.iter().zip(&self.sql) {
            while let Some((now, rest)) = rows.split_at_checked(*size) {
                let mut arguments = SqliteArguments::default();
                arguments.reserve(1 + size * self.columns, 0);
                let query = sqlx::query_with(AssertSqlSafe(sql.clone()), arguments).bind(book);
                let query = now.iter().fold(query, &bind);
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
    /// Of transfers that have to do with holds.
    transfer: Insert,
    /// Of the others, whose pending counters are zero: most of them.
    plain_transfer: Insert,
    refusal: Insert,
    guard: Insert,
    hold: Insert,
    account: Insert,
    checkpoint: Insert,
    limit: Insert,
}

/// The columns of a transfer that has nothing to do with holds; the rest is zero.
const PLAIN_TRANSFER_COLUMNS: &str =
    "no, debit, credit, amount, d_debits_posted, d_credits_posted, c_debits_posted, c_credits_posted, debit_prev, credit_prev";

/// Whether [`PLAIN_TRANSFER_COLUMNS`] say all of it.
fn is_plain(transfer: &Transfer) -> bool {
    let none_pending = |counters: Counters| (counters.debits_pending, counters.credits_pending) == (0, 0);
    let holds = (none_pending(transfer.debit_after), none_pending(transfer.credit_after), transfer.pending_no);
    transfer.kind == TransferKind::Posted && holds == (true, true, 0)
}

impl Inserts {
    pub(super) fn new() -> Self {
        Self {
            commit: Insert::new("\"commit\"", rows::COMMIT_COLUMNS, ""),
            event: Insert::new("event", rows::EVENT_COLUMNS, ""),
            transfer: Insert::new("transfer", rows::TRANSFER_COLUMNS, ""),
            plain_transfer: Insert::new("transfer", PLAIN_TRANSFER_COLUMNS, ""),
            refusal: Insert::new("refusal", rows::REFUSAL_COLUMNS, ""),
            guard: Insert::new(
                "guard",
                "key, value, cap",
                "ON CONFLICT (book, key) DO UPDATE SET value = excluded.value, cap = excluded.cap",
            ),
            hold: Insert::new(
                "hold",
                rows::HOLD_COLUMNS,
                "ON CONFLICT (book, no) DO UPDATE SET resolved_seq = excluded.resolved_seq, expired = excluded.expired",
            ),
            // Newer rows win: a stale writer's values never come back.
            account: Insert::new(
                "account",
                rows::ACCOUNT_COLUMNS,
                "ON CONFLICT (book, key) DO UPDATE SET state = excluded.state, debits_posted = excluded.debits_posted, \
                 credits_posted = excluded.credits_posted, debits_pending = excluded.debits_pending, \
                 credits_pending = excluded.credits_pending, last_transfer = excluded.last_transfer, \
                 entries = excluded.entries, seq = excluded.seq WHERE excluded.seq > account.seq",
            ),
            checkpoint: Insert::new("checkpoint", rows::CHECKPOINT_COLUMNS, ""),
            limit: Insert::new(
                "debit_limit",
                rows::LIMIT_COLUMNS,
                "ON CONFLICT (book, account, span) DO UPDATE SET zone = excluded.zone, amount = excluded.amount, seq = excluded.seq",
            ),
        }
    }

    /// Writes one book's batch inside the transaction that is open. Any error means that nothing of it may stay.
    pub(super) async fn write(&self, writer: &mut SqliteConnection, batch: &Batch) -> Result<(), CommitError> {
        let fence = self.commit.run(writer, batch.book, std::slice::from_ref(&batch.commit), |query, commit| {
            let query = query.bind(commit.commit_no).bind(commit.epoch).bind(commit.last_seq).bind(commit.last_key);
            query.bind(commit.time).bind(codec::FORMAT).bind(commit.hash.to_vec()).bind(commit.replay_from)
        });
        match fence.await {
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Err(CommitError::Fenced),
            Err(error) => Err(CommitError::Failed(error.to_string())),
            Ok(()) => self.rows(writer, batch).await.map_err(|error| CommitError::Failed(error.to_string())),
        }
    }

    async fn rows(&self, writer: &mut SqliteConnection, batch: &Batch) -> Result<(), sqlx::Error> {
        let book = batch.book;
        self.event.run(writer, book, &batch.events, bind_event).await?;
        let transfers = batch.events.iter().flat_map(|stored| &stored.event.transfers);
        let (plain, other): (Vec<&Transfer>, Vec<&Transfer>) = transfers.partition(|transfer| is_plain(transfer));
        self.plain_transfer.run(writer, book, &plain, |query, transfer| bind_plain_transfer(query, transfer)).await?;
        self.transfer.run(writer, book, &other, |query, transfer| bind_transfer(query, transfer)).await?;
        self.refusal.run(writer, book, &batch.refusals, bind_refusal).await?;
        self.guard.run(writer, book, &batch.guards, |query, (key, guard)| bind_guard(query, key, *guard)).await?;
        self.hold.run(writer, book, &batch.holds, bind_hold).await?;
        self.account.run(writer, book, &batch.opened, bind_account).await?;
        self.account.run(writer, book, &batch.flushed, bind_account).await?;
        self.checkpoint.run(writer, book, &batch.checkpoints, bind_checkpoint).await?;
        self.limit.run(writer, book, &batch.limits, bind_limit).await
    }
}

fn bind_event(query: Bound, stored: &StoredEvent) -> Bound {
    let StoredEvent { event, body, checksum } = stored;
    query.bind(event.seq).bind(event.id.as_bytes().to_vec()).bind(body.clone()).bind(*checksum)
}

fn bind_plain_transfer(query: Bound, transfer: &Transfer) -> Bound {
    let mut query = query.bind(transfer.no).bind(transfer.debit).bind(transfer.credit).bind(transfer.amount);
    for after in [transfer.debit_after, transfer.credit_after] {
        query = query.bind(after.debits_posted).bind(after.credits_posted);
    }
    query.bind(transfer.debit_prev).bind(transfer.credit_prev)
}

fn bind_transfer(query: Bound, transfer: &Transfer) -> Bound {
    let query = query.bind(transfer.no).bind(transfer.debit).bind(transfer.credit).bind(transfer.amount);
    let mut query = query.bind(transfer.kind.code()).bind(transfer.pending_no);
    for after in [transfer.debit_after, transfer.credit_after] {
        query = query.bind(after.debits_posted).bind(after.credits_posted).bind(after.debits_pending).bind(after.credits_pending);
    }
    query.bind(transfer.debit_prev).bind(transfer.credit_prev)
}

fn bind_refusal(query: Bound, refusal: &RefusalRow) -> Bound {
    let query = query.bind(refusal.id.as_bytes().to_vec()).bind(refusal.time).bind(refusal.told.reason.clone());
    query.bind(rows::pairs(&refusal.told.facts)).bind(rows::pairs(&refusal.fields))
}

fn bind_guard(query: Bound, key: &str, guard: GuardState) -> Bound {
    query.bind(key.to_owned()).bind(guard.value).bind(guard.cap)
}

fn bind_hold(query: Bound, hold: &Hold) -> Bound {
    query
        .bind(hold.no)
        .bind(hold.debit)
        .bind(hold.credit)
        .bind(hold.amount)
        .bind(hold.resolved_seq)
        .bind(hold.expire_time)
        .bind(i64::from(hold.expired))
}

fn bind_account(query: Bound, account: &Account) -> Bound {
    let counters = account.counters;
    let query = query.bind(account.key).bind(account.name.to_string()).bind(account.state.code());
    let query = query.bind(counters.debits_posted).bind(counters.credits_posted).bind(counters.debits_pending);
    query.bind(counters.credits_pending).bind(account.last_transfer).bind(account.entries).bind(account.seq)
}

fn bind_limit(query: Bound, limit: &Limit) -> Bound {
    query.bind(limit.account).bind(limit.window.code()).bind(limit.zone.clone()).bind(limit.max).bind(limit.seq)
}

fn bind_checkpoint(query: Bound, checkpoint: &Checkpoint) -> Bound {
    let Checkpoint { account, no, entry_no, time, counters } = checkpoint;
    let query = query.bind(*account).bind(*no).bind(*entry_no).bind(*time);
    let query = query.bind(counters.debits_posted).bind(counters.credits_posted);
    query.bind(counters.debits_pending).bind(counters.credits_pending)
}
