//! Logs to standard error, metrics for Prometheus, and both with spans to a collector if an OTLP endpoint is configured.
//!
//! Call [`init`] once per process, before anything else, and [`TelemetryGuard::shutdown`] last. Several services in one process share all of it; the
//! attribute `largesse.service` says which of them handled a call.
//!
//! - [`config`]: what can be set. `logs`, `traces`, [`metrics`]: one each. [`TelemetryGuard`]: what has to be flushed.
//! - [`limited`]: log lines that anybody can cause.
//! - [`unfinished`]: work that was begun and has not ended. [`waits`]: work that a wrong clock had put off.
use opentelemetry::KeyValue;
use opentelemetry_sdk::{Resource, error::OTelSdkResult, logs::SdkLoggerProvider, metrics::SdkMeterProvider, trace::SdkTracerProvider};
use std::time::Duration;

pub mod config;
pub mod limited;
mod logs;
pub mod metrics;
mod traces;
pub mod unfinished;
pub mod waits;

pub use config::{Config, LogFormat, Signal};
pub use limited::LimitedLines;
pub use metrics::{meter, prometheus};
pub use traces::tracer;
pub use unfinished::UnfinishedCount;

/// Why telemetry cannot start. After the start nothing in it fails a call: an unreachable collector only misses what was to be exported.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting has no meaning.
    #[error("{name}={value}: {expected}")]
    Setting {
        /// The option.
        name: &'static str,
        /// Its value.
        value: String,
        /// The values it may have.
        expected: &'static str,
    },
    /// The OTLP endpoint cannot be used.
    #[error("OTLP endpoint {endpoint}: {source}")]
    Exporter {
        /// The endpoint as configured.
        endpoint: String,
        /// The exporter's error.
        source: opentelemetry_otlp::ExporterBuildError,
    },
    /// The exporter for Prometheus cannot be made.
    #[error("metrics for Prometheus: {0}")]
    Prometheus(#[from] opentelemetry_sdk::error::OTelSdkError),
    /// Another logger is installed in the process already.
    #[error("telemetry was started twice")]
    Twice,
}

/// How long the end of a process waits for a collector.
pub const FLUSH_MAX: Duration = Duration::from_secs(3);

/// Holds what must be flushed before the process ends.
#[must_use = "what was not sent yet is lost unless the guard is shut down last"]
pub struct TelemetryGuard {
    traces: Option<SdkTracerProvider>,
    metrics: Option<SdkMeterProvider>,
    logs: Option<SdkLoggerProvider>,
}

impl TelemetryGuard {
    /// Sends what is still buffered and stops exporting. A stalled collector delays the process by [`FLUSH_MAX`] at most; what it has not accepted by
    /// then is lost.
    pub async fn shutdown(self) {
        // Blocks on the exporters' threads, which need this runtime's I/O to make progress. Logs last: the others may log while they flush.
        let flushed = within(FLUSH_MAX, move || {
            let told = |what: &str, outcome: OTelSdkResult| {
                if let Err(error) = outcome {
                    tracing::warn!(%error, "the last {what} could not be exported");
                }
            };
            self.traces.into_iter().for_each(|provider| told("spans", provider.shutdown()));
            self.metrics.into_iter().for_each(|provider| told("metrics", provider.shutdown()));
            self.logs.into_iter().for_each(|provider| told("log lines", provider.shutdown()));
        });
        if let Err(why) = flushed.await {
            tracing::warn!(why, "telemetry did not stop cleanly");
        }
    }
}

/// Runs blocking work on a thread of its own, and waits for it no longer than `limit`.
async fn within(limit: Duration, flush: impl FnOnce() + Send + 'static) -> Result<(), String> {
    match tokio::time::timeout(limit, tokio::task::spawn_blocking(flush)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("the collector did not take the rest within {} s", limit.as_secs_f32())),
    }
}

/// Starts logs, metrics and, if configured, spans. Must run inside the tokio runtime, which carries the export.
pub fn init(service_name: &str, config: &Config) -> Result<TelemetryGuard, Error> {
    let resource = Resource::builder()
        .with_service_name(service_name.to_owned())
        .with_attribute(KeyValue::new("process.pid", i64::from(std::process::id())))
        .build();
    let logs = logs::init(config, &resource)?;
    let traces = traces::init(config, &resource)?;
    let metrics = metrics::init(config, resource)?;
    Ok(TelemetryGuard { traces, metrics, logs })
}

#[cfg(test)]
mod tests;

fn exporter_failed(config: &Config) -> impl Fn(opentelemetry_otlp::ExporterBuildError) -> Error {
    let endpoint = config.otlp_endpoint.clone();
    move |source| Error::Exporter { endpoint: endpoint.clone(), source }
}
