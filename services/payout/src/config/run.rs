//! Options of runs of payouts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Items of a run that are registered in one transaction: as many as the rows of one statement.
pub const PORTION: usize = 64;

/// How fast runs are paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RunConfig {
    /// Items of all runs that this process requests in a second; 0: as many as it can. Default 50.
    pub items_per_second: u32,
    /// Payouts in flight at one bank, of runs or not, up to which items of runs are requested. Default 500: others keep their share of the bank. Payouts that wait
    /// for a rail, for money or for people don't count.
    pub in_flight_per_bank_max: u32,
    /// How long a run may wait for its approval, in seconds, before it expires: counted from when its lines were found good, or from its creation while lines are
    /// awaited. What its creators have, and whose the accounts are, was checked then. Default seven days; 0: it never expires.
    #[serde(rename = "approval_expiry_s", with = "settings::seconds")]
    #[schemars(with = "u64")]
    pub approval_expiry: Duration,
}

impl Default for RunConfig {
    fn default() -> Self {
        Self { items_per_second: 50, in_flight_per_bank_max: 500, approval_expiry: Duration::from_secs(7 * 86_400) }
    }
}

impl RunConfig {
    /// How many items are worth a round: each costs the same few statements and commits, however few items it requests.
    #[must_use]
    pub fn portion(&self) -> usize {
        usize::try_from(self.in_flight_per_bank_max / 2).unwrap_or(PORTION).clamp(1, PORTION)
    }
}
