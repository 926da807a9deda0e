//! Refusals are kept for a week and then forgotten, in small steps.
use crate::{earnings::Clock, store::Store};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between two steps: a step takes away more refusals than an hour brings.
const INTERVAL: Duration = Duration::from_secs(3_600);

/// Until shutdown.
pub(crate) async fn run(store: Store, clock: Clock, shutdown: CancellationToken) {
    let mut steps = tokio::time::interval(INTERVAL);
    while shutdown.run_until_cancelled(steps.tick()).await.is_some() {
        let Some(before) = clock().checked_sub(db::requests::REFUSAL_RETENTION) else { continue };
        match store.prune(before).await {
            Ok(0) => {}
            Ok(count) => tracing::debug!(count, "forgot old refusals"),
            Err(error) => tracing::warn!(%error, "could not forget old refusals; trying again in an hour"),
        }
    }
}
