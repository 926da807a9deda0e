//! Logs to standard error and, where an OTLP endpoint is configured, spans to a collector.
//!
//! Call [`init`] once per process, before anything else, and [`Guard::shutdown`] last. Several services in one process share both; the
//! span attribute `largesse.service` says which of them handled a call.
use opentelemetry::{KeyValue, trace::TracerProvider as _};
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracer, SdkTracerProvider},
};
use std::{io::IsTerminal as _, sync::OnceLock};
use tracing_subscriber::{filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _};

pub mod config;

pub use config::{Config, LogFormat};

/// Why telemetry cannot start. Never a reason to lose a call later: a collector that is away only loses spans.
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
    /// Something else in the process logs already.
    #[error("telemetry was started twice")]
    Twice,
}

/// The process's tracer. Unset: nothing is exported, and a call does not even look at the clock for a span.
static TRACER: OnceLock<SdkTracer> = OnceLock::new();

/// The tracer to make spans with, or none when nothing is exported.
pub fn tracer() -> Option<&'static SdkTracer> {
    TRACER.get()
}

/// Holds what must be flushed before the process ends.
#[must_use = "spans are lost unless the guard is shut down last"]
pub struct Guard {
    provider: Option<SdkTracerProvider>,
}

impl Guard {
    /// Sends the spans still waiting, within the exporter's own time limit, and stops exporting.
    pub async fn shutdown(mut self) {
        if let Some(provider) = self.provider.take() {
            // Blocks on the exporter's thread, which needs this runtime's I/O to make progress.
            let flushed = tokio::task::spawn_blocking(move || provider.shutdown()).await;
            if let Ok(Err(error)) = flushed {
                tracing::warn!(%error, "the last spans could not be exported");
            }
        }
    }
}

/// Starts logs and, where configured, spans. Must run inside the tokio runtime, which carries the export.
pub fn init(service_name: &str, config: &Config) -> Result<Guard, Error> {
    init_logs(config)?;
    let provider = match config.otlp_endpoint.as_str() {
        "" => None,
        endpoint => Some(provider(service_name, endpoint, config.sample_ratio)?),
    };
    if let Some(provider) = &provider {
        TRACER.set(provider.tracer("largesse")).map_err(|_| Error::Twice)?;
    }
    Ok(Guard { provider })
}

fn init_logs(config: &Config) -> Result<(), Error> {
    let filter: Targets = config.log_filter.parse().map_err(|_| Error::Setting {
        name: "telemetry.log_filter",
        value: config.log_filter.clone(),
        expected: "directives such as `info` or `warn,ledger=debug`",
    })?;
    let logs = tracing_subscriber::registry().with(filter);
    // Colours are for a terminal; in a file they are noise.
    let colours = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
    match config.log_format {
        LogFormat::Human => logs.with(lines.with_target(true)).try_init(),
        LogFormat::Json => logs.with(lines.json().flatten_event(true)).try_init(),
    }
    .map_err(|_| Error::Twice)
}

fn provider(service_name: &str, endpoint: &str, ratio: f64) -> Result<SdkTracerProvider, Error> {
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .build()
        .map_err(|source| Error::Exporter { endpoint: endpoint.to_owned(), source })?;
    let resource = Resource::builder()
        .with_service_name(service_name.to_owned())
        .with_attribute(KeyValue::new("process.pid", i64::from(std::process::id())))
        .build();
    // The first process decides by ratio, the others follow it, so that a trace is whole or not there at all.
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio)));
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_sampler(sampler).with_resource(resource).build())
}
