//! Trace context (W3C Trace Context, level 1) in and out, and a span for every call if a collector is configured.
//!
//! Without a collector a call parses one header and writes one; no span is made and no clock is read.
use crate::{
    context::{self, CallContext},
    meters::TimedCall,
    methods::Method,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{
    Context, KeyValue,
    trace::{Link, Span as _, SpanBuilder, SpanKind, Status, Tracer as _},
};
use std::{borrow::Cow, future::Future, sync::Arc, time::SystemTime};
use telemetry::tracer;
use tonic::Code;

mod batch;
#[cfg(test)]
mod tests;

pub use crate::traceparent::TraceParent;
pub use batch::{BatchSpan, member};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
/// Bytes of a `tracestate` that are passed on: at least so many must be (W3C Trace Context, section 3.3.1.5). A longer one is dropped completely.
const STATE_BYTES_MAX: usize = 512;

/// The `tracestate` that belongs to the caller's `traceparent`, several headers put together; nothing where there is no parent, or more than is passed on.
pub(crate) fn state(span: &CallSpan, headers: &HeaderMap) -> Option<Arc<str>> {
    span.parent?;
    let mut state = String::new();
    for value in headers.get_all(&TRACESTATE) {
        let separator = if state.is_empty() { "" } else { "," };
        state = state + separator + value.to_str().ok()?;
        if state.len() > STATE_BYTES_MAX {
            return None;
        }
    }
    (!state.is_empty()).then(|| state.into())
}

/// A call being timed, and its span if spans are collected. Dropped without [`CallSpan::finish`], it ends as abandoned by its caller.
#[derive(Debug)]
pub(crate) struct CallSpan {
    recorded: Option<opentelemetry_sdk::trace::Span>,
    /// Of a call whose caller is not authenticated yet.
    arrived: Option<ArrivedCall>,
    timed: Option<TimedCall>,
    /// The parent of spans started for this call.
    pub(crate) parent: Option<TraceParent>,
}

/// An incoming call, and when it arrived.
#[derive(Debug)]
struct ArrivedCall {
    service: &'static str,
    name: &'static str,
    at: SystemTime,
}

impl CallSpan {
    /// A span for an incoming call. It starts now but is made by [`CallSpan::admitted`]: a caller without a valid token can't decide whether a trace
    /// is kept.
    pub(crate) fn server(method: &Method, headers: &HeaderMap) -> Self {
        let parent = headers.get(&TRACEPARENT).and_then(|value| value.to_str().ok()).and_then(TraceParent::parse);
        let arrived = tracer().map(|_| ArrivedCall { service: method.service, name: method.name(), at: SystemTime::now() });
        Self { recorded: None, arrived, timed: TimedCall::start(method.name()), parent }
    }

    /// The caller is authenticated: makes the span.
    pub(crate) fn admitted(&mut self) {
        let Some(ArrivedCall { service, name, at }) = self.arrived.take() else { return };
        let mut begun = Self::build(SpanKind::Server, self.parent, service, |span| span.with_start_time(at), || name.into());
        (self.recorded, self.parent) = (begun.recorded.take(), begun.parent);
    }

    /// A span for an outgoing call, and its header.
    pub(crate) fn client(context: &CallContext, path: &str, headers: &mut HeaderMap) -> Self {
        let span = Self::start(SpanKind::Client, context.trace, context.service, || path.trim_start_matches('/').to_owned().into());
        if let Some(value) = span.parent.and_then(|parent| HeaderValue::try_from(parent.to_header()).ok()) {
            headers.insert(TRACEPARENT, value);
            // Of the same trace: without a parent it would belong to none.
            if let Some(state) = context.trace_state.as_deref().and_then(|state| HeaderValue::from_str(state).ok()) {
                headers.insert(TRACESTATE, state);
            }
        }
        span
    }

    fn start(kind: SpanKind, caller: Option<TraceParent>, service: &'static str, name: impl FnOnce() -> Cow<'static, str>) -> Self {
        Self::build(kind, caller, service, |span| span, name)
    }

    fn start_linked(
        kind: SpanKind,
        caller: Option<TraceParent>,
        service: &'static str,
        links: Vec<Link>,
        name: impl FnOnce() -> Cow<'static, str>,
    ) -> Self {
        Self::build(kind, caller, service, |span| span.with_links(links), name)
    }

    fn build(
        kind: SpanKind,
        caller: Option<TraceParent>,
        service: &'static str,
        with: impl FnOnce(SpanBuilder) -> SpanBuilder,
        name: impl FnOnce() -> Cow<'static, str>,
    ) -> Self {
        let Some(tracer) = tracer() else { return Self { recorded: None, arrived: None, timed: None, parent: caller } };
        let above = caller.map_or_else(Context::new, TraceParent::as_parent);
        let remote = kind != SpanKind::Internal;
        let mut span = tracer.build_with_context(with(SpanBuilder::from_name(name()).with_kind(kind)), &above);
        let parent = Some(TraceParent::of(span.span_context()));
        if !span.is_recording() {
            return Self { recorded: None, arrived: None, timed: None, parent };
        }
        span.set_attribute(KeyValue::new("largesse.service", service));
        if remote {
            span.set_attribute(KeyValue::new("rpc.system", "grpc"));
        }
        Self { recorded: Some(span), arrived: None, timed: None, parent }
    }

    /// Whether the span is recorded and has to be finished.
    pub(crate) fn is_recorded(&self) -> bool {
        self.recorded.is_some()
    }

    /// Ends the span with the call's outcome.
    pub(crate) fn finish(&mut self, code: Code) {
        if let Some(timed) = self.timed.take() {
            timed.finish(code);
        }
        // Ended before its caller was authenticated: counted above, and no trace is kept for it.
        self.arrived = None;
        if let Some(mut span) = self.recorded.take() {
            span.set_attribute(KeyValue::new("rpc.grpc.status_code", i64::from(i32::from(code))));
            if code != Code::Ok {
                span.set_status(Status::error(code.description()));
            }
            span.end();
        }
    }
}

impl Drop for CallSpan {
    fn drop(&mut self) {
        self.finish(Code::Cancelled);
    }
}

/// The outcome in a response's headers. A unary response without one there succeeded: tonic sends errors as headers.
pub(crate) fn outcome(headers: &HeaderMap) -> Code {
    headers.get("grpc-status").map_or(Code::Ok, |value| Code::from_bytes(value.as_bytes()))
}

/// The `traceparent` of the call being answered, to be stored with work that continues after it.
pub fn current_traceparent() -> Option<String> {
    context::current().trace.map(TraceParent::to_header)
}

/// Runs `future` as part of the trace that `traceparent` names, as [`current_traceparent`] gave it earlier. Without one a new trace starts.
pub async fn with_traceparent<F: Future>(service: &'static str, traceparent: Option<&str>, future: F) -> F::Output {
    let trace = traceparent.and_then(TraceParent::parse);
    context::enter(CallContext { trace, service, ..CallContext::default() }, future).await
}

/// Runs `future` under a span of its own; for steps inside a service that are worth tracing, such as a message to a bank.
pub async fn in_span<F: Future>(name: &'static str, future: F) -> F::Output {
    let above = context::current();
    let mut span = CallSpan::start(SpanKind::Internal, above.trace, above.service, || name.into());
    let output = context::enter(CallContext { trace: span.parent, ..above }, future).await;
    span.finish(Code::Ok);
    output
}
