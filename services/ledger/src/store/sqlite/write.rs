//! A batch's rows: which statements, in which transaction, and what their errors mean.

use super::insert::{Bound, Insert, bind_rows, room, size_for};
use crate::{
    codec,
    domain::{
        account::{Account, Counters},
        event::{Checkpoint, GuardState, Hold, Transfer, TransferKind},
        limit::Limit,
    },
    store::{Batch, Commit, CommitError, RefusalRow, StoredEvent, rows},
};
use rustc_hash::FxHashMap;
use sqlx::{AssertSqlSafe, Executor, SqliteConnection, sqlite::SqliteArguments};
use std::sync::Arc;

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
    /// The lists of statements that were needed so far.
    shapes: FxHashMap<Shape, Arc<str>>,
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
            shapes: FxHashMap::default(),
        }
    }

    /// Writes one book's batch, whole or not at all.
    pub(super) async fn write(&mut self, writer: &mut SqliteConnection, batch: &Batch, frame: Frame) -> Result<(), CommitError> {
        let written = self.steps(writer, batch, frame).await;
        let Err(error) = written else { return Ok(()) };
        let undone = writer.execute(frame.undo()).await;
        let failed = Err(CommitError::Failed(error.to_string()));
        match (primary_code(&error), undone) {
            // Whichever table saw it first: a rival has written under our numbers.
            (Some(_), Ok(_)) if error.as_database_error().is_some_and(|told| told.is_unique_violation()) => Err(CommitError::Fenced),
            // It never began, or no commit record was written. Among others it must be known that theirs stands.
            (Some(BUSY | LOCKED | READ_ONLY | FULL), undone) if undone.is_ok() || frame == Frame::Alone => failed,
            // What could not be written to the disk may have come there all the same.
            (Some(code), Ok(_)) if code != IO_ERROR => failed,
            // It was no longer open: it came to an end, one or the other.
            _ => Err(CommitError::Unknown(error.to_string())),
        }
    }

    /// Nearly always one statement to SQLite's thread: each is a hop there and back, which costs more than a row.
    async fn steps(&mut self, writer: &mut SqliteConnection, batch: &Batch, frame: Frame) -> Result<(), sqlx::Error> {
        let transfers = batch.events.iter().flat_map(|stored| &stored.event.transfers);
        let (plain, other): (Vec<&Transfer>, Vec<&Transfer>) = transfers.partition(|transfer| is_plain(transfer));
        let (mut events, mut plain) = (batch.events.as_slice(), plain.as_slice());
        let (events_max, plain_max) = (self.event.rows_max(), self.plain_transfer.rows_max());
        let usual = other.is_empty() && self.rest_is_empty(batch) && events.len() <= events_max && plain.len() <= plain_max;
        if !usual {
            let open = self.shape(Shape { first: true, last: false, events: 0, transfers: 0, frame });
            bind_commit(sqlx::query_with(AssertSqlSafe(open), SqliteArguments::default()).bind(batch.book), &batch.commit)
                .execute(&mut *writer)
                .await?;
            self.rest(writer, batch, &other).await?;
            // The last of each goes with the end.
            let split = events.len().saturating_sub(events_max);
            self.event.run(writer, batch.book, &events[..split], bind_event).await?;
            events = &events[split..];
            let split = plain.len().saturating_sub(plain_max);
            self.plain_transfer.run(writer, batch.book, &plain[..split], |query, transfer| bind_plain_transfer(query, transfer)).await?;
            plain = &plain[split..];
        }
        let (event_size, transfer_size) = (size_for(events.len()), size_for(plain.len()));
        let sql = self.shape(Shape { first: usual, last: true, events: event_size, transfers: transfer_size, frame });
        let mut query = sqlx::query_with(AssertSqlSafe(sql), room(32 + event_size * 4 + transfer_size * 10));
        if usual {
            query = bind_commit(query.bind(batch.book), &batch.commit);
        }
        query = bind_rows(query, batch.book, events, (&self.event, bind_event));
        query =
            bind_rows(query, batch.book, plain, (&self.plain_transfer, |query, transfer: &&Transfer| bind_plain_transfer(query, transfer)));
        query.execute(&mut *writer).await.map(drop)
    }

    /// A statement list of this shape, made once.
    fn shape(&mut self, shape: Shape) -> Arc<str> {
        let Self { commit, event, plain_transfer, shapes, .. } = self;
        let made = shapes.entry(shape).or_insert_with(|| {
            let (open, close) = shape.frame.around();
            let mut parts = Vec::with_capacity(5);
            if shape.first {
                parts.extend([open.to_owned(), commit.sql(1)]);
            }
            parts.extend((shape.events > 0).then(|| event.sql(shape.events)));
            parts.extend((shape.transfers > 0).then(|| plain_transfer.sql(shape.transfers)));
            parts.extend(shape.last.then(|| close.to_owned()));
            parts.join(";").into()
        });
        made.clone()
    }

    fn rest_is_empty(&self, batch: &Batch) -> bool {
        let Batch { refusals, guards, holds, opened, flushed, checkpoints, limits, book: _, commit: _, events: _ } = batch;
        let rows = [refusals.len(), guards.len(), holds.len(), opened.len(), flushed.len(), checkpoints.len(), limits.len()];
        rows.iter().all(|count| *count == 0)
    }

    async fn rest(&self, writer: &mut SqliteConnection, batch: &Batch, other: &[&Transfer]) -> Result<(), sqlx::Error> {
        let book = batch.book;
        self.transfer.run(writer, book, other, |query, transfer| bind_transfer(query, transfer)).await?;
        self.refusal.run(writer, book, &batch.refusals, bind_refusal).await?;
        self.guard.run(writer, book, &batch.guards, |query, (key, guard)| bind_guard(query, key, *guard)).await?;
        self.hold.run(writer, book, &batch.holds, bind_hold).await?;
        self.account.run(writer, book, &batch.opened, bind_account).await?;
        self.account.run(writer, book, &batch.flushed, bind_account).await?;
        self.checkpoint.run(writer, book, &batch.checkpoints, bind_checkpoint).await?;
        self.limit.run(writer, book, &batch.limits, bind_limit).await
    }
}

/// SQLite's primary result codes (sqlite.org/rescode.html).
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READ_ONLY: i32 = 8;
const IO_ERROR: i32 = 10;
const FULL: i32 = 13;

/// SQLite's own word, if it is one.
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error()?.code()?.parse::<i32>().ok().map(|code| code & 0xff)
}

/// What a batch's statements stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Frame {
    /// A transaction of their own.
    Alone,
    /// A transaction with other books' batches, which they must not take along if they fail.
    Among,
}

impl Frame {
    const fn around(self) -> (&'static str, &'static str) {
        match self {
            Self::Alone => ("BEGIN IMMEDIATE", "COMMIT"),
            Self::Among => ("SAVEPOINT batch", "RELEASE batch"),
        }
    }

    const fn undo(self) -> &'static str {
        match self {
            Self::Alone => "ROLLBACK",
            Self::Among => "ROLLBACK TO batch; RELEASE batch",
        }
    }
}

/// A list of statements: whether the frame and the fence begin it, for how many rows it has room, whether the frame ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Shape {
    frame: Frame,
    first: bool,
    events: usize,
    transfers: usize,
    last: bool,
}

fn bind_commit(query: Bound, commit: &Commit) -> Bound {
    let query = query.bind(commit.commit_no).bind(commit.epoch).bind(commit.last_seq).bind(commit.last_key);
    query.bind(commit.time).bind(codec::FORMAT).bind(commit.hash.to_vec()).bind(commit.replay_from)
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
