//! The results of a measurement, and its end.
use hdrhistogram::Histogram;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Maximum items of one measurement, whatever time is left: bounds the disk space that a run takes.
pub(crate) const ITEMS_MAX: u64 = 2_000_000;
/// Maximum latency recorded, in microseconds; longer ones count as this.
const LATENCY_US_MAX: u64 = 60_000_000;
/// Latencies and counts of a measurement.
#[derive(Debug, Clone)]
pub(crate) struct LatencySample {
    pub items: u64,
    pub elapsed: Duration,
    pub latency: Histogram<u64>,
    /// How often the overloaded server refused a closed loop's gift, which was then retried.
    pub refused: u64,
    /// The outcomes of an open loop's calls.
    pub volley: Option<CallVolley>,
    started: Instant,
}

impl LatencySample {
    pub fn start() -> Self {
        Self { items: 0, elapsed: Duration::ZERO, latency: microseconds(), refused: 0, volley: None, started: Instant::now() }
    }

    pub fn record(&mut self, items: u64, took: Duration) {
        self.items += items;
        record(&mut self.latency, took);
    }

    pub fn finish(mut self) -> Self {
        self.elapsed = self.started.elapsed();
        self
    }

    pub fn add(&mut self, other: &Self) {
        self.items += other.items;
        self.refused += other.refused;
        self.latency += &other.latency;
    }
}

/// An empty histogram of microseconds.
pub(crate) fn microseconds() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LATENCY_US_MAX, 3).expect("bounds and digits are constants that fit")
}

pub(crate) fn record(histogram: &mut Histogram<u64>, took: Duration) {
    histogram.saturating_record(u64::try_from(took.as_micros()).unwrap_or(LATENCY_US_MAX));
}

/// When a measurement ends.
#[derive(Clone)]
pub(crate) struct SampleEnd {
    at: Instant,
    items: Arc<AtomicU64>,
}

impl SampleEnd {
    pub fn after(slice: Duration) -> Self {
        Self { at: Instant::now() + slice, items: Arc::default() }
    }

    /// Whether `items` more may be sent. The first may be, even where the time was over before a loaded machine got so far: without a call there is nothing
    /// to compare.
    pub fn more(&self, items: u64) -> bool {
        let sent = self.items.fetch_add(items, Ordering::Relaxed);
        sent == 0 || (Instant::now() < self.at && sent < ITEMS_MAX)
    }
}

/// The outcomes of an open loop's calls.
#[derive(Debug, Clone)]
pub(crate) struct CallVolley {
    /// Calls that were due.
    pub meant: u64,
    /// The time over which they were due.
    pub meant_for: Duration,
    /// Calls that were not sent, because too many were unanswered.
    pub unsent: u64,
    /// Calls refused because the server was overloaded, with a time to retry.
    pub overloaded: u64,
    /// Calls with any other failure, counted by kind.
    pub otherwise: BTreeMap<String, u64>,
    /// Failed calls that turned out to be accepted when they were retried.
    pub resolved: u64,
    /// How much later than due calls were sent.
    pub late: Histogram<u64>,
    /// The server's maximum memory meanwhile, in KiB, where the system reports it.
    pub server_memory_kib: Option<u64>,
}

impl CallVolley {
    /// A volley of which nothing has been sent yet.
    pub fn new(meant: u64, meant_for: Duration) -> Self {
        Self {
            meant,
            meant_for,
            unsent: 0,
            overloaded: 0,
            otherwise: BTreeMap::new(),
            resolved: 0,
            late: microseconds(),
            server_memory_kib: None,
        }
    }

    /// Calls with an answer that overload does not explain.
    pub fn told_otherwise(&self) -> u64 {
        self.otherwise.values().sum()
    }

    /// Due calls that were not accepted at once.
    pub fn not_accepted(&self) -> u64 {
        self.unsent + self.overloaded + self.told_otherwise()
    }

    pub fn add(&mut self, other: &Self) {
        self.meant += other.meant;
        self.meant_for += other.meant_for;
        self.unsent += other.unsent;
        self.overloaded += other.overloaded;
        for (kind, count) in &other.otherwise {
            *self.otherwise.entry(kind.clone()).or_default() += count;
        }
        self.resolved += other.resolved;
        self.late += &other.late;
        self.server_memory_kib = self.server_memory_kib.max(other.server_memory_kib);
    }
}

#[cfg(test)]
mod tests;
