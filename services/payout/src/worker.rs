//! Drives every payout that is due, after requests, time-outs and restarts alike.

use crate::payouts::Payouts;
use money::time::unix_ms;
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Shortest sleep: a payout stays due until its driver has claimed it, and looking again at once would only find it again.
const PAUSE: Duration = Duration::from_millis(5);

/// Runs until `shutdown`. What is under way then is dropped where it stands and goes on at the next start.
pub async fn run(payouts: Arc<Payouts>, shutdown: CancellationToken) {
    let mut driving = JoinSet::new();
    loop {
        while driving.try_join_next().is_some() {}
        start_due(&payouts, &mut driving).await;
        let pause = pause(&payouts).await;
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = payouts.wake.notified() => {}
            Some(_) = driving.join_next() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn start_due(payouts: &Arc<Payouts>, driving: &mut JoinSet<()>) {
    let free = payouts.config.in_flight_max.saturating_sub(driving.len());
    if free == 0 {
        return;
    }
    let due = payouts.store.due(unix_ms(SystemTime::now()), i64::try_from(free).unwrap_or(i64::MAX)).await;
    match due {
        Ok(due_keys) => {
            for payout_key in due_keys {
                let payouts = payouts.clone();
                driving.spawn(async move {
                    if let Err(error) = payouts.drive(&payout_key).await {
                        tracing::error!(payout_id = %payout_key.payout_id, %error, "a payout's step failed; it is tried again after its lease");
                    }
                });
            }
        }
        Err(error) => tracing::error!(%error, "due payouts can't be read"),
    }
}

/// Until the next payout is due, within bounds.
async fn pause(payouts: &Payouts) -> Duration {
    let next = payouts.store.next_due_at_ms().await.ok().flatten();
    let wait_ms = next.map_or(i64::MAX, |due_at_ms| due_at_ms.saturating_sub(unix_ms(SystemTime::now())));
    let wait = Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0));
    wait.clamp(PAUSE, payouts.config.poll_delay.max(PAUSE))
}
