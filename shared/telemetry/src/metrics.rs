//! Counters and timings, in one place for Prometheus and for a collector.
//!
//! A crate makes its instruments from [`meter`]. Names are dotted and units are UCUM, as OpenTelemetry asks; Prometheus shows
//! `largesse.ledger.commit.duration` in `s` as `largesse_ledger_commit_duration_seconds`.
use crate::{Config, Error, Signal, exporter_failed};
use opentelemetry::metrics::{Histogram, Meter, MeterProvider as _};
use opentelemetry_otlp::{MetricExporter, WithExportConfig as _};
use opentelemetry_sdk::{
    Resource,
    metrics::{PeriodicReader, SdkMeterProvider},
};
use prometheus::{Registry, TextEncoder};
use std::{sync::OnceLock, time::Duration};

/// The process's meter. Unset: nothing is counted.
static METER: OnceLock<Meter> = OnceLock::new();
/// The registry that Prometheus scrapes.
static REGISTRY: OnceLock<Registry> = OnceLock::new();

/// Buckets of durations, in seconds: from a gift decided in memory to the longest that a caller waits.
const SECONDS: [f64; 15] = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

/// The meter to make instruments with, or `None` without metrics. A crate asks after [`crate::init`]: instruments live as long as the process.
pub fn meter() -> Option<&'static Meter> {
    METER.get()
}

/// A histogram of durations in seconds.
pub fn durations(meter: &Meter, name: &'static str, what: &'static str) -> Histogram<f64> {
    meter.f64_histogram(name).with_unit("s").with_description(what).with_boundaries(SECONDS.to_vec()).build()
}

/// All metrics in Prometheus' text format (version 0.0.4); `None` without metrics.
pub fn prometheus() -> Option<String> {
    let families = REGISTRY.get()?.gather();
    // Fails only for names that are invalid in Prometheus, which the exporter has replaced.
    TextEncoder::new().encode_to_string(&families).inspect_err(|error| tracing::error!(%error, "metrics can't be written")).ok()
}

pub(crate) fn init(config: &Config, resource: Resource) -> Result<Option<SdkMeterProvider>, Error> {
    if !config.metrics {
        return Ok(None);
    }
    let registry = Registry::new();
    // The crate that made a metric is of no use to those who read metrics.
    let reader = opentelemetry_prometheus::exporter().with_registry(registry.clone()).scope_info_enabled(false).build()?;
    let mut provider = SdkMeterProvider::builder().with_resource(resource).with_reader(reader);
    if config.sends(Signal::Metrics) {
        let exporter = MetricExporter::builder().with_tonic().with_endpoint(&config.otlp_endpoint).build();
        let every = Duration::from_millis(config.metrics_every_ms);
        provider = provider.with_reader(PeriodicReader::builder(exporter.map_err(exporter_failed(config))?).with_interval(every).build());
    }
    let provider = provider.build();
    let meter = provider.meter("largesse");
    process(&meter);
    METER.set(meter).map_err(|_| Error::Twice)?;
    REGISTRY.set(registry).map_err(|_| Error::Twice)?;
    Ok(Some(provider))
}

/// Metrics of the process itself, from the operating system.
fn process(meter: &Meter) {
    let memory = meter.u64_observable_gauge("process.memory.usage").with_unit("By").with_description("Memory that is resident.");
    memory.with_callback(|gauge| resident_bytes().into_iter().for_each(|bytes| gauge.observe(bytes, &[]))).build();
    let files = meter.u64_observable_gauge("process.open_file_descriptor.count").with_unit("{file_descriptor}");
    let files = files.with_description("Files and sockets that are open.");
    files.with_callback(|gauge| open_files().into_iter().for_each(|count| gauge.observe(count, &[]))).build();
}

fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?;
    Some(kib * 1024)
}

fn open_files() -> Option<u64> {
    u64::try_from(std::fs::read_dir("/proc/self/fd").ok()?.count()).ok()
}
