//! The bank's own span in the trace of the payment that it receives.

use axum::http::HeaderMap;
use opentelemetry::{
    Context, KeyValue, SpanId, TraceFlags, TraceId,
    trace::{SpanBuilder, SpanContext, SpanKind, TraceContextExt as _, TraceState, Tracer as _},
};
use opentelemetry_sdk::trace::Span;

/// A span below the request's `traceparent`; it ends on drop. `None` where nothing is exported or the request has no trace.
pub fn span(headers: &HeaderMap, name: &'static str) -> Option<Span> {
    let tracer = telemetry::tracer()?;
    let parent = remote(headers.get("traceparent")?.to_str().ok()?)?;
    let builder = SpanBuilder::from_name(name).with_kind(SpanKind::Server).with_attributes([KeyValue::new("largesse.service", "bank")]);
    Some(tracer.build_with_context(builder, &Context::new().with_remote_span_context(parent)))
}

fn remote(traceparent: &str) -> Option<SpanContext> {
    let mut parts = traceparent.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?);
    let context = SpanContext::new(TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?, flags, true, TraceState::NONE);
    (version != "ff" && context.is_valid()).then_some(context)
}
