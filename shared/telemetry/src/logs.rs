//! Log lines to standard error and, where configured, to a collector.
use crate::{Config, Error, LogFormat, Signal, exporter_failed};
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::{LogExporter, WithExportConfig as _};
use opentelemetry_sdk::{Resource, logs::SdkLoggerProvider};
use std::io::IsTerminal as _;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Layer as _, filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// Crates that carry the export: their own complaints about it must not go over the same export.
const CARRIERS: [&str; 7] = ["opentelemetry", "opentelemetry_sdk", "opentelemetry_otlp", "tonic", "h2", "hyper", "tower"];

pub(crate) fn init(config: &Config, resource: &Resource) -> Result<Option<SdkLoggerProvider>, Error> {
    let filter: Targets = config.log_filter.parse().map_err(|_| Error::Setting {
        name: "telemetry.log_filter",
        value: config.log_filter.clone(),
        expected: "directives such as `info` or `warn,ledger=debug`",
    })?;
    let provider = if config.sends(Signal::Logs) {
        let exporter = LogExporter::builder().with_tonic().with_endpoint(&config.otlp_endpoint).build().map_err(exporter_failed(config))?;
        Some(SdkLoggerProvider::builder().with_batch_exporter(exporter).with_resource(resource.clone()).build())
    } else {
        None
    };
    let away = provider.as_ref().map(|provider| {
        let carriers = CARRIERS.map(|name| (name, LevelFilter::OFF));
        OpenTelemetryTracingBridge::new(provider).with_filter(filter.clone().with_targets(carriers))
    });
    // Colours are for a terminal; in a file they are noise.
    let colours = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
    let logs = tracing_subscriber::registry().with(away);
    match config.log_format {
        LogFormat::Human => logs.with(lines.with_target(true).with_filter(filter)).try_init(),
        LogFormat::Json => logs.with(lines.json().flatten_event(true).with_filter(filter)).try_init(),
    }
    .map_err(|_| Error::Twice)?;
    Ok(provider)
}
