//! Trace context (W3C Trace Context, level 1) in and out, and a span for every call when somebody collects them.
//!
//! Without a collector a call parses one header and writes one; no span is made and no clock is read.
use crate::{
    context::{self, CallContext},
    meters::Timed,
    methods::Method,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::{
    Context, KeyValue,
    trace::{
        Link, Span as _, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt as _, TraceFlags, TraceId, TraceState,
        Tracer as _,
    },
};
use std::{borrow::Cow, future::Future, time::SystemTime};
use telemetry::tracer;
use tonic::Code;

mod batch;
#[cfg(test)]
mod tests;

pub use batch::{Batch, member};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// `00-` + 32 + `-` + 16 + `-` + 2.
const TRACEPARENT_BYTES: usize = 55;

/// A span's place in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

impl TraceParent {
    /// Reads a `traceparent` header. Anything but the form of the standard is nothing: a caller's broken header must not fail a call.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() < TRACEPARENT_BYTES || !text.is_ascii() || bytes.iter().any(u8::is_ascii_uppercase) {
            return None;
        }
        // Later versions may be longer but must start alike; version ff is forbidden (section 3.2.2.1).
        if &bytes[..2] == b"ff" || (&bytes[..2] == b"00" && bytes.len() != TRACEPARENT_BYTES) {
            return None;
        }
        if [2, 35, 52].iter().any(|&place| bytes[place] != b'-') {
            return None;
        }
        let hex = |from: usize, to: usize| Some(&text[from..to]).filter(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let parent = Self {
            trace_id: u128::from_str_radix(hex(3, 35)?, 16).ok()?,
            span_id: u64::from_str_radix(hex(36, 52)?, 16).ok()?,
            flags: u8::from_str_radix(hex(53, 55)?, 16).ok()?,
        };
        (parent.trace_id != 0 && parent.span_id != 0).then_some(parent)
    }

    /// The header's text.
    pub fn to_header(self) -> String {
        format!("00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, self.flags)
    }

    fn of(span: &SpanContext) -> Self {
        Self {
            trace_id: u128::from_be_bytes(span.trace_id().to_bytes()),
            span_id: u64::from_be_bytes(span.span_id().to_bytes()),
            flags: span.trace_flags().to_u8(),
        }
    }

    /// Whether whoever began the trace decided to keep it.
    fn is_kept(&self) -> bool {
        TraceFlags::new(self.flags).is_sampled()
    }

    fn span_context(self) -> SpanContext {
        SpanContext::new(
            TraceId::from_bytes(self.trace_id.to_be_bytes()),
            SpanId::from_bytes(self.span_id.to_be_bytes()),
            TraceFlags::new(self.flags),
            true,
            TraceState::default(),
        )
    }

    fn as_parent(self) -> Context {
        Context::new().with_remote_span_context(self.span_context())
    }
}

/// A call being timed, and its span where somebody collects those. Dropped without [`Span::finish`], it ends as abandoned by its caller.
#[derive(Debug)]
pub(crate) struct Span {
    recorded: Option<opentelemetry_sdk::trace::Span>,
    /// Of a call of which it is not yet known who makes it.
    arrived: Option<Arrived>,
    timed: Option<Timed>,
    /// Where the spans below it hang.
    pub(crate) parent: Option<TraceParent>,
}

/// A call that came in, and when.
#[derive(Debug)]
struct Arrived {
    service: &'static str,
    name: &'static str,
    at: SystemTime,
}

impl Span {
    /// A span for a call that came in. It begins now, and is made by [`Span::admitted`]: whoever has no good token decides nothing, not even that
    /// somebody keeps a trace.
    pub(crate) fn server(method: &Method, headers: &HeaderMap) -> Self {
        let parent = headers.get(&TRACEPARENT).and_then(|value| value.to_str().ok()).and_then(TraceParent::parse);
        let arrived = tracer().map(|_| Arrived { service: method.service, name: method.name(), at: SystemTime::now() });
        Self { recorded: None, arrived, timed: Timed::start(method.name()), parent }
    }

    /// It is known who makes the call.
    pub(crate) fn admitted(&mut self) {
        let Some(Arrived { service, name, at }) = self.arrived.take() else { return };
        let mut begun = Self::build(SpanKind::Server, self.parent, service, |span| span.with_start_time(at), || name.into());
        (self.recorded, self.parent) = (begun.recorded.take(), begun.parent);
    }

    /// A span for a call that goes out, and its header.
    pub(crate) fn client(context: &CallContext, path: &str, headers: &mut HeaderMap) -> Self {
        let span = Self::start(SpanKind::Client, context.trace, context.service, || path.trim_start_matches('/').to_owned().into());
        if let Some(value) = span.parent.and_then(|parent| HeaderValue::try_from(parent.to_header()).ok()) {
            headers.insert(TRACEPARENT, value);
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

    /// Whether the span has to be finished.
    pub(crate) fn is_recorded(&self) -> bool {
        self.recorded.is_some()
    }

    /// Ends the span with the call's outcome.
    pub(crate) fn finish(&mut self, code: Code) {
        if let Some(timed) = self.timed.take() {
            timed.finish(code);
        }
        // Ended before it was known whose it is: counted above, and no trace is kept for it.
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

impl Drop for Span {
    fn drop(&mut self) {
        self.finish(Code::Cancelled);
    }
}

/// The outcome that a response tells in its headers. A unary answer that tells none there is a good one: tonic sends errors as headers.
pub(crate) fn outcome(headers: &HeaderMap) -> Code {
    headers.get("grpc-status").map_or(Code::Ok, |value| Code::from_bytes(value.as_bytes()))
}

/// The `traceparent` of the call being answered, to be stored with work that continues after it.
pub fn current_traceparent() -> Option<String> {
    context::current().trace.map(TraceParent::to_header)
}

/// Runs `future` as part of the trace `traceparent` names, as [`current_traceparent`] gave it earlier. Without one it starts anew.
pub async fn with_traceparent<F: Future>(service: &'static str, traceparent: Option<&str>, future: F) -> F::Output {
    let trace = traceparent.and_then(TraceParent::parse);
    context::enter(CallContext { trace, service, deadline: None }, future).await
}

/// Runs `future` under a span of its own; for steps inside a service that are worth seeing, such as a message to a bank.
pub async fn in_span<F: Future>(name: &'static str, future: F) -> F::Output {
    let above = context::current();
    let mut span = Span::start(SpanKind::Internal, above.trace, above.service, || name.into());
    let output = context::enter(CallContext { trace: span.parent, ..above }, future).await;
    span.finish(Code::Ok);
    output
}
