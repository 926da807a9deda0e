//! Options of the earnings service.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Options of the earnings service. Rates, withholding, fee, minimum and the lifetime of quotes are in the rate card, which has versions, because each quote
/// names the version by which it was computed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// File with the rate card; by default the built-in one (0.005 USD per diamond, nothing withheld, no fee).
    pub rate_card: Option<PathBuf>,
}
