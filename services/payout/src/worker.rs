//! Drives every payout that is due, after requests, time-outs and restarts alike.

use crate::{payouts::Payouts, store::payouts::PayoutKey};
use money::time::unix_ms;
use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

/// Shortest sleep: a payout stays due until its driver has claimed it, and checking again at once would only find it again.
const PAUSE: Duration = Duration::from_millis(5);

/// Runs until `shutdown`. Payouts in flight are then dropped as they are and continue at the next start.
pub async fn run(payouts: Arc<Payouts>, shutdown: CancellationToken) {
    let mut worker = Worker { payouts, driving: JoinSet::new(), resting: HashMap::new() };
    loop {
        while let Some(ended) = worker.driving.try_join_next() {
            worker.ended(ended);
        }
        let free = worker.payouts.config.in_flight_max.saturating_sub(worker.driving.len());
        // With every place taken nothing can be started, so the store is not queried until one is free.
        let pause = if free == 0 { None } else { Some(worker.start_due(free).await) };
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = worker.payouts.wake.notified(), if pause.is_some() => {}
            Some(ended) = worker.driving.join_next() => worker.ended(ended),
            () = tokio::time::sleep(pause.unwrap_or_default()), if pause.is_some() => {}
        }
    }
}

/// The key of a payout that was driven, if that failed.
type Driven = Option<PayoutKey>;

struct Worker {
    payouts: Arc<Payouts>,
    driving: JoinSet<Driven>,
    /// Payouts that failed, and until when they are skipped: one that can't even be claimed is still due, and would be found again at once.
    resting: HashMap<PayoutKey, Instant>,
}

impl Worker {
    fn ended(&mut self, ended: Result<Driven, JoinError>) {
        if let Ok(Some(payout_key)) = ended {
            self.resting.insert(payout_key, Instant::now() + self.payouts.config.poll_delay);
        }
    }

    /// Starts due payouts, as far as there are places; returns how long to rest.
    async fn start_due(&mut self, free: usize) -> Duration {
        let now = Instant::now();
        self.resting.retain(|_, until| *until > now);
        let now_ms = unix_ms(SystemTime::now());
        let limit = i64::try_from(free.saturating_add(self.resting.len())).unwrap_or(i64::MAX);
        let due_keys = match self.payouts.store.due(now_ms, limit).await {
            Ok(due_keys) => due_keys,
            Err(error) => {
                tracing::error!(%error, "due payouts can't be read");
                return rest(None, now_ms, self.payouts.config.poll_delay);
            }
        };
        for payout_key in due_keys.into_iter().filter(|payout_key| !self.resting.contains_key(payout_key)).take(free) {
            let payouts = self.payouts.clone();
            self.driving.spawn(async move {
                let error = payouts.drive(&payout_key).await.err()?;
                tracing::error!(payout_id = %payout_key.payout_id, %error, "a payout's step failed; it is retried after its lease");
                Some(payout_key)
            });
        }
        let next = if self.resting.is_empty() { self.payouts.store.next_due_at_ms().await.ok().flatten() } else { None };
        rest(next, unix_ms(SystemTime::now()), self.payouts.config.poll_delay)
    }
}

/// The time until the next payout is due, within bounds.
fn rest(next_due_at_ms: Option<i64>, now_ms: i64, poll_delay: Duration) -> Duration {
    let wait_ms = next_due_at_ms.map_or(i64::MAX, |due_at_ms| due_at_ms.saturating_sub(now_ms));
    Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0)).clamp(PAUSE, poll_delay.max(PAUSE))
}

#[cfg(test)]
mod tests;
