//! Carries out approved proposals that were left undone because a process crashed or the ledger was down.
use crate::{acts::now_ms, domain::PutOff, error::Error, proposals::Proposals};
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
        if let Err(error) = sweep(&proposals, now_ms()).await {
            tracing::warn!(%error, "could not read approved proposals, or put one off");
        }
    }
}

/// One run as of `now_ms`: tries each proposal that is due once. Returns how many it tried and did not end.
pub(crate) async fn sweep(proposals: &Proposals, now_ms: i64) -> Result<usize, Error> {
    let mut left = 0;
    for (proposal, tries) in proposals.store.due(now_ms, now_ms - PATIENCE_MS, BATCH_MAX).await? {
        let again_at_ms = now_ms.saturating_add(PutOff::SWEEPER.after_ms(tries));
        // Before it is tried, so that one which hangs or takes the process down is put off as well.
        proposals.store.put_off(&proposal, again_at_ms).await?;
        let id = proposal.id;
        if let Err(error) = rpc::deadline::within(INTERVAL, proposals.enact(proposal)).await {
            left += 1;
            tracing::warn!(%error, proposal = %id, tries = tries + 1, "an approved proposal could not be carried out yet; it is tried again later");
        }
    }
    Ok(left)
}

/// Ends waits that are longer than any rule allows; of which tables, and how many rows of each.
pub(crate) async fn end_impossible_waits(proposals: &Proposals, now_ms: i64) -> Result<Vec<(&'static str, u64)>, sqlx::Error> {
    proposals.store.end_impossible_waits(PutOff::SWEEPER.after_ms(i64::MAX), now_ms).await
}
