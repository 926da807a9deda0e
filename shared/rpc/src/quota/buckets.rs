//! Allowances that refill steadily (GCRA, ITU-T I.371 annex A): each stores only the time when it will be full again.
use rustc_hash::FxHashMap;
use std::{
    num::NonZeroU32,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Locks; a power of two, so that concurrent callers seldom share one.
const SHARDS: usize = 64;
const NANOS_OF_SECOND: u64 = 1_000_000_000;
const SECONDS_OF_HOUR: u64 = 3_600;
/// The retry delay of a caller that asks for more at once than ever fits.
const NEVER_FITS: Duration = Duration::from_secs(1);

/// When each key's bucket is full again, in nanoseconds since `begun`; full ones are not in it.
type FullTimes = FxHashMap<u64, u64>;

#[derive(Debug)]
pub(crate) struct Buckets {
    shards: Box<[Mutex<FullTimes>]>,
    begun: Instant,
    /// How long one item takes to refill, and all of them.
    item_ns: u64,
    full_ns: u64,
}

/// A bucket with room for the requested items. Nothing is taken until the caller confirms.
pub(crate) struct OpenBucket<'a> {
    times: MutexGuard<'a, FullTimes>,
    key: u64,
    full_at: u64,
}

impl OpenBucket<'_> {
    pub(crate) fn take(mut self) {
        self.times.insert(self.key, self.full_at);
    }
}

impl Buckets {
    pub(crate) fn new(per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        Self::of((NANOS_OF_SECOND / u64::from(per_second.get())).max(1), burst)
    }

    /// A bucket of `per_hour` items that refills in an hour.
    pub(crate) fn hourly(per_hour: NonZeroU32) -> Self {
        Self::of(SECONDS_OF_HOUR * NANOS_OF_SECOND / u64::from(per_hour.get()), per_hour)
    }

    fn of(item_ns: u64, burst: NonZeroU32) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { shards, begun: Instant::now(), item_ns, full_ns: item_ns.saturating_mul(burst.get().into()) }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn times(&self, key: u64) -> MutexGuard<'_, FullTimes> {
        let shard = usize::try_from(key % SHARDS as u64).expect("fewer than there are shards");
        self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bucket of this key if it has room for so many items; otherwise how long until it has.
    pub(crate) fn open(&self, key: u64, items: u32) -> Result<OpenBucket<'_>, Duration> {
        let asked = self.item_ns.saturating_mul(items.into());
        if asked > self.full_ns {
            return Err(NEVER_FITS);
        }
        let (now, times) = (self.now(), self.times(key));
        let full_at = times.get(&key).copied().unwrap_or_default().max(now).saturating_add(asked);
        match full_at.saturating_sub(now).checked_sub(self.full_ns) {
            None | Some(0) => Ok(OpenBucket { times, key, full_at }),
            Some(over) => Err(Duration::from_nanos(over)),
        }
    }

    pub(crate) fn give_back(&self, key: u64, items: u32) {
        if let Some(full_at) = self.times(key).get_mut(&key) {
            *full_at = full_at.saturating_sub(self.item_ns.saturating_mul(items.into()));
        }
    }

    /// Drops the buckets that are full again: a new one would be the same.
    pub(crate) fn forget_full(&self) {
        for shard in &self.shards {
            let now = self.now();
            let mut times = shard.lock().unwrap_or_else(PoisonError::into_inner);
            times.retain(|_, full_at| *full_at > now);
            times.shrink_to_fit();
        }
    }

    /// How many buckets are not full.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }
}
