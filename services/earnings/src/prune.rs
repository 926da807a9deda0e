//! Refusals are deleted after a week, in small steps; quotes that nobody accepted are deleted after a month.
use crate::store::Store;
use money::time::{Clock, millis, unix_ms};
use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;

/// Time between two steps: a step deletes more refusals than an hour brings.
const INTERVAL: Duration = Duration::from_secs(3_600);

/// How long an expired quote that was not accepted is kept: longer than anybody asks about it, and than a refusal of its acceptance is kept.
const QUOTE_RETENTION: Duration = Duration::from_secs(30 * 86_400);

/// Prunes until shutdown.
pub(crate) async fn run(store: Store, clock: Clock, shutdown: CancellationToken) {
    let mut steps = tokio::time::interval(INTERVAL);
    while shutdown.run_until_cancelled(steps.tick()).await.is_some() {
        match prune_quotes(&store, clock()).await {
            Ok(0) => {}
            Ok(count) => tracing::debug!(count, "deleted quotes that nobody accepted"),
            Err(error) => tracing::warn!(%error, "could not delete old quotes; retrying in an hour"),
        }
        let Some(before) = clock().checked_sub(db::requests::REFUSAL_RETENTION) else { continue };
        match store.prune(before).await {
            Ok(0) => {}
            Ok(count) => tracing::debug!(count, "deleted old refusals"),
            Err(error) => tracing::warn!(%error, "could not delete old refusals; retrying in an hour"),
        }
    }
}

/// Deletes quotes due as of `now`, in as many steps as needed; returns how many.
pub(crate) async fn prune_quotes(store: &Store, now: SystemTime) -> Result<u64, sqlx::Error> {
    let before_ms = unix_ms(now).saturating_sub(millis(QUOTE_RETENTION));
    let mut forgotten = 0;
    loop {
        let step = store.prune_quotes(before_ms).await?;
        forgotten += step;
        if step == 0 {
            return Ok(forgotten);
        }
    }
}
