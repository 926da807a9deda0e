//! Deletes refusals that are older than their promised retention, and only those.
use crate::{
    config::Config,
    store::{self, Store},
};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// How often old refusals are searched for, and how many are deleted at a time.
const EVERY: Duration = Duration::from_secs(600);
const AT_ONCE: i64 = 500;

pub(super) async fn run(store: Arc<dyn Store>, config: Config, stop: CancellationToken) {
    let mut tick = tokio::time::interval(EVERY);
    while stop.run_until_cancelled(tick.tick()).await.is_some() {
        if let Err(why) = forget_old(&*store, &config).await {
            tracing::warn!(%why, "can't delete old refusals now");
        }
    }
}

/// Deletes the refusals whose ids would by now be refused for their own time, so that nobody is charged for a refused request. Age is measured by the
/// books' own time, as for those ids: a clock that was wrong for a while deletes none of them. And an id may have been ahead of the clock when it was
/// refused.
pub async fn forget_old(store: &dyn Store, config: &Config) -> Result<(), store::Error> {
    let kept_ms = config.refusal_retention_ms.saturating_add(config.clock_ahead_max_ms);
    let kept = i64::try_from(kept_ms).unwrap_or(i64::MAX).saturating_mul(1000);
    for book in store.books().await? {
        let Some(head) = store.head(book.key).await? else { continue };
        let before = head.time.saturating_sub(kept);
        while store.forget_refusals(book.key, before, AT_ONCE).await? >= AT_ONCE.unsigned_abs() {
            // In small steps, so that a commit never waits long for it.
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}
