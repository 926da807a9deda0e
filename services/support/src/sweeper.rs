//! What was approved and not done, because a process crashed or the ledger was down, is done after a while.
use crate::{acts::now_ms, proposals::Proposals};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between two looks.
const INTERVAL: Duration = Duration::from_secs(5);
/// How long an approval is left to the call that brought it.
const PATIENCE_MS: i64 = 10_000;
/// Proposals of one look; the rest waits for the next.
const BATCH_MAX: i64 = 100;

/// Until shutdown.
pub(crate) async fn run(proposals: Proposals, shutdown: CancellationToken) {
    let mut looks = tokio::time::interval(INTERVAL);
    while shutdown.run_until_cancelled(looks.tick()).await.is_some() {
        let left = match proposals.store.approved_before(now_ms() - PATIENCE_MS, BATCH_MAX).await {
            Ok(left) => left,
            Err(error) => {
                tracing::warn!(%error, "could not look for approved proposals");
                continue;
            }
        };
        for proposal in left {
            let id = proposal.id;
            if let Err(error) = rpc::deadline::within(INTERVAL, proposals.enact(proposal)).await {
                tracing::warn!(%error, proposal = %id, "an approved proposal could not be done yet");
            }
        }
    }
}
