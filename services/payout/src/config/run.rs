//! Options of runs of payouts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How fast runs are paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RunConfig {
    /// Items of all runs that this process requests in a second; 0: as many as it can. Default 50.
    pub items_per_second: u32,
    /// Payouts in flight at one bank, of runs or not, up to which items of runs are requested. Default 500: others keep their share of the bank. Payouts that wait
    /// for a rail, for money or for people don't count.
    pub in_flight_per_bank_max: u32,
}

impl Default for RunConfig {
    fn default() -> Self {
        Self { items_per_second: 50, in_flight_per_bank_max: 500 }
    }
}
