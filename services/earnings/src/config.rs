//! Options of the earnings service.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Options of the earnings service. Rates, withholding, fee, minimum and a quote's lifetime are in the rate card, because they are dated facts that a
/// quote must be able to name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// A rate card in place of the built-in one (0.005 USD per diamond, nothing withheld, no fee).
    pub rate_card: Option<PathBuf>,
}
