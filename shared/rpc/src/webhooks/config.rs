//! Options of webhooks.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Limits on callbacks of banks and notifications of stores, which come over the HTTP listener without a token. Behind a load balancer that hides its callers, all
/// of them have one address: set `in_flight_per_address_max` and the two options of refused calls to 0 there, raise `arriving_per_address_max`, and let the balancer
/// limit addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// How long a call's body may take to arrive after its headers, in milliseconds; then how long the call may wait for its turn.
    pub arrival_ms: u64,
    /// Maximum incomplete calls from one address; when there are more, the oldest is refused.
    pub arriving_per_address_max: usize,
    /// Maximum bytes of calls that arrive or wait for their turn, in the process. When there are more, the oldest are refused.
    pub arriving_bytes_max: usize,
    /// Calls that are checked and stored at once. Further calls wait for their turn.
    pub in_flight_max: usize,
    /// The same of one address; 0 for no limit.
    pub in_flight_per_address_max: usize,
    /// Calls a second that may be refused of one address, such as forged ones, before its further calls are refused unread; 0 for no limit.
    pub refused_per_second: u32,
    /// How many of them may arrive at once.
    pub refused_burst: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            // Stores wait five seconds or longer for an answer.
            arrival_ms: 5_000,
            arriving_per_address_max: 32,
            // Thirty of the longest, and thousands of the usual ones.
            arriving_bytes_max: 16 << 20,
            in_flight_max: 32,
            in_flight_per_address_max: 8,
            refused_per_second: 10,
            refused_burst: 200,
        }
    }
}

impl Config {
    /// Invalid options, and why.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, &'static str)> {
        // The longest callback must fit.
        const LONGEST: usize = 1 << 20;
        let rules = [
            ("arrival_ms", self.arrival_ms > 0, "1 or more"),
            ("arriving_per_address_max", self.arriving_per_address_max > 0, "1 or more"),
            ("arriving_bytes_max", self.arriving_bytes_max >= LONGEST, "1 MiB (1048576) or more"),
            ("in_flight_max", (1..=10_000).contains(&self.in_flight_max), "1 to 10000"),
            ("in_flight_per_address_max", self.in_flight_per_address_max <= 10_000, "at most 10000"),
            ("refused_burst", (self.refused_per_second == 0) == (self.refused_burst == 0), "0 where there is no bound, and only there"),
        ];
        rules.into_iter().filter(|(_, fits, _)| !fits).map(|(option, _, must)| (option, must)).collect()
    }
}
