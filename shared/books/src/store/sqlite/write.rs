//! A batch's rows: their statements, in which transaction, and what their errors mean.

use super::insert::{Insert, Values, coarse_size_for, size_for};
use crate::{
    codec,
    domain::{
        account::{BookAccount, Counters},
        event::{Checkpoint, GuardState, Hold, Transfer, TransferKind},
        limit::Limit,
        standing::Standing,
    },
    store::{Batch, CommitError, RefusalRow, StoredEvent, rows},
};
use rustc_hash::FxHashMap;
use sqlx::{Executor, SqliteConnection};
use std::sync::Arc;

/// Every statement of a commit.
pub(super) struct Inserts {
    commit: Insert,
    event: Insert,
    /// For transfers that involve holds.
    transfer: Insert,
    /// For all others, whose pending counters are zero: most of them.
    plain_transfer: Insert,
    refusal: Insert,
    guard: Insert,
    hold: Insert,
    account: Insert,
    checkpoint: Insert,
    limit: Insert,
    log: Insert,
    /// Updates rows to their logged state.
    settle: Insert,
    /// Cached texts of statement lists.
    shapes: FxHashMap<Shape, Arc<str>>,
}

/// The columns of a transfer without holds; all others are zero.
const PLAIN_TRANSFER_COLUMNS: &str =
    "no, debit, credit, amount, d_debits_posted, d_credits_posted, c_debits_posted, c_credits_posted, debit_prev, credit_prev";

/// The columns of an account that change with transfers, its key first.
pub(super) const STANDING_COLUMNS: &str =
    "key, debits_posted, credits_posted, debits_pending, credits_pending, last_transfer, entries, seq";

/// Whether [`PLAIN_TRANSFER_COLUMNS`] describe it completely.
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
            // Newer rows win: a stale writer's values never overwrite them.
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
            log: Insert::new("account_log", rows::LOG_COLUMNS, ""),
            settle: Insert::update("account", STANDING_COLUMNS),
            shapes: FxHashMap::default(),
        }
    }

    /// Writes one book's batch, completely or not at all.
    pub(super) async fn write(&mut self, writer: &mut SqliteConnection, batch: &Batch, frame: Frame) -> Result<(), CommitError> {
        let written = self.steps(writer, batch, frame).await;
        let Err(error) = written else { return Ok(()) };
        let undone = writer.execute(frame.undo()).await;
        let failed = Err(CommitError::Failed(error.to_string()));
        match (primary_code(&error), undone) {
            // Whichever table noticed first: another writer has written under our numbers.
            (Some(_), Ok(_)) if error.as_database_error().is_some_and(|told| told.is_unique_violation()) => Err(CommitError::Fenced),
            // It never began, or no commit record was written. Among other batches the savepoint must also have been undone.
            (Some(BUSY | LOCKED | READ_ONLY | FULL), undone) if undone.is_ok() || frame == Frame::Alone => failed,
            // A failed write to the disk may have arrived there all the same.
            (Some(code), Ok(_)) if code != IO_ERROR => failed,
            // The transaction was no longer open: it was committed or rolled back.
            _ => Err(CommitError::Unknown(error.to_string())),
        }
    }

    /// Sends one list of statements to SQLite's thread, or two: each is a round trip, which costs more than many rows.
    async fn steps(&mut self, writer: &mut SqliteConnection, batch: &Batch, frame: Frame) -> Result<(), sqlx::Error> {
        let transfers = batch.events.iter().flat_map(|stored| &stored.event.transfers);
        let (plain, other): (Vec<&Transfer>, Vec<&Transfer>) = transfers.partition(|transfer| is_plain(transfer));
        let (mut events, mut plain) = (batch.events.as_slice(), plain.as_slice());
        let (events_max, plain_max) = (self.event.rows_max(), self.plain_transfer.rows_max());
        let (rest, spilled) = self.rest_sizes(batch, &other);
        let apart = spilled || events.len() > events_max || plain.len() > plain_max || !rest.is_usual();
        let opening = Shape { frame, first: true, last: false, rest, events: 0, transfers: 0 };
        if apart {
            let values = self.rest_values(bind_commit(Values::with_room(64), batch), batch, &other, &rest);
            values.run(writer, self.shape(opening)).await?;
            self.spill(writer, batch, &other, &rest).await?;
            // The last rows of each table go with the final list.
            let split = events.len().saturating_sub(events_max);
            self.event.run(writer, batch.book, &events[..split], bind_event).await?;
            events = &events[split..];
            let split = plain.len().saturating_sub(plain_max);
            self.plain_transfer.run(writer, batch.book, &plain[..split], |values, transfer| bind_plain_transfer(values, transfer)).await?;
            plain = &plain[split..];
        }
        let (events_size, transfers_size) = (size_for(events.len()), size_for(plain.len()));
        let mut values = Values::with_room(64 + self.event.values(events_size) + self.plain_transfer.values(transfers_size));
        let mut shape = Shape { last: true, events: events_size, transfers: transfers_size, ..opening };
        if apart {
            (shape.first, shape.rest) = (false, RestSizes::default());
        } else {
            values = self.rest_values(bind_commit(values, batch), batch, &other, &rest);
        }
        values = values.rows(&self.event, events_size, batch.book, events, bind_event);
        let bind = |values, transfer: &&Transfer| bind_plain_transfer(values, transfer);
        values.rows(&self.plain_transfer, transfers_size, batch.book, plain, bind).run(writer, self.shape(shape)).await
    }

    /// The text of a statement list of this shape, cached.
    fn shape(&mut self, shape: Shape) -> Arc<str> {
        if let Some(made) = self.shapes.get(&shape) {
            return made.clone();
        }
        let (open, close) = shape.frame.around();
        let mut parts = Vec::new();
        if shape.first {
            parts.extend([open.to_owned(), self.commit.sql(1)]);
        }
        let RestSizes(rest) = shape.rest;
        let sized = self.rest_tables().into_iter().zip(rest).chain([(&self.event, shape.events), (&self.plain_transfer, shape.transfers)]);
        parts.extend(sized.filter(|(_, size)| *size > 0).map(|(insert, size)| insert.sql(size)));
        parts.extend(shape.last.then(|| close.to_owned()));
        let made: Arc<str> = parts.join(";").into();
        if self.shapes.len() == SHAPES_MAX {
            self.shapes.clear();
        }
        self.shapes.insert(shape, made.clone());
        made
    }

    /// Tables of which a batch has few rows, in the order of [`RestSizes`].
    fn rest_tables(&self) -> [&Insert; REST] {
        let Self { transfer, refusal, guard, hold, account, checkpoint, limit, settle, log, .. } = self;
        [checkpoint, transfer, refusal, guard, hold, account, account, limit, settle, log]
    }

    /// How many rows of each table a list has room for; 0 if there are none or too many. The flag says whether anything needs statements of its
    /// own.
    fn rest_sizes(&self, batch: &Batch, other: &[&Transfer]) -> (RestSizes, bool) {
        let Batch { refusals, guards, holds, opened, flushed, checkpoints, limits, logged, settled, book: _, commit: _, events: _ } = batch;
        let settled = settled.standings.len();
        let counts = [checkpoints.len(), other.len(), refusals.len(), guards.len(), holds.len(), opened.len(), flushed.len(), limits.len()];
        let counts = counts.into_iter().chain([settled, logged.len().min(1)]);
        let (mut sizes, mut spilled) = ([0; REST], batch.settled.log_from.is_some());
        for ((size, count), insert) in sizes.iter_mut().zip(counts).zip(self.rest_tables()) {
            match insert.rows_max() {
                max if count > max => spilled = true,
                max => *size = coarse_size_for(count, max),
            }
        }
        // Its row is long and there is at most one.
        sizes[REST - 1] = sizes[REST - 1].min(1);
        (RestSizes(sizes), spilled)
    }

    fn rest_values(&self, values: Values, batch: &Batch, other: &[&Transfer], RestSizes(sizes): &RestSizes) -> Values {
        let (book, [checkpoint, transfer, refusal, guard, hold, opened, flushed, limit, settle, log]) = (batch.book, *sizes);
        let values = values.rows(&self.checkpoint, checkpoint, book, &batch.checkpoints, bind_checkpoint);
        let values = values.rows(&self.transfer, transfer, book, other, |values, transfer| bind_transfer(values, transfer));
        let values = values.rows(&self.refusal, refusal, book, &batch.refusals, bind_refusal);
        let values = values.rows(&self.guard, guard, book, &batch.guards, |values, (key, guard)| bind_guard(values, key, *guard));
        let values = values.rows(&self.hold, hold, book, &batch.holds, bind_hold);
        let values = values.rows(&self.account, opened, book, &batch.opened, bind_account);
        let values = values.rows(&self.account, flushed, book, &batch.flushed, bind_account);
        let values = values.rows(&self.limit, limit, book, &batch.limits, bind_limit);
        let values = values.rows(&self.settle, settle, book, &batch.settled.standings, bind_standing);
        values.rows(&self.log, log, book, std::slice::from_ref(batch), bind_log)
    }

    /// Writes the rows of tables that have too many for one statement.
    async fn spill(
        &self,
        writer: &mut SqliteConnection,
        batch: &Batch,
        other: &[&Transfer],
        RestSizes(sizes): &RestSizes,
    ) -> Result<(), sqlx::Error> {
        let (book, [checkpoint, transfer, refusal, guard, hold, opened, flushed, limit, settle, _]) = (batch.book, *sizes);
        fn all<T>(rows: &[T], listed: usize) -> &[T] {
            if listed == 0 { rows } else { &[] }
        }
        self.checkpoint.run(writer, book, all(&batch.checkpoints, checkpoint), bind_checkpoint).await?;
        self.transfer.run(writer, book, all(other, transfer), |values, transfer| bind_transfer(values, transfer)).await?;
        self.refusal.run(writer, book, all(&batch.refusals, refusal), bind_refusal).await?;
        self.guard.run(writer, book, all(&batch.guards, guard), |values, (key, guard)| bind_guard(values, key, *guard)).await?;
        self.hold.run(writer, book, all(&batch.holds, hold), bind_hold).await?;
        self.account.run(writer, book, all(&batch.opened, opened), bind_account).await?;
        self.account.run(writer, book, all(&batch.flushed, flushed), bind_account).await?;
        self.limit.run(writer, book, all(&batch.limits, limit), bind_limit).await?;
        self.settle.run(writer, book, all(&batch.settled.standings, settle), bind_standing).await?;
        let Some(from) = batch.settled.log_from else { return Ok(()) };
        let trim = "DELETE FROM account_log WHERE book = ? AND commit_no < ?";
        Values::with_room(2).bind(book).bind(from).run(writer, trim.into()).await
    }
}

/// SQLite's primary result codes (sqlite.org/rescode.html).
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READ_ONLY: i32 = 8;
const IO_ERROR: i32 = 10;
const FULL: i32 = 13;

/// SQLite's own code, if it is one.
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error()?.code()?.parse::<i32>().ok().map(|code| code & 0xff)
}

/// What encloses a batch's statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Frame {
    /// A transaction of their own.
    Alone,
    /// A transaction with other books' batches, which must not fail with this one.
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

/// Statement lists that are cached, of at most a hundred kilobytes each; more than occur in practice.
const SHAPES_MAX: usize = 256;

/// The number of tables of which a batch has few rows.
const REST: usize = 10;

/// How many rows of each table a list has room for; the checkpoints' first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
struct RestSizes([usize; REST]);

impl RestSizes {
    /// Whether there are few enough to go with the events: each such combination keeps a long statement prepared. Many gifts at once touch the
    /// company's accounts so often that a checkpoint becomes due.
    fn is_usual(&self) -> bool {
        let Self([checkpoints, rest @ .., _log]) = self;
        *checkpoints <= coarse_size_for(1, 1 << 10) && rest.iter().all(|size| *size == 0)
    }
}

/// A list of statements: whether frame and fence begin it, how many rows it has room for, whether the frame ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Shape {
    frame: Frame,
    first: bool,
    rest: RestSizes,
    events: usize,
    transfers: usize,
    last: bool,
}

fn bind_commit(values: Values, Batch { book, commit, .. }: &Batch) -> Values {
    let values = values.bind(*book).bind(commit.commit_no).bind(commit.epoch).bind(commit.last_seq).bind(commit.last_key);
    values.bind(commit.time).bind(codec::FORMAT).bind(commit.hash.to_vec()).bind(commit.replay_from)
}

fn bind_event(values: Values, stored: &StoredEvent) -> Values {
    let StoredEvent { event, body, checksum } = stored;
    values.bind(event.seq).bind(event.id.as_bytes().to_vec()).bind(body.clone()).bind(*checksum)
}

fn bind_plain_transfer(values: Values, transfer: &Transfer) -> Values {
    let mut values = values.bind(transfer.no).bind(transfer.debit).bind(transfer.credit).bind(transfer.amount);
    for after in [transfer.debit_after, transfer.credit_after] {
        values = values.bind(after.debits_posted).bind(after.credits_posted);
    }
    values.bind(transfer.debit_prev).bind(transfer.credit_prev)
}

fn bind_transfer(values: Values, transfer: &Transfer) -> Values {
    let values = values.bind(transfer.no).bind(transfer.debit).bind(transfer.credit).bind(transfer.amount);
    let mut values = values.bind(transfer.kind.code()).bind(transfer.pending_no);
    for after in [transfer.debit_after, transfer.credit_after] {
        values = values.bind(after.debits_posted).bind(after.credits_posted).bind(after.debits_pending).bind(after.credits_pending);
    }
    values.bind(transfer.debit_prev).bind(transfer.credit_prev)
}

fn bind_refusal(values: Values, refusal: &RefusalRow) -> Values {
    let values = values.bind(refusal.id.as_bytes().to_vec()).bind(refusal.time).bind(refusal.told.reason.clone());
    values.bind(rows::pairs(&refusal.told.facts)).bind(rows::pairs(&*refusal.fields))
}

fn bind_guard(values: Values, key: &str, guard: GuardState) -> Values {
    values.bind(key.to_owned()).bind(guard.value).bind(guard.cap)
}

fn bind_hold(values: Values, hold: &Hold) -> Values {
    values
        .bind(hold.no)
        .bind(hold.debit)
        .bind(hold.credit)
        .bind(hold.amount)
        .bind(hold.resolved_seq)
        .bind(hold.expire_time)
        .bind(i64::from(hold.expired))
}

fn bind_account(values: Values, account: &BookAccount) -> Values {
    let counters = account.counters;
    let values = values.bind(account.key).bind(account.name.to_string()).bind(account.state.code());
    let values = values.bind(counters.debits_posted).bind(counters.credits_posted).bind(counters.debits_pending);
    values.bind(counters.credits_pending).bind(account.last_transfer).bind(account.entries).bind(account.seq)
}

fn bind_standing(values: Values, standing: &Standing) -> Values {
    let Standing { key, counters, last_transfer, entries } = *standing;
    let values = values.bind(key).bind(counters.debits_posted).bind(counters.credits_posted).bind(counters.debits_pending);
    values.bind(counters.credits_pending).bind(last_transfer).bind(entries).bind(standing.seq())
}

fn bind_log(values: Values, batch: &Batch) -> Values {
    values.bind(batch.commit.commit_no).bind(codec::encode_log(&batch.logged))
}

fn bind_limit(values: Values, limit: &Limit) -> Values {
    values.bind(limit.account).bind(limit.window.code()).bind(limit.zone.clone()).bind(limit.max).bind(limit.seq)
}

fn bind_checkpoint(values: Values, checkpoint: &Checkpoint) -> Values {
    let Checkpoint { account, no, entry_no, time, counters } = checkpoint;
    let values = values.bind(*account).bind(*no).bind(*entry_no).bind(*time);
    let values = values.bind(counters.debits_posted).bind(counters.credits_posted);
    values.bind(counters.debits_pending).bind(counters.credits_pending)
}
