//! The results of a run, as input of the report.
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

/// All results of a run.
#[derive(Default)]
pub(crate) struct BenchFindings {
    /// By row and measurement, one entry for each round.
    pub measured: BTreeMap<(BenchRow, BenchSlice), Vec<MeasuredRound>>,
    /// Peak memory of the server's process in KiB, where the system reports it.
    pub server_peak_memory_kib: Option<u64>,
    /// The results of the attacks, in order.
    pub hostile: Vec<HarmFound>,
    /// Further results for a book with many accounts.
    pub stored: Option<StoredFacts>,
    /// Accepted gifts, and the bytes on disk that they took.
    pub accepted: u64,
    /// See `accepted`.
    pub bytes: u64,
    /// What was checked of payouts, in the order of their rows.
    pub payouts: Vec<PayoutFacts>,
    /// The result of verifying the stored book, if that was done.
    pub proof: Option<BookProof>,
}

impl BenchFindings {
    /// Adds a measurement of a round.
    pub fn add(&mut self, row: BenchRow, slice: BenchSlice, measured: MeasuredRound) {
        self.measured.entry((row, slice)).or_default().push(measured);
    }
}

/// Results for a row of payouts, beside its rate and latencies.
#[derive(Debug, Clone)]
pub(crate) struct PayoutFacts {
    pub row: BenchRow,
    /// Payouts that ended at the person paid.
    pub settled: u64,
    /// Until the lines of a run were stored and checked; zero without a run.
    pub checked_in: Duration,
    pub peak_memory_kib: Option<u64>,
    /// Where the books differ.
    pub problem: Option<String>,
}

/// The result of one attack.
#[derive(Debug, Clone)]
pub(crate) struct HarmFound {
    pub name: &'static str,
    /// Ratio of goodput with the attack to goodput without it, in each round.
    pub ratios: Vec<f64>,
    pub seen: HarmSeen,
    /// The server's memory right after it, the maximum of all rounds.
    pub memory_kib: Option<u64>,
}

/// How the book was filled.
#[derive(Debug, Clone)]
pub(crate) struct BookFill {
    pub transfers: u64,
    pub took: Duration,
    pub peak_memory_kib: Option<u64>,
}

/// Times from the start of a process whose predecessor was killed.
#[derive(Debug, Clone)]
pub(crate) struct RestartTimes {
    /// Until it printed that it was ready.
    pub ready: Duration,
    /// Until it had accepted a posting.
    pub first_posting: Duration,
    /// The last refusal before that, if there was one.
    pub excuse: Option<String>,
}

/// Results for the book with many accounts, beside the rates.
#[derive(Debug, Clone)]
pub(crate) struct StoredFacts {
    pub accounts: u64,
    /// Transfers in the book before the measurements.
    pub transfers: u64,
    pub cache_mib: u32,
    /// `None`: an earlier run has filled it.
    pub fill: Option<BookFill>,
    pub bytes: u64,
    pub restarts: Vec<RestartTimes>,
    /// The maximum memory of the processes that served the filled book.
    pub peak_memory_kib: Option<u64>,
    /// Gifts that this run has sent to it.
    pub accepted: u64,
    pub problem: Option<String>,
}
