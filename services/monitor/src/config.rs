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
}

impl Default for Config {
    fn default() -> Self {
        Self { every_ms: 10_000, share_percent: 10, events_max: 20_000, sums_accounts_max: 200_000, unknown_max_s: 900 }
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
