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

/// Options of the ledger. Every default is meant for two cores and a gigabyte.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// Requests that may wait per book; further ones are answered OVERLOADED at once.
    pub queue_max: usize,
    /// Requests of one commit at most.
    pub batch_max: usize,
    /// Milliseconds a commit should take: batches shrink when it takes more than twice that, and grow when it takes less.
    pub commit_target_ms: u64,
    /// Accounts kept in memory per book, and a quarter as many guards and holds; dirty ones are kept regardless. In a file, as mebibytes that all of
    /// this takes.
    #[serde(rename = "cache_mib", serialize_with = "to_mib", deserialize_with = "from_mib")]
    #[schemars(with = "u32")]
    pub cache_max: usize,
    /// Dirty accounts per book above which each commit also flushes some to account_log.
    pub dirty_max: usize,
    /// Events a restart may have to replay per book, before each commit logs old accounts.
    pub replay_max: i64,
    /// Accounts per book whose rows may be behind the store's log, before each commit brings rows up to date. A restart reads the log, which has
    /// several times as many rows at most.
    pub logged_max: usize,
    /// Ids of answered requests kept in memory per book; older ones are read from the store.
    pub ids_max: usize,
    /// Milliseconds a refusal is kept as the answer, and the age up to which an unknown request id is taken for new.
    pub refusal_retention_ms: u64,
    /// Milliseconds a request id may be ahead of the ledger's clock, 3600000 at most. Callers whose clock is further ahead are refused with
    /// REQUEST_ID_TIME, which reports the ledger's time.
    pub clock_ahead_max_ms: u64,
    /// Milliseconds a lease is valid on the database's clock; renewed at a third of it. 0: no lease, the fence alone decides.
    pub lease_ms: u64,
    /// Directory, outside the database, where the books' heads are recorded for `verify`. None: nowhere; in a sandbox `heads` in the data directory.
    pub heads_dir: Option<PathBuf>,
    /// Milliseconds between recorded heads of a book that has new commits; one fsync each.
    pub heads_every_ms: u64,
    /// Heartbeat interval of WatchJournal, in milliseconds.
    pub watch_heartbeat_ms: u64,
    /// Milliseconds after which a watch of the journal ends, with a cursor to resume from: so that watchers spread over processes again.
    pub watch_age_max_ms: u64,
    /// Milliseconds after which a PostStream ends in good order: the caller opens another, on any process that accepts it.
    pub stream_age_max_ms: u64,
    /// Services of your own that post, a row for each kind and pair of accounts. Without a row a service's token can't post anything; Largesse's own
    /// services have theirs. `verify` and the monitor read them too.
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
    /// The subject of its token (role `service`); none of Largesse's services.
    pub service: String,
    /// The kind of its postings, [a-z0-9_.]{1,64}; none of Largesse's kinds.
    pub kind: String,
    /// The accounts to debit: a name with `*` for its user, and a currency or `*` for all, such as `viewer/*/coins` or `creator/*/payable/*`.
    pub debit: String,
    /// The accounts to credit, in the same form.
    pub credit: String,
    /// Whether `allow_debt` may take an account below zero.
    pub allow_debt: bool,
}

impl PosterSettings {
    /// The row, or what is wrong with it.
    pub fn row(&self) -> Result<OwnPoster, InvalidPoster> {
        OwnPoster::try_new(&self.service, &self.kind, (&self.debit, &self.credit), self.allow_debt)
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
