//! Spans to a collector.
use crate::{Config, Error, Signal, exporter_failed};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracer, SdkTracerProvider},
};
use std::sync::OnceLock;

/// The process's tracer. Unset: nothing is exported, and a call does not even read the clock for a span.
static TRACER: OnceLock<SdkTracer> = OnceLock::new();

/// The tracer to make spans with, or `None` when nothing is exported.
pub fn tracer() -> Option<&'static SdkTracer> {
    TRACER.get()
}

pub(crate) fn init(config: &Config, resource: &Resource) -> Result<Option<SdkTracerProvider>, Error> {
    if !config.sends(Signal::Traces) {
        return Ok(None);
    }
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(&config.otlp_endpoint).build().map_err(exporter_failed(config))?;
    // The first process samples by ratio and the others follow its decision, so that a trace is kept whole or not at all.
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.sample_ratio)));
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_sampler(sampler).with_resource(resource.clone()).build();
    TRACER.set(provider.tracer("largesse")).map_err(|_| Error::Twice)?;
    Ok(Some(provider))
}
