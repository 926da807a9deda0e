//! What a run has found, for the report to make sense of.
use super::proof::BookProof;
use crate::{
    load::{sample::LatencySample, scenarios::HarmSeen},
    plan::{BenchRow, BenchSlice},
};
use std::{collections::BTreeMap, time::Duration};

/// One measurement of one round.
pub(crate) struct MeasuredRound {
    pub sample: LatencySample,
    /// Processor time of the server, in microseconds.
    pub server_us: Option<u64>,
    /// Processor time of this process, in microseconds.
    pub client_us: Option<u64>,
    /// Processor time of PostgreSQL's processes, in microseconds.
    pub database_us: Option<u64>,
}

impl MeasuredRound {
    pub fn rate(&self) -> f64 {
        self.sample.items as f64 / self.sample.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }
}

/// Everything that a run has found.
#[derive(Default)]
pub(crate) struct BenchFindings {
    /// By what was measured, a measurement for each round.
    pub measured: BTreeMap<(BenchRow, BenchSlice), Vec<MeasuredRound>>,
    /// Peak memory of the server's process in KiB, where the system says.
    pub server_peak_memory_kib: Option<u64>,
    /// What those who meant harm came to, one way after another.
    pub hostile: Vec<HarmFound>,
    /// What was found beside the rates about a book with many accounts.
    pub stored: Option<StoredFacts>,
    /// Gifts that were accepted, and the bytes on disk they took.
    pub accepted: u64,
    /// See `accepted`.
    pub bytes: u64,
    /// What the stored book says, where one was asked.
    pub proof: Option<BookProof>,
}

impl BenchFindings {
    /// Notes a measurement of a round.
    pub fn add(&mut self, row: BenchRow, slice: BenchSlice, measured: MeasuredRound) {
        self.measured.entry((row, slice)).or_default().push(measured);
    }
}

/// What one way to do harm did.
#[derive(Debug, Clone)]
pub(crate) struct HarmFound {
    pub name: &'static str,
    /// Goodput beside it to goodput without it, in each round.
    pub ratios: Vec<f64>,
    pub seen: HarmSeen,
    /// What the server had right after it, the most of all rounds.
    pub memory_kib: Option<u64>,
}

/// How the book was filled.
#[derive(Debug, Clone)]
pub(crate) struct BookFill {
    pub transfers: u64,
    pub took: Duration,
    pub peak_memory_kib: Option<u64>,
}

/// From the start of a process whose predecessor was killed.
#[derive(Debug, Clone)]
pub(crate) struct RestartTimes {
    /// Until it said that it was ready.
    pub ready: Duration,
    /// Until it had accepted a posting.
    pub first_posting: Duration,
    /// What it said last before that, if it refused to.
    pub excuse: Option<String>,
}

/// What was found beside the rates.
#[derive(Debug, Clone)]
pub(crate) struct StoredFacts {
    pub accounts: u64,
    /// Before the measurements.
    pub transfers: u64,
    pub cache_mib: u32,
    /// None: an earlier run has filled it.
    pub fill: Option<BookFill>,
    pub bytes: u64,
    pub restarts: Vec<RestartTimes>,
    /// The most any of the processes had that served the filled book.
    pub peak_memory_kib: Option<u64>,
    /// Gifts this run has sent to it.
    pub accepted: u64,
    pub problem: Option<String>,
}
