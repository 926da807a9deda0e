//! Drives every payout that is due, after requests, time-outs and restarts alike.

use crate::{domain::PayoutKey, payouts::Payouts};
use money::time::unix_ms;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

/// Shortest sleep: a payout stays due until its driver has claimed it, and checking again at once would only find it again.
const PAUSE: Duration = Duration::from_millis(5);

/// Runs until `shutdown`. Payouts in flight are then dropped as they are and continue at the next start.
pub async fn run(payouts: Arc<Payouts>, shutdown: CancellationToken) {
    let mut worker =
        Worker { payouts, tasks: JoinSet::new(), keys: HashMap::new(), places: DriverPlaces::default(), ended: 0, looked: None };
    loop {
        while let Some(ended) = worker.tasks.try_join_next_with_id() {
            worker.ended(ended);
        }
        let free = worker.payouts.config.in_flight_max.saturating_sub(worker.tasks.len());
        let pause = match before_query(free, worker.looked.map(|looked| looked.elapsed())) {
            Some(left) if left.is_zero() => Some(worker.start_due(free).await),
            waiting => waiting,
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = worker.payouts.wake.notified(), if pause.is_some() => {}
            Some(ended) = worker.tasks.join_next_with_id() => worker.ended(ended),
            () = tokio::time::sleep(pause.unwrap_or_default()), if pause.is_some() => {}
        }
    }
}

/// Which payouts are driven in this process now, and which are left alone for a while.
#[derive(Default)]
struct DriverPlaces {
    /// A payout stays due until its driver's claim is committed. A second driver would read it, lose the claim, and have cost as much.
    driven: HashSet<PayoutKey>,
    /// Payouts that failed, and until when they are skipped: one that can't even be claimed is still due, and would be found again at once.
    resting: HashMap<PayoutKey, Instant>,
}

impl DriverPlaces {
    /// How many due payouts to read, so that `free` of them may be startable.
    fn wanted(&mut self, free: usize, now: Instant) -> usize {
        self.resting.retain(|_, until| *until > now);
        free.saturating_add(self.resting.len()).saturating_add(self.driven.len())
    }

    /// Takes places for at most `free` of these due payouts.
    fn start(&mut self, due_keys: Vec<PayoutKey>, free: usize) -> Vec<PayoutKey> {
        let idle = |key: &PayoutKey| !self.driven.contains(key) && !self.resting.contains_key(key);
        let started: Vec<PayoutKey> = due_keys.into_iter().filter(idle).take(free).collect();
        self.driven.extend(started.iter().cloned());
        started
    }

    /// A payout's driver ended; after a failure the payout rests until then.
    fn ended(&mut self, key: PayoutKey, rests_until: Option<Instant>) {
        self.driven.remove(&key);
        if let Some(until) = rests_until {
            self.resting.insert(key, until);
        }
    }
}

struct Worker {
    payouts: Arc<Payouts>,
    /// The drivers; true: it failed.
    tasks: JoinSet<bool>,
    keys: HashMap<Id, PayoutKey>,
    places: DriverPlaces,
    /// Drivers that ended since runs were told that there is room.
    ended: usize,
    /// When due payouts were read last.
    looked: Option<Instant>,
}

impl Worker {
    fn ended(&mut self, ended: Result<(Id, bool), JoinError>) {
        // One that panicked has said so, and is due again after its lease.
        let (task, failed) = ended.unwrap_or_else(|error| (error.id(), false));
        if let Some(payout_key) = self.keys.remove(&task) {
            self.places.ended(payout_key, failed.then(|| Instant::now() + self.payouts.config.poll_delay));
        }
        self.ended += 1;
        if self.ended >= self.payouts.config.runs.portion() {
            self.ended = 0;
            self.payouts.runs_due.notify_one();
        }
    }

    /// Starts due payouts, as far as there are places; returns how long to rest.
    async fn start_due(&mut self, free: usize) -> Duration {
        let now_ms = unix_ms(SystemTime::now());
        self.looked = Some(Instant::now());
        let limit = i64::try_from(self.places.wanted(free, Instant::now())).unwrap_or(i64::MAX);
        let due_keys = match self.payouts.store.due(now_ms, limit).await {
            Ok(due_keys) => due_keys,
            Err(error) => {
                tracing::error!(%error, "due payouts can't be read");
                return rest(None, now_ms, self.payouts.config.poll_delay);
            }
        };
        for payout_key in self.places.start(due_keys, free) {
            let (payouts, driven) = (self.payouts.clone(), payout_key.clone());
            let task = self.tasks.spawn(async move {
                let Err(error) = payouts.drive(&driven).await else { return false };
                tracing::error!(payout_id = %driven.payout_id, %error, "a payout's step failed; it is retried after its lease");
                true
            });
            self.keys.insert(task.id(), payout_key);
        }
        let next = if self.places.resting.is_empty() { self.payouts.store.next_due_at_ms().await.ok().flatten() } else { None };
        rest(next, unix_ms(SystemTime::now()), self.payouts.config.poll_delay)
    }
}

/// How long until the store is queried, so long after the last time; `None`: not before a place is free. With every place taken nothing can be started; and under load
/// a place becomes free every moment, and all that is due and driven already would be read each time.
fn before_query(free: usize, since_last: Option<Duration>) -> Option<Duration> {
    (free > 0).then(|| since_last.map_or(Duration::ZERO, |since_last| PAUSE.saturating_sub(since_last)))
}

/// The time until the next payout is due, within bounds.
fn rest(next_due_at_ms: Option<i64>, now_ms: i64, poll_delay: Duration) -> Duration {
    let wait_ms = next_due_at_ms.map_or(i64::MAX, |due_at_ms| due_at_ms.saturating_sub(now_ms));
    Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0)).clamp(PAUSE, poll_delay.max(PAUSE))
}

#[cfg(test)]
mod tests;
