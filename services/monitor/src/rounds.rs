//! Schedules the audit runs.
use crate::{audit::continuous::ContinuousAudit, config::Config, health::Health};
use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant, SystemTime},
};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How long a run may take. It reads a bounded amount; beyond this time something is stuck.
const RUN_MAX: Duration = Duration::from_secs(120);

/// Runs the audit until `shutdown`, and rests after each run so that it takes no more than its share.
pub(crate) async fn run(mut auditor: ContinuousAudit, config: Config, health: Arc<RwLock<Health>>, shutdown: CancellationToken) {
    loop {
        let started = Instant::now();
        let found = tokio::select! {
            () = shutdown.cancelled() => return,
            // If the database does not answer, the earlier results must not be reported as current.
            found = timeout(RUN_MAX, auditor.look()) => found.unwrap_or_else(|_| Err("an audit run took too long".into())),
        };
        let mut rest = config.rest(started.elapsed());
        {
            let mut health = health.write().unwrap_or_else(PoisonError::into_inner);
            let was_healthy = health.is_healthy();
            match found {
                Ok(found) => {
                    // There is more to check: the next run skips the minimum rest, but keeps to its share.
                    if found.books.values().any(|book| book.behind > i64::from(config.events_max)) {
                        rest = Config { every_ms: 0, ..config.clone() }.rest(started.elapsed());
                    }
                    health.follow(found, SystemTime::now());
                }
                Err(error) => {
                    tracing::warn!(%error, "the ledger audit could not run");
                    health.lost(&error.to_string());
                }
            }
            tell(&health, was_healthy);
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(rest) => {}
        }
    }
}

/// Logs failures after every run, and recovery once.
fn tell(health: &Health, was_healthy: bool) {
    let books = health.books.iter().map(|(name, book)| (name.as_str(), &book.checks));
    for (book, checks) in books.chain([("", &health.checks)]) {
        for (check, found) in checks {
            if let crate::CheckResult::Failed(why) = &found.outcome {
                tracing::error!(book, check, why, "the ledger audit failed");
            }
        }
    }
    if health.is_healthy() && !was_healthy {
        tracing::info!(books = health.books.len(), "the ledger audit passes");
    }
}
