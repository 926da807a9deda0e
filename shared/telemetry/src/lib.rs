//! Logs to standard error, metrics for whoever asks, and all of it with spans to a collector where an OTLP endpoint is configured.
//!
//! Call [`init`] once per process, before anything else, and [`TelemetryGuard::shutdown`] last. Several services in one process share all of it; the
//! attribute `largesse.service` says which of them handled a call.
//!
//! - [`config`]: what can be set. `logs`, `traces`, [`metrics`]: one each. [`TelemetryGuard`]: what has to be flushed.
//! - [`unfinished`]: work that was begun and has not ended.
use opentelemetry::KeyValue;
use opentelemetry_sdk::{Resource, error::OTelSdkResult, logs::SdkLoggerProvider, metrics::SdkMeterProvider, trace::SdkTracerProvider};
use std::time::Duration;

pub mod config;
mod logs;
pub mod metrics;
mod traces;
pub mod unfinished;

pub use config::{Config, LogFormat, Signal};
pub use metrics::{meter, prometheus};
pub use traces::tracer;
pub use unfinished::UnfinishedCount;

/// Why telemetry cannot start. Never a reason to lose a call later: a collector that is away only loses what it would have been told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting has no meaning.
    #[error("{name}={value}: {expected}")]
    Setting {
        /// The option.
        name: &'static str,
        /// What it holds.
        value: String,
        /// What it may hold.
        expected: &'static str,
    },
    /// The OTLP endpoint cannot be used.
    #[error("OTLP endpoint {endpoint}: {source}")]
    Exporter {
        /// The endpoint as configured.
        endpoint: String,
        /// What the exporter said.
        source: opentelemetry_otlp::ExporterBuildError,
    },
    /// Metrics cannot be told to Prometheus.
    #[error("metrics for Prometheus: {0}")]
    Prometheus(#[from] opentelemetry_sdk::error::OTelSdkError),
    /// Something else in the process logs already.
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
    /// Sends what still waits and stops exporting. A collector that hangs keeps nobody longer than [`FLUSH_MAX`]; what it has not taken by then is lost.
    pub async fn shutdown(self) {
        // Blocks on the exporters' threads, which need this runtime's I/O to make progress. Logs last: the others may have something to say.
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

/// Does on a thread of its own what may block, and waits so long for it.
async fn within(limit: Duration, flush: impl FnOnce() + Send + 'static) -> Result<(), String> {
    match tokio::time::timeout(limit, tokio::task::spawn_blocking(flush)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("the collector did not take the rest within {} s", limit.as_secs_f32())),
    }
}

/// Starts logs, metrics and, where configured, spans. Must run inside the tokio runtime, which carries the export.
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
