//! The stores of books. One trait, two native implementations, because this path is the core of the project.
//!
//! The fence: every batch inserts the commit row `(book, commit_no)`. The second writer with a number has lost and writes nothing, whatever leases,
//! clocks or networks did.

use crate::domain::{
    account::BookAccount,
    event::{Checkpoint, Event, GuardState, Hold, Transfer},
    limit::Limit,
    refusal::KeptRefusal,
    request::RequestFields,
    standing::{LoggedStandings, Settling, Standing, StandingsLog},
};
use async_trait::async_trait;
use db::{Database, Engine};
use std::sync::Arc;
use uuid::Uuid;

mod entries;
pub mod postgres;
pub(crate) mod rows;
pub mod sqlite;
#[cfg(test)]
mod tests;

/// The most accounts, ids or guards of one read; longer lists are read in parts.
pub const READ_CHUNK: usize = 500;

/// The fewest keys that are worth a query of their own, parallel to others.
const READ_PART: usize = 32;

/// How many keys of a list each query reads, so that a store can wait for many pages at once: pages missing from its cache are mostly not in the
/// system's either.
fn part_of(count: usize, readers: u32) -> usize {
    count.div_ceil(readers as usize).clamp(READ_PART, READ_CHUNK)
}

/// A page of rows ordered by a number of theirs.
#[derive(Debug, Clone, Copy)]
struct PageRange {
    /// Key of the book.
    book: i64,
    /// The lowest number.
    from: i64,
    /// The most rows.
    limit: i64,
}

/// The mode of a book: what it may be connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Simulated stores and banks only.
    Test,
    /// Real money.
    Live,
}

impl Mode {
    /// The stored code.
    #[must_use]
    pub const fn code(self) -> i64 {
        match self {
            Self::Test => 1,
            Self::Live => 2,
        }
    }

    /// From storage.
    #[must_use]
    pub const fn from_code(code: i64) -> Option<Self> {
        match code {
            1 => Some(Self::Test),
            2 => Some(Self::Live),
            _ => None,
        }
    }
}

/// A book's properties, fixed at creation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// Numeric key; leads every other table's key.
    pub key: i64,
    /// Readable id.
    pub name: String,
    /// TEST or LIVE, fixed at creation.
    pub mode: Mode,
    /// Data-residency region.
    pub region: String,
    /// Microseconds since the Unix epoch.
    pub create_time: i64,
}

/// A commit row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The commit's number: from 1, gap-free in the book.
    pub commit_no: i64,
    /// The writer that made it.
    pub epoch: i64,
    /// The journal's last event after it.
    pub last_seq: i64,
    /// The last account's key after it.
    pub last_key: i64,
    /// The time by the writer's clock, never decreasing; microseconds since the Unix epoch.
    pub time: i64,
    /// Format of the bodies and of the hash.
    pub format: i64,
    /// Chain over the book's events.
    pub hash: [u8; 32],
    /// The first transfer that account rows may lack: a restart replays from it.
    pub replay_from: i64,
}

/// A refusal to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusalRow {
    /// The request's id.
    pub id: Uuid,
    /// Its time, in microseconds since the Unix epoch.
    pub time: i64,
    /// The refusal that the caller got.
    pub told: KeptRefusal,
    /// The request fields that a retry is compared with.
    pub fields: RequestFields,
}

/// What an id is used for already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdMeaning {
    /// The event at this place.
    Event(i64),
    /// A refusal. Boxed, because most ids are of events and half a million of them are kept in memory.
    Refusal(Box<RefusalRow>),
}

/// An event with its stored bytes.
#[derive(Debug, Clone)]
pub struct StoredEvent {
    /// The event.
    pub event: Event,
    /// Its canonical bytes.
    pub body: Vec<u8>,
    /// The first eight bytes of its digest.
    pub checksum: i64,
}

/// All that one transaction writes.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The book's key.
    pub book: i64,
    /// The commit row, which is the fence.
    pub commit: Commit,
    /// Events in order.
    pub events: Vec<StoredEvent>,
    /// Refusals to keep.
    pub refusals: Vec<RefusalRow>,
    /// Changed guards, as they are after the batch, each once.
    pub guards: Vec<(String, GuardState)>,
    /// Changed holds, as they are after the batch, each once.
    pub holds: Vec<Hold>,
    /// Accounts opened by the batch, as they are after it.
    pub opened: Vec<BookAccount>,
    /// Checkpoints that became due in the batch.
    pub checkpoints: Vec<Checkpoint>,
    /// Debit limits the batch set, each as it is after the batch.
    pub limits: Vec<Limit>,
    /// Older accounts whose whole rows are written, as they are after the batch.
    pub flushed: Vec<BookAccount>,
    /// States of older accounts after the batch, by key: these go to the log, their rows are written later.
    pub logged: Vec<Standing>,
    /// Older rows to update to their logged state, none of them among `flushed`.
    pub settled: Settling,
}

/// Why a commit did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Another writer took the commit number. Nothing was written.
    #[error("another writer was there first")]
    Fenced,
    /// Nothing was written.
    #[error("the store refused the batch: {0}")]
    Failed(String),
    /// Unknown here whether it was written; only writing the same commit number again can tell.
    #[error("the outcome of the commit is unknown: {0}")]
    Unknown(String),
}

/// Why the store could not answer or be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database returned an error or is unreachable.
    #[error("ledger store: {0}")]
    Database(#[from] sqlx::Error),
    /// It could not be opened with the required settings.
    #[error(transparent)]
    Open(#[from] db::Error),
    /// It has data that no release wrote.
    #[error("ledger store: {0}")]
    Damaged(String),
    /// A newer program wrote to the book, in a way this one can't read.
    #[error("commit {commit_no} is of format {format}, this program knows up to {known}; start a newer program")]
    TooNew {
        /// The commit.
        commit_no: i64,
        /// Its format.
        format: i64,
        /// The newest format this program knows.
        known: i64,
    },
    /// A book of this name exists with another mode or region.
    #[error("book {0} exists with another mode or region")]
    BookExists(String),
    /// Written here, but it is unknown whether it is where it must survive.
    #[error("ledger store: not yet safe: {0}")]
    Unsettled(String),
    /// Made for tests of failure.
    #[error("injected: {0}")]
    Injected(&'static str),
}

impl Error {
    /// Whether the database was unreachable or busy: a retry may succeed. Says nothing about whether a failed write happened.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Database(source) | Self::Open(db::Error::Sqlx { cause: source, .. }) => db::is_passing(source),
            Self::Unsettled(_) => true,
            Self::Open(_) | Self::Damaged(_) | Self::TooNew { .. } | Self::BookExists(_) | Self::Injected(_) => false,
        }
    }
}

/// A row of the log of standings: the commit that wrote it, and its standings, by key.
pub type LogRow = (i64, Vec<Standing>);

/// The head, accounts as rows and log have them, and transfers that these may lack.
pub type Tail = (Commit, Vec<BookAccount>, Vec<Transfer>);

/// A walk back along an account's chain of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walk {
    /// The newest transfer, where the walk begins.
    pub from_no: i64,
    /// The walk ends before this number.
    pub above_no: i64,
    /// The most transfers.
    pub limit: i64,
}

/// Where a list of debit limits begins: they are in the order of their accounts, and of their kinds of windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LimitPlace {
    /// The account's key.
    pub account: i64,
    /// The code of the kind of window.
    pub window: i64,
}

/// Where a list of checkpoints begins: they are in the order of their accounts, and of their transfers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CheckpointPlace {
    /// The account's key.
    pub account: i64,
    /// The number of the transfer.
    pub no: i64,
}

/// A durable store of books.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Ends its connections, where something is left behind otherwise. Only once nobody uses the store: whatever it is asked for afterwards fails.
    async fn close(&self) {}
    /// Creates a book or returns the existing one; another mode or region is [`Error::BookExists`].
    async fn create_book(&self, book: &Book) -> Result<Book, Error>;
    /// All books, ordered by name.
    async fn books(&self) -> Result<Vec<Book>, Error>;
    /// The last commit; `None` for a book without any.
    async fn head(&self, book: i64) -> Result<Option<Commit>, Error>;
    /// Commits from this number on, in order, at most `limit`.
    async fn commits(&self, book: i64, from: i64, limit: i64) -> Result<Vec<Commit>, Error>;
    /// When the event at this place was committed, in microseconds since the Unix epoch.
    async fn commit_time(&self, book: i64, seq: i64) -> Result<Option<i64>, Error>;
    /// Rows of the log of standings from this commit on, in order, at most `limit`.
    async fn logged(&self, book: i64, from_commit: i64, limit: i64) -> Result<Vec<LogRow>, Error>;
    /// The account rows with these names, as last written; the log may be newer.
    async fn accounts_by_name(&self, book: i64, names: &[String]) -> Result<Vec<BookAccount>, Error>;
    /// The account rows with these keys, as last written.
    async fn accounts_by_key(&self, book: i64, keys: &[i64]) -> Result<Vec<BookAccount>, Error>;
    /// Account rows after this key, in order, at most `limit`.
    async fn accounts_after(&self, book: i64, key: i64, limit: i64) -> Result<Vec<BookAccount>, Error>;
    /// The existing guards with these keys.
    async fn guards(&self, book: i64, keys: &[String]) -> Result<Vec<(String, GuardState)>, Error>;
    /// Guards after this key, in the store's own order, at most `limit`.
    async fn guards_after(&self, book: i64, key: &str, limit: i64) -> Result<Vec<(String, GuardState)>, Error>;
    /// Holds from this number on, in order, at most `limit`.
    async fn holds_from(&self, book: i64, from_no: i64, limit: i64) -> Result<Vec<Hold>, Error>;
    /// The existing holds with these numbers.
    async fn holds(&self, book: i64, numbers: &[i64]) -> Result<Vec<Hold>, Error>;
    /// Expiry times and numbers of open holds that expire, the earliest first, at most `limit`.
    async fn hold_ends(&self, book: i64, limit: i64) -> Result<Vec<(i64, i64)>, Error>;
    /// All debit limits, including removed ones, from this account and kind of window on, in order, at most `limit`.
    async fn debit_limits(&self, book: i64, from: LimitPlace, limit: i64) -> Result<Vec<Limit>, Error>;
    /// The uses of these ids, for those that are used.
    async fn ids(&self, book: i64, ids: &[Uuid]) -> Result<Vec<(Uuid, IdMeaning)>, Error>;
    /// Used ids at or above this one, in order; the highest if there are more than `limit`.
    async fn ids_from(&self, book: i64, from: Uuid, limit: i64) -> Result<Vec<(Uuid, IdMeaning)>, Error>;
    /// Events from this place on with their transfers, in order, at most `limit`. An unreadable body is an [`Error::Damaged`].
    async fn events(&self, book: i64, from_seq: i64, limit: i64) -> Result<Vec<StoredEvent>, Error>;
    /// The event with this id.
    async fn event_by_id(&self, book: i64, id: Uuid) -> Result<Option<Event>, Error>;
    /// Transfers from this number on, in order, at most `limit`.
    async fn transfers(&self, book: i64, from_no: i64, limit: i64) -> Result<Vec<Transfer>, Error>;
    /// Checkpoints at or after this account's transfer, by account and transfer, at most `limit`; they continue with the next accounts.
    async fn checkpoints(&self, book: i64, from: CheckpointPlace, limit: i64) -> Result<Vec<Checkpoint>, Error>;
    /// An account's transfers from `from_no` backwards while they are above `above_no`, newest first, at most `limit`. Empty if the first is not one
    /// of the account's.
    async fn walk(&self, book: i64, account: i64, walk: Walk) -> Result<Vec<Transfer>, Error>;
    /// The commit of the event at this place; `None` past the last.
    async fn commit_of(&self, book: i64, seq: i64) -> Result<Option<Commit>, Error>;
    /// The last commit at or before this time.
    async fn commit_at(&self, book: i64, time: i64) -> Result<Option<Commit>, Error>;
    /// Commit times of the events at these places, by place; only of those that exist.
    async fn commit_times(&self, book: i64, seqs: &[i64]) -> Result<Vec<(i64, i64)>, Error>;
    /// The existing events at these places, without their transfers.
    async fn bodies(&self, book: i64, seqs: &[i64]) -> Result<Vec<StoredEvent>, Error>;
    /// All transfers of the events at these places, which are given once each, in order.
    async fn transfers_of(&self, book: i64, seqs: &[i64]) -> Result<Vec<Transfer>, Error>;
    /// The head, every account as its row or the log has it, and the transfers they may lack, from one snapshot.
    async fn tail(&self, book: i64) -> Result<Option<Tail>, Error>;
    /// Writes a batch completely or not at all.
    async fn commit(&self, batch: &Arc<Batch>) -> Result<(), CommitError>;
    /// Returns once everything that could be read until now is as durable as an acknowledgement promises. Rows can be readable before that: after a
    /// crash, and on PostgreSQL when a commit's wait for its standby was cancelled.
    async fn settle(&self) -> Result<(), Error>;
    /// Deletes up to `limit` refusals from before this time, in microseconds since the Unix epoch. Returns how many.
    async fn forget_refusals(&self, book: i64, before: i64, limit: i64) -> Result<u64, Error>;
    /// Takes or renews the lease on all books for `owner`, on the database's clock; also takes it from `gone` before it expires, and from whoever has it for longer than
    /// `hold_ms` and a minute from now: that clock was ahead when it was written. Returns the owner who has it. 0 for `hold_ms` gives it back.
    async fn lease(&self, owner: &str, hold_ms: i64, gone: Option<&str>) -> Result<String, Error>;
}

/// Log rows of one read; under load some kilobytes each.
const LOG_PAGE: i64 = 64;

/// The states of accounts that their rows lack, except for the journal's tail.
pub async fn read_log(store: &dyn Store, book: i64) -> Result<LoggedStandings, Error> {
    let (mut log, mut from) = (StandingsLog::default(), 0);
    loop {
        let page = store.logged(book, from, LOG_PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(log.into()) };
        from = last + 1;
        log.extend(page);
    }
}

/// Opens the ledger's store of a database, with migrations applied.
pub async fn open_store(database: &Database) -> Result<Arc<dyn Store>, Error> {
    Ok(match database.engine() {
        Engine::Sqlite => Arc::new(sqlite::SqliteStore::open(database).await?),
        Engine::Postgres => Arc::new(postgres::PostgresStore::open(database).await?),
    })
}
