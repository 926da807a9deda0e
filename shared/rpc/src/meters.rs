//! How many calls are made, how they end and how long they take.
use crate::context;
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram},
};
use std::{sync::LazyLock, time::Instant};
use tonic::Code;

/// Made at the first call, after telemetry has started. `None`: nothing is counted, and no clock is read for it.
static CALLS: LazyLock<Option<Histogram<f64>>> = LazyLock::new(|| {
    let what = "Calls answered, from their headers to the end of their answer.";
    Some(telemetry::metrics::durations(telemetry::meter()?, "rpc.server.call.duration", what))
});
static REFUSALS: LazyLock<Option<Counter<u64>>> = LazyLock::new(|| {
    let counter = telemetry::meter()?.u64_counter("largesse.refusals").with_unit("{refusal}");
    Some(counter.with_description("Errors returned to callers, by reason.").build())
});

/// A call being timed.
#[derive(Debug)]
pub(crate) struct TimedCall {
    method: &'static str,
    started: Instant,
}

impl TimedCall {
    pub(crate) fn start(method: &'static str) -> Option<Self> {
        CALLS.as_ref().map(|_| Self { method, started: Instant::now() })
    }

    pub(crate) fn finish(self, code: Code) {
        if let Some(calls) = &*CALLS {
            let attributes = [KeyValue::new("rpc.method", self.method), KeyValue::new("rpc.response.status_code", name(code))];
            calls.record(self.started.elapsed().as_secs_f64(), &attributes);
        }
    }
}

/// Counts an error where it is made, because one inside a batch or a stream leaves within a message that no layer reads. An error that passes
/// several services is counted in each that builds its own status for it.
pub(crate) fn refused(code: Code, reason: &str) {
    if let Some(refusals) = &*REFUSALS {
        let service = context::current().service;
        let attributes = [
            KeyValue::new("largesse.service", service),
            KeyValue::new("reason", reason.to_owned()),
            KeyValue::new("rpc.response.status_code", name(code)),
        ];
        refusals.add(1, &attributes);
    }
}

/// A code's name in gRPC's own specification.
fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
