//! Options of what comes after a payout was paid: returns and recalls.

use super::CostPolicy;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Returns and recalls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ReturnsConfig {
    /// Who bears what a returning bank keeps: `house` or `creator`. Default `house`: the creator gets back what was paid.
    pub charge_bearer: CostPolicy,
    /// How long a recall waits for the bank's answer, in seconds, on rails whose records have no such time (`recall_answer`, as `largesse rails show` prints it).
    /// Default 30 days: another bank's people decide. A later answer is still taken.
    #[serde(rename = "recall_expiry_s", with = "settings::seconds")]
    #[schemars(with = "u64")]
    pub recall_expiry: Duration,
    /// Longest delay between two questions what became of a recall, in milliseconds. Default an hour: another bank's people decide.
    #[serde(rename = "recall_ask_delay_max_ms", with = "settings::millis")]
    #[schemars(with = "u64")]
    pub recall_ask_delay_max: Duration,
}

impl Default for ReturnsConfig {
    fn default() -> Self {
        Self {
            charge_bearer: CostPolicy::House,
            recall_expiry: Duration::from_secs(30 * 86_400),
            recall_ask_delay_max: Duration::from_secs(3_600),
        }
    }
}
