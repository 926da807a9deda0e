//! What can be set, all through the environment, under the names OpenTelemetry and Rust programs use.
use crate::Error;
use std::env;

#[cfg(test)]
mod tests;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object per line.
    Json,
}

/// Settings of logs and spans.
#[derive(Debug, Clone)]
pub struct Config {
    /// `LARGESSE_LOG_FORMAT`: `human` (default) or `json`.
    pub log_format: LogFormat,
    /// `RUST_LOG`. Default: information from this house's crates, warnings from others.
    pub log_filter: String,
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`: where spans go by OTLP over gRPC. Absent or empty: no spans are made.
    pub otlp_endpoint: Option<String>,
    /// `OTEL_TRACES_SAMPLER_ARG`: the share of traces started here that are kept, 0 to 1. Default 1.
    pub sample_ratio: f64,
}

const DEFAULT_FILTER: &str = "warn,largesse=info,ledger=info,gift=info,purchase=info,earnings=info,payout=info,sandbox=info,\
     rpc=info,db=info,identity=info,telemetry=info";

impl Config {
    /// Reads the environment. A value without meaning is an error, not a default.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_lookup(|name| env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        Ok(Self {
            log_format: match lookup("LARGESSE_LOG_FORMAT").as_deref() {
                None | Some("human") => LogFormat::Human,
                Some("json") => LogFormat::Json,
                Some(other) => return Err(setting("LARGESSE_LOG_FORMAT", other, "`human` or `json`")),
            },
            log_filter: lookup("RUST_LOG").unwrap_or_else(|| DEFAULT_FILTER.to_owned()),
            otlp_endpoint: lookup("OTEL_EXPORTER_OTLP_ENDPOINT"),
            sample_ratio: match lookup("OTEL_TRACES_SAMPLER_ARG") {
                None => 1.0,
                Some(text) => ratio(&text)?,
            },
        })
    }
}

fn ratio(text: &str) -> Result<f64, Error> {
    let wrong = || setting("OTEL_TRACES_SAMPLER_ARG", text, "a number from 0 to 1");
    let ratio: f64 = text.parse().map_err(|_| wrong())?;
    if (0.0..=1.0).contains(&ratio) { Ok(ratio) } else { Err(wrong()) }
}

fn setting(name: &'static str, value: &str, expected: &'static str) -> Error {
    Error::Setting { name, value: value.to_owned(), expected }
}
