//! What the service does about sweeps and forecasts by itself: it runs the rules, and says what is short or not over.
use super::{SweepDecision, SweepRun};
use crate::{error::Error, meters, treasury::Treasury};
use std::time::Duration;
use telemetry::unfinished::UnfinishedCount;
use tokio_util::sync::CancellationToken;

/// Pause between two runs of the rules: times of rules are minutes.
const RUN_EVERY: Duration = Duration::from_mins(1);
/// Who asks for what no person asks for.
const SERVICE: &str = "treasury";

impl Treasury {
    /// Runs the rules every minute until `shutdown`; any number of processes may. Without rules it ends at once.
    pub(crate) async fn follow_sweeps(self, shutdown: CancellationToken) {
        if self.terms.sweeps.is_empty() {
            return;
        }
        loop {
            if let Err(error) = self.round_of_sweeps().await {
                tracing::warn!(%error, "the rules of sweeps could not be run; they are in a minute");
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(RUN_EVERY) => {}
            }
        }
    }

    async fn round_of_sweeps(&self) -> Result<(), Error> {
        for outcome in self.run_sweeps(SweepRun::By(SERVICE)).await? {
            if let SweepDecision::Refused(refusal) = &outcome.decision {
                meters::sweep_refused(&outcome.rule, refusal.ban);
            }
        }
        Ok(())
    }

    /// Accounts that will be short when they can be funded next, and sweeps that are not over.
    pub async fn unfinished(&self) -> Result<Vec<UnfinishedCount>, Error> {
        let mut short = 0_u64;
        // Without rows nothing is read: an installation may have no treasury at all.
        if !self.funding.is_empty() {
            for (window, found) in self.forecasts().await? {
                meters::forecast(window, &found);
                short += u64::from(found.forecast_short > 0);
            }
        }
        let open = self.store.open_sweeps(self.book.as_str()).await?;
        let count = |what, state, count, since_ms| UnfinishedCount { what, state, count, since_ms };
        Ok(vec![
            count("treasury_forecast", "short", short, None),
            count("treasury_sweep", "open", open.len() as u64, open.iter().map(|sweep| sweep.planned_at_ms).min()),
        ])
    }
}
