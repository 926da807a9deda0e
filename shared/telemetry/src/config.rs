//! What can be set of logs and spans, in a file or through the environment under the names OpenTelemetry and Rust programs use.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object per line.
    Json,
}

/// Settings of logs and spans.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// How log lines look. Also LARGESSE_LOG_FORMAT.
    pub log_format: LogFormat,
    /// What is logged, by crate and level. Also RUST_LOG.
    pub log_filter: String,
    /// Where spans go by OTLP over gRPC, such as `http://127.0.0.1:4317`. Empty: no spans are made. Also OTEL_EXPORTER_OTLP_ENDPOINT.
    pub otlp_endpoint: String,
    /// The share of traces started here that are kept, 0 to 1. Also OTEL_TRACES_SAMPLER_ARG.
    #[serde(deserialize_with = "ratio")]
    pub sample_ratio: f64,
}

/// Variables with names of their own, and the options of [`Config`] they set.
pub const ALIASES: [(&str, &str); 4] = [
    ("LARGESSE_LOG_FORMAT", "log_format"),
    ("RUST_LOG", "log_filter"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "otlp_endpoint"),
    ("OTEL_TRACES_SAMPLER_ARG", "sample_ratio"),
];

const DEFAULT_FILTER: &str = "warn,largesse=info,ledger=info,gift=info,purchase=info,earnings=info,payout=info,sandbox=info,\
     rpc=info,db=info,identity=info,telemetry=info";

impl Default for Config {
    fn default() -> Self {
        Self { log_format: LogFormat::Human, log_filter: DEFAULT_FILTER.to_owned(), otlp_endpoint: String::new(), sample_ratio: 1.0 }
    }
}

fn ratio<'de, D: serde::Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let ratio = f64::deserialize(from)?;
    if (0.0..=1.0).contains(&ratio) { Ok(ratio) } else { Err(serde::de::Error::custom(format!("{ratio} is not a number from 0 to 1"))) }
}
