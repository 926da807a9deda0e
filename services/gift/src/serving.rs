//! Confirms regularly that the catalogue in force is served, so that auditors know what a gift may have cost when it was posted.
use crate::{catalogue::Shelf, prices::RecordedCatalogue, store::Store};
use money::time::Clock;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Time between two confirmations: a fraction of the lateness that an auditor allows for clocks and confirmations.
const INTERVAL: Duration = Duration::from_secs(60);

/// Records what a gift service serves.
#[derive(Clone)]
pub(crate) struct Serving {
    pub store: Store,
    pub shelf: Shelf,
    /// Diamonds per coin, in basis points.
    pub rate: u32,
    pub clock: Clock,
}

impl Serving {
    /// Records that this catalogue is served now.
    pub async fn record(&self, catalogue: &RecordedCatalogue) -> Result<(), sqlx::Error> {
        self.store.serve(catalogue, (self.clock)()).await
    }

    /// Records the catalogue in force.
    pub async fn confirm(&self) -> Result<(), sqlx::Error> {
        let recorded = RecordedCatalogue::of(&self.shelf.current(), self.rate);
        self.record(&recorded).await
    }

    /// Confirms until shutdown, and once more then. The first confirmation is made at the start.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut steps = tokio::time::interval_at(Instant::now() + INTERVAL, INTERVAL);
        loop {
            let last = shutdown.run_until_cancelled(steps.tick()).await.is_none();
            if let Err(error) = self.confirm().await {
                tracing::warn!(%error, "could not confirm which gift catalogue is served; retrying in a minute");
            }
            if last {
                return;
            }
        }
    }
}
