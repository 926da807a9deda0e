//! Carries out approved proposals that were left undone because a process crashed or the ledger was down.
use crate::{acts::now_ms, proposals::Proposals};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Time between two runs.
const INTERVAL: Duration = Duration::from_secs(5);
/// How long an approved proposal is left to the call that approved it.
const PATIENCE_MS: i64 = 10_000;
/// Maximum proposals of one run; the rest waits for the next.
const BATCH_MAX: i64 = 100;

/// Runs until shutdown.
pub(crate) async fn run(proposals: Proposals, shutdown: CancellationToken) {
    let mut looks = tokio::time::interval(INTERVAL);
    while shutdown.run_until_cancelled(looks.tick()).await.is_some() {
        let left = match proposals.store.approved_before(now_ms() - PATIENCE_MS, BATCH_MAX).await {
            Ok(left) => left,
            Err(error) => {
                tracing::warn!(%error, "could not read approved proposals");
                continue;
            }
        };
        for proposal in left {
            let id = proposal.id;
            if let Err(error) = rpc::deadline::within(INTERVAL, proposals.enact(proposal)).await {
                tracing::warn!(%error, proposal = %id, "an approved proposal could not be carried out yet");
            }
        }
    }
}
