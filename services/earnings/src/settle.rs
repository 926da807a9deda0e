//! The worker: settles acceptances whose outcome was lost and that nobody retries, so that no conversion stays unknown.
use crate::earnings::Earnings;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Time between two runs.
const INTERVAL: Duration = Duration::from_secs(5);
/// Acceptances of one run; the rest waits for the next.
pub(crate) const BATCH_MAX: i64 = 100;

/// Settles until shutdown.
pub(crate) async fn run(earnings: Earnings, shutdown: CancellationToken) {
    let mut looks = tokio::time::interval(INTERVAL);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while shutdown.run_until_cancelled(looks.tick()).await.is_some() {
        match earnings.settle_due((earnings.clock)(), BATCH_MAX).await {
            Ok(0) => {}
            Ok(settled) => tracing::info!(settled, "settled accepted quotes that nobody retried"),
            Err(error) => tracing::warn!(%error, "could not read accepted quotes; retrying"),
        }
    }
}
