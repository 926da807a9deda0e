//! What the service does about sweeps and forecasts by itself: it runs the rules, and says what is short or not over.
use super::{SweepDecision, SweepRun};
use crate::{error::Error, meters, treasury::Treasury};
use money::time::unix_ms;
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

    /// When the last statement came of each account that waits for one for longer than the settings say, in Unix milliseconds.
    async fn overdue_statements(&self) -> Result<Vec<i64>, Error> {
        let hours = i64::try_from(self.config.statement_overdue_hours).unwrap_or(i64::MAX);
        if hours == 0 {
            return Ok(Vec::new());
        }
        let before_ms = unix_ms((self.clock)()).saturating_sub(hours.saturating_mul(3_600_000));
        let last = self.store.last_statements(self.book.as_str()).await?;
        Ok(last.into_iter().filter(|last_ms| *last_ms < before_ms).collect())
    }

    async fn round_of_sweeps(&self) -> Result<(), Error> {
        for outcome in self.run_sweeps(SweepRun::By(SERVICE)).await? {
            if let SweepDecision::Refused(refusal) = &outcome.decision {
                meters::sweep_refused(&outcome.rule, refusal.ban);
            }
        }
        Ok(())
    }

    /// Accounts that will be short when they can be funded next, sweeps that are not over, statements that do not come, and postings that are decided and not known
    /// to be in the ledger.
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
        let (failing, failing_since_ms) = self.failing.count();
        let overdue = self.overdue_statements().await?;
        let mut counts = vec![
            count("statement_source", "failing", failing, failing_since_ms),
            count("bank_statement", "overdue", overdue.len() as u64, overdue.into_iter().min()),
            count("treasury_forecast", "short", short, None),
            count("treasury_sweep", "open", open.len() as u64, open.iter().map(|sweep| sweep.planned_at_ms).min()),
        ];
        counts.extend(self.unheard().await?);
        Ok(counts)
    }
}
