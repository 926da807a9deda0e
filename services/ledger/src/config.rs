//! The ledger's options.

use crate::clock::LedgerClock;
use chart::{InvalidPoster, OwnPoster, OwnPosters};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::path::PathBuf;

/// Default mebibytes of memory for the cache of each book.
pub const CACHE_MIB: u32 = 256;

/// The largest value allowed: a tebibyte.
pub const CACHE_MIB_MAX: u32 = 1 << 20;

/// The most that ids may be ahead: an hour. A clock that is further off, such as by a time zone, has to be corrected instead.
const CLOCK_AHEAD_MAX_MS: u64 = 3_600_000;

/// Bytes that an account takes in memory with its name and its places in both indexes, when these are as full as they get, and a quarter of a guard and
/// of a hold: a quarter as many of those are kept. Computed from their sizes, rounded up.
const ACCOUNT_BYTES: usize = 244;

/// Options of the ledger. The defaults suit a machine with two cores and a gigabyte of memory.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// Requests that may wait per book; further requests are refused with OVERLOADED at once.
    pub queue_max: usize,
    /// Maximum requests in one commit.
    pub batch_max: usize,
    /// Milliseconds that a commit should take: batches shrink while commits take more than twice this time, and grow while they take less than it.
    pub commit_target_ms: u64,
    /// Mebibytes of memory per book for accounts, guards and holds. Dirty accounts, which are newer than their rows, are never dropped.
    #[serde(rename = "cache_mib", serialize_with = "to_mib", deserialize_with = "from_mib")]
    #[schemars(with = "u32")]
    pub cache_max: usize,
    /// When a book has more dirty accounts than this, each commit also writes some of them to account_log.
    pub dirty_max: usize,
    /// When a restart would have to replay more events of a book than this, each commit also writes the accounts that are dirty for longest to account_log.
    pub replay_max: i64,
    /// When more accounts of a book than this have a newer state in account_log than in their rows, each commit also updates some of the rows. A restart reads
    /// the log, which has at most several times as many entries.
    pub logged_max: usize,
    /// Ids of answered requests kept in memory per book; older ids are looked up in the store.
    pub ids_max: usize,
    /// Milliseconds for which a refusal is stored as the answer to its id, and the age up to which an unknown request id counts as new.
    pub refusal_retention_ms: u64,
    /// Milliseconds by which the time of a request id may be ahead of the ledger's clock, 3600000 at most. Ids further ahead are refused with
    /// REQUEST_ID_TIME, which reports the ledger's time.
    pub clock_ahead_max_ms: u64,
    /// Milliseconds for which a lease is valid on the database's clock; it is renewed after a third of this time. 0: no lease; then only the fence (the unique
    /// number of each commit) prevents two writers.
    pub lease_ms: u64,
    /// Directory outside the database where the books' heads (number and hash of the last commit) are recorded for `verify`. If not set, they are not recorded;
    /// in a sandbox the default is `heads` in the data directory.
    pub heads_dir: Option<PathBuf>,
    /// Milliseconds between two recorded heads of a book that has new commits. Each record costs one fsync.
    pub heads_every_ms: u64,
    /// Heartbeat interval of WatchJournal, in milliseconds.
    pub watch_heartbeat_ms: u64,
    /// Milliseconds after which a watch of the journal ends, with a cursor to resume from. When the watchers reconnect, they are distributed over all
    /// processes.
    pub watch_age_max_ms: u64,
    /// Milliseconds after which a PostStream ends gracefully. The caller then opens another, which may be at another process.
    pub stream_age_max_ms: u64,
    /// What services of your own may post: a row for each kind of posting and pair of accounts. A service of yours without a row can't post anything;
    /// Largesse's own services need no rows here. `verify` and the monitor use these rows too.
    pub posters: Vec<PosterSettings>,
    /// Subjects of service tokens that may post anything; for tests.
    #[serde(skip)]
    pub unbounded: Vec<String>,
    /// Where time comes from; anything but the system's clock is for tests.
    #[serde(skip)]
    pub clock: LedgerClock,
}

/// A row for a service of your own: what it may post.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PosterSettings {
    /// The subject of the service's token (role `service`); not the name of one of Largesse's services.
    pub service: String,
    /// The kind of the postings, [a-z0-9_.]{1,64}; not one of Largesse's kinds.
    pub kind: String,
    /// The accounts that may be debited: a name with `*` for the user, and a currency or `*` for all currencies, such as `viewer/*/coins` or
    /// `creator/*/payable/*`. Names that begin with `house/` are the company's own accounts.
    pub debit: String,
    /// The accounts that may be credited, in the same form.
    pub credit: String,
    /// Whether these postings may take an account below zero (`allow_debt`).
    pub allow_debt: bool,
}

impl PosterSettings {
    /// The row, or what is wrong with it.
    pub fn row(&self) -> Result<OwnPoster, InvalidPoster> {
        OwnPoster::try_new(&self.service, &self.kind, &self.debit, &self.credit, self.allow_debt)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            queue_max: 65_536,
            batch_max: 4_096,
            commit_target_ms: 5,
            cache_max: cached_in(CACHE_MIB),
            dirty_max: 32_768,
            replay_max: 200_000,
            logged_max: 400_000,
            ids_max: 500_000,
            refusal_retention_ms: money::AGE_MAX_MS,
            clock_ahead_max_ms: money::AHEAD_MAX_MS,
            lease_ms: 3_000,
            heads_dir: None,
            heads_every_ms: 10_000,
            watch_heartbeat_ms: 10_000,
            watch_age_max_ms: 3_600_000,
            stream_age_max_ms: 3_600_000,
            posters: Vec::new(),
            unbounded: Vec::new(),
            clock: LedgerClock::System,
        }
    }
}

const fn cached_in(mib: u32) -> usize {
    (mib as usize * 1024 * 1024) / ACCOUNT_BYTES
}

fn from_mib<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    match u32::deserialize(from)? {
        mib @ 1..=CACHE_MIB_MAX => Ok(cached_in(mib)),
        mib => Err(serde::de::Error::custom(format!("{mib} is not 1 to {CACHE_MIB_MAX} mebibytes"))),
    }
}

fn to_mib<S: Serializer>(accounts: &usize, into: S) -> Result<S::Ok, S::Error> {
    into.serialize_u64((accounts * ACCOUNT_BYTES).div_ceil(1024 * 1024) as u64)
}

/// An option that is out of its bounds.
#[derive(Debug, thiserror::Error)]
#[error("{option} must be {bounds}")]
pub struct InvalidLedgerConfig {
    /// The option's name.
    pub option: &'static str,
    /// The values allowed.
    pub bounds: &'static str,
}

impl Config {
    /// Refuses values with which nothing could be accepted or answered, before anything starts.
    pub fn check(&self) -> Result<(), InvalidLedgerConfig> {
        let positive = [
            ("queue_max", self.queue_max as u64),
            ("batch_max", self.batch_max as u64),
            ("commit_target_ms", self.commit_target_ms),
            ("ids_max", self.ids_max as u64),
            ("refusal_retention_ms", self.refusal_retention_ms),
            ("heads_every_ms", self.heads_every_ms),
            ("watch_heartbeat_ms", self.watch_heartbeat_ms),
            ("watch_age_max_ms", self.watch_age_max_ms),
            ("stream_age_max_ms", self.stream_age_max_ms),
        ];
        match positive.into_iter().find(|(_, value)| *value == 0) {
            Some((option, _)) => Err(InvalidLedgerConfig { option, bounds: "1 or more" }),
            None if self.clock_ahead_max_ms > CLOCK_AHEAD_MAX_MS => {
                Err(InvalidLedgerConfig { option: "clock_ahead_max_ms", bounds: "0 to 3600000" })
            }
            None if self.replay_max < 0 => Err(InvalidLedgerConfig { option: "replay_max", bounds: "0 or more" }),
            None => Ok(()),
        }
    }

    /// What is wrong with rows of `posters`, each with its key, such as `posters.0.debit`.
    #[must_use]
    pub fn poster_problems(&self) -> Vec<(String, String)> {
        let rows = self.posters.iter().enumerate().map(|(at, row)| (at, row.row()));
        rows.filter_map(|(at, row)| row.err().map(|wrong| (format!("posters.{at}.{}", wrong.key), wrong.why))).collect()
    }

    /// The rows of services of your own. An invalid row allows nothing; [`Self::poster_problems`] says why.
    #[must_use]
    pub fn own_posters(&self) -> OwnPosters {
        self.posters.iter().filter_map(|row| row.row().ok()).collect()
    }

    /// Sets the memory for each book's cache.
    #[must_use]
    pub fn with_cache_mib(self, mib: u32) -> Self {
        Self { cache_max: cached_in(mib), ..self }
    }
}
