//! The monitor's options.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The monitor's options.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// Minimum milliseconds from the end of one audit run to the start of the next.
    pub every_ms: u64,
    /// The share of one processor that audit runs may take, in percent, 1 to 100. After a long run, the monitor waits longer before the next.
    pub share_percent: u32,
    /// Maximum events of one book checked in one run, 1000 or more.
    pub events_max: u32,
    /// If a book has at most this many accounts, the trial balance is also computed from all account rows. This takes memory for each account.
    pub sums_accounts_max: usize,
    /// Seconds for which the outcome of a payout, a purchase or a conversion may be unknown before the check `unknown_outcomes` fails.
    pub unknown_max_s: u64,
    /// Maximum streams of WatchPayments at the same time; more are refused.
    pub viewers_max: usize,
    /// Milliseconds between two messages of WatchPayments while payments come without a pause. 0: a message for each commit.
    pub watch_every_ms: u64,
    /// Heartbeat interval of WatchPayments, in milliseconds.
    pub watch_heartbeat_ms: u64,
    /// Milliseconds after which a stream of WatchPayments ends; it can be continued.
    pub watch_age_max_ms: u64,
    /// Commits for which a stream of WatchPayments may have been away and still be continued from its cursor.
    pub resume_commits_max: u32,
    /// Milliseconds between two writes of the figures of hours. After a crash, what was committed since the last write is read from the journal again.
    pub figures_write_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            every_ms: 10_000,
            share_percent: 10,
            events_max: 20_000,
            sums_accounts_max: 200_000,
            unknown_max_s: 900,
            viewers_max: 200,
            watch_every_ms: 250,
            watch_heartbeat_ms: 15_000,
            watch_age_max_ms: 3_600_000,
            resume_commits_max: 100_000,
            figures_write_ms: 10_000,
        }
    }
}

/// An option with an invalid value.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{option} must be {bounds}")]
pub struct InvalidMonitorConfig {
    /// The name of the option.
    pub option: &'static str,
    /// The valid values.
    pub bounds: &'static str,
}

impl Config {
    /// Checks that every option has a valid value.
    pub fn check(&self) -> Result<(), InvalidMonitorConfig> {
        let known = [
            ("every_ms", (100..=86_400_000).contains(&self.every_ms), "100 to 86400000"),
            ("share_percent", (1..=100).contains(&self.share_percent), "1 to 100"),
            ("events_max", (1_000..=10_000_000).contains(&self.events_max), "1000 to 10000000"),
            ("unknown_max_s", (1..=31_536_000).contains(&self.unknown_max_s), "1 to 31536000"),
            ("viewers_max", (1..=100_000).contains(&self.viewers_max), "1 to 100000"),
            ("watch_every_ms", (0..=10_000).contains(&self.watch_every_ms), "0 to 10000"),
            ("watch_heartbeat_ms", (10..=600_000).contains(&self.watch_heartbeat_ms), "10 to 600000"),
            ("watch_age_max_ms", (10..=86_400_000).contains(&self.watch_age_max_ms), "10 to 86400000"),
            ("figures_write_ms", (0..=3_600_000).contains(&self.figures_write_ms), "0 to 3600000"),
        ];
        known.into_iter().find(|(_, holds, _)| !holds).map_or(Ok(()), |(option, _, bounds)| Err(InvalidMonitorConfig { option, bounds }))
    }

    /// How long to rest after a run that took this long.
    pub(crate) fn rest(&self, took: Duration) -> Duration {
        let share = self.share_percent.clamp(1, 100);
        Duration::from_millis(self.every_ms).max(took.saturating_mul(100 - share) / share)
    }
}

#[cfg(test)]
mod tests;
