//! The settings of logs, spans and metrics, in a file or through the environment under the names OpenTelemetry and Rust programs use.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text for people.
    Human,
    /// One JSON object per line.
    Json,
}

/// The signals that can go to a collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Signal {
    /// Spans of calls and batches.
    Traces,
    /// The metrics that `/metrics` shows, too.
    Metrics,
    /// Log lines, besides standard error.
    Logs,
}

/// Settings of logs, spans and metrics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// The format of log lines. Also set by LARGESSE_LOG_FORMAT.
    pub log_format: LogFormat,
    /// What is logged, by crate and level. Also set by RUST_LOG.
    pub log_filter: String,
    /// Address of a collector that accepts OTLP over gRPC, such as `http://127.0.0.1:4317`. Empty: nothing is sent. Also set by
    /// OTEL_EXPORTER_OTLP_ENDPOINT.
    pub otlp_endpoint: String,
    /// What is sent to the collector: `traces`, `metrics`, `logs`. Without `traces` no spans are created.
    pub otlp_signals: Vec<Signal>,
    /// Milliseconds between two exports of metrics, 1000 or more. Also set by OTEL_METRIC_EXPORT_INTERVAL.
    #[serde(deserialize_with = "interval")]
    pub metrics_every_ms: u64,
    /// The share of the traces started in this process that are recorded, 0 to 1. A trace that a caller started is recorded if the caller records it. Also set
    /// by OTEL_TRACES_SAMPLER_ARG.
    #[serde(deserialize_with = "ratio")]
    pub sample_ratio: f64,
    /// Whether metrics are collected for `/metrics` and the collector.
    pub metrics: bool,
}

/// Variables with names of their own, and the options of [`Config`] they set.
pub const ALIASES: [(&str, &str); 5] = [
    ("LARGESSE_LOG_FORMAT", "log_format"),
    ("RUST_LOG", "log_filter"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "otlp_endpoint"),
    ("OTEL_METRIC_EXPORT_INTERVAL", "metrics_every_ms"),
    ("OTEL_TRACES_SAMPLER_ARG", "sample_ratio"),
];

const DEFAULT_FILTER: &str = "warn,largesse=info,ledger=info,gift=info,purchase=info,earnings=info,payout=info,rpc=info,db=info,\
     identity=info,support=info,monitor=info";
/// One call in a hundred shows where time goes, at a negligible cost.
const DEFAULT_RATIO: f64 = 0.01;

impl Default for Config {
    fn default() -> Self {
        Self {
            log_format: LogFormat::Human,
            log_filter: DEFAULT_FILTER.to_owned(),
            otlp_endpoint: String::new(),
            otlp_signals: vec![Signal::Traces, Signal::Metrics, Signal::Logs],
            metrics_every_ms: 15_000,
            sample_ratio: DEFAULT_RATIO,
            metrics: true,
        }
    }
}

impl Config {
    /// Whether this signal goes to a collector.
    #[must_use]
    pub fn sends(&self, signal: Signal) -> bool {
        !self.otlp_endpoint.is_empty() && self.otlp_signals.contains(&signal)
    }
}

fn ratio<'de, D: serde::Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let ratio = f64::deserialize(from)?;
    if (0.0..=1.0).contains(&ratio) { Ok(ratio) } else { Err(serde::de::Error::custom(format!("{ratio} is not a number from 0 to 1"))) }
}

fn interval<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let ms = u64::deserialize(from)?;
    let known = (1_000..=86_400_000).contains(&ms);
    if known { Ok(ms) } else { Err(serde::de::Error::custom(format!("{ms} is not from 1000 ms to a day"))) }
}
