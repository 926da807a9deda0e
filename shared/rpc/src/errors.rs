//! The only place that builds statuses: a canonical code, `google.rpc.ErrorInfo` with a reason and facts, and a message that repeats both, because
//! grpcurl shows it.
use crate::{context, meters, traceparent::TraceParent};
pub use identity::error::chain;
use std::{collections::HashMap, error::Error, fmt::Write as _, time::Duration};
use tonic::{Code, Status};
pub use tonic_types::FieldViolation;
use tonic_types::{ErrorDetails, StatusExt as _};
use uuid::Uuid;

#[cfg(test)]
mod tests;

/// `google.rpc.ErrorInfo.domain` of every reason of Largesse.
pub const DOMAIN: &str = "largesse";
/// When to retry after an answer was lost. Long enough for a writer to recover, short enough for a person to wait.
const UNKNOWN_RETRY_DELAY: Duration = Duration::from_secs(1);

/// A refusal with `reason` (UPPER_SNAKE) and `facts`.
pub fn refused(code: Code, reason: &'static str, message: String, facts: &[(&str, String)]) -> Status {
    with_details(code, reason, &message, facts, ErrorDetails::new())
}

/// As [`refused`], for a reason that is not known at compile time: one that another service gave, or that was stored.
pub fn refused_as(code: Code, reason: &str, message: &str, facts: &[(&str, String)]) -> Status {
    with_details(code, reason, message, facts, ErrorDetails::new())
}

/// INVALID_ARGUMENT: a field is not of the form the contract asks for. Never sticky.
pub fn malformed(field: &str, why: &str) -> Status {
    let details = ErrorDetails::with_bad_request_violation(field, why);
    with_details(Code::InvalidArgument, "MALFORMED", why, &[("field", field.to_owned())], details)
}

/// NOT_FOUND: staff asked about a user of whom the service knows nothing. A name that was mistyped must not look like a user who has nothing.
pub fn user_unknown(user: &str) -> Status {
    let why = "nothing is known of this user here, and nothing was stored; check the name, or look for it in every service with MonitorService.Find";
    with_details(Code::NotFound, "USER_UNKNOWN", why, &[("user_id", user.to_owned())], ErrorDetails::new())
}

/// INVALID_ARGUMENT: these fields, each with its reason, are not of the form the contract asks for. Never sticky.
pub(crate) fn malformed_fields(wrong: Vec<FieldViolation>) -> Status {
    let sentences: Vec<String> = wrong.iter().map(|one| format!("{} {}", one.field, one.description)).collect();
    let first = wrong.first().map(|one| one.field.clone()).unwrap_or_default();
    let details = ErrorDetails::with_bad_request(wrong);
    // Each was counted when it was found.
    uncounted(Code::InvalidArgument, "MALFORMED", &named(&sentences).join("; "), &[("field", first)], details)
}

/// INVALID_ARGUMENT for a reason of a service, with facts and every invalid field: its path, and what it must. Never sticky.
pub fn refused_fields(reason: &'static str, message: &str, facts: &[(&str, String)], fields: Vec<FieldViolation>) -> Status {
    with_details(Code::InvalidArgument, reason, message, facts, ErrorDetails::with_bad_request(fields))
}

/// INVALID_ARGUMENT: the request id stands for a request with other values of these fields. Never sticky.
pub fn request_id_reused(differing: &[String]) -> Status {
    let message = "this request_id was used before with other fields; make a new one";
    with_details(Code::InvalidArgument, "REQUEST_ID_REUSED", message, &[("differing", named(differing).join(","))], ErrorDetails::new())
}

/// Bytes of names that a refusal lists: one answer contains them two or three times, and a batch may have a thousand.
const NAMED_BYTES_MAX: usize = 1_000;

/// As many names as a refusal has room for, and the number of those left out.
pub fn named(names: &[String]) -> Vec<String> {
    let mut bytes = 0;
    let fitting = names.iter().take_while(|name| {
        bytes += name.len() + 2;
        bytes <= NAMED_BYTES_MAX
    });
    let mut listed: Vec<String> = fitting.cloned().collect();
    if listed.len() < names.len() {
        listed.push(format!("{} more", names.len() - listed.len()));
    }
    listed
}

/// INVALID_ARGUMENT: the page token is not of the list that is requested. Nothing happened; start the list again without a token.
pub fn page_token() -> Status {
    let message = "not a token of this list with these filters; begin the list again without one";
    let details = ErrorDetails::with_bad_request_violation("page_token", message);
    with_details(Code::InvalidArgument, "PAGE_TOKEN", message, &[("field", "page_token".to_owned())], details)
}

/// INVALID_ARGUMENT: a new request id's own time is too far from now. Never sticky; the facts let the caller correct its clock.
pub fn request_id_time(untimely: &money::UntimelyId) -> Status {
    let time = |unix_ms: u64| money::time::rfc3339_ms(i64::try_from(unix_ms).unwrap_or(i64::MAX));
    let facts =
        [("id_time", time(untimely.id_time_ms)), ("server_time", time(untimely.now_ms)), ("bound_ms", untimely.bound_ms.to_string())];
    with_details(Code::InvalidArgument, "REQUEST_ID_TIME", &untimely.to_string(), &facts, ErrorDetails::new())
}

/// UNAVAILABLE: the request was not executed because of overload. Retry the same id after `retry_after`.
pub fn overload(retry_after: Duration) -> Status {
    let details = ErrorDetails::with_retry_info(Some(retry_after));
    with_details(Code::Unavailable, "OVERLOADED", "too many calls in flight; the request was not executed, retry it", &[], details)
}

/// RESOURCE_EXHAUSTED: the caller exceeded its rate limit; the request was not executed. Retry the same request after `wait`.
pub fn quota_exceeded(of: &str, per_second: u32, wait: Duration) -> Status {
    let details = ErrorDetails::with_retry_info(Some(wait));
    let facts = [("of", of.to_owned()), ("per_second", per_second.to_string())];
    let message = "rate limit exceeded; the request was not executed, retry it after RetryInfo";
    with_details(Code::ResourceExhausted, "QUOTA_EXCEEDED", message, &facts, details)
}

/// RESOURCE_EXHAUSTED: the caller exceeded its hourly limit; the request was not executed. Retry the same request after `wait`.
pub(crate) fn hourly_quota_exceeded(of: &str, per_hour: u32, wait: Duration) -> Status {
    let details = ErrorDetails::with_retry_info(Some(wait));
    let facts = [("of", of.to_owned()), ("per_hour", per_hour.to_string())];
    let message = "too many of these in an hour; the request was not executed, retry it later";
    with_details(Code::ResourceExhausted, "QUOTA_EXCEEDED", message, &facts, details)
}

/// RESOURCE_EXHAUSTED: the caller has too many streams open; the request was not executed. Retry once one of them has ended.
pub fn too_many_streams(of: &str, max: u32) -> Status {
    let details = ErrorDetails::with_retry_info(Some(UNKNOWN_RETRY_DELAY));
    let facts = [("of", of.to_owned()), ("streams_max", max.to_string())];
    let message = "too many streams are open; the request was not executed, end one of them first";
    with_details(Code::ResourceExhausted, "QUOTA_EXCEEDED", message, &facts, details)
}

/// UNAVAILABLE: the request was not executed, for this reason. Retry the same id after `retry_after`.
pub fn unavailable(reason: &str, message: &str, retry_after: Duration) -> Status {
    unavailable_with(reason, message, &[], retry_after)
}

/// As [`unavailable`], with facts.
pub fn unavailable_with(reason: &str, message: &str, facts: &[(&str, String)], retry_after: Duration) -> Status {
    with_details(Code::Unavailable, reason, message, facts, ErrorDetails::with_retry_info(Some(retry_after)))
}

/// UNAVAILABLE: the request may or may not have been executed. Retry the same id to find out.
pub fn outcome_unknown(message: impl Into<String>) -> Status {
    let details = ErrorDetails::with_retry_info(Some(UNKNOWN_RETRY_DELAY));
    with_details(Code::Unavailable, "OUTCOME_UNKNOWN", &message.into(), &[], details)
}

/// UNAVAILABLE: a service's tables were unreachable, also while a commit was in flight, so the request may or may not have been executed. Logged here,
/// once, with all causes, which the caller does not see. Retry the same id to find out.
pub fn database_unreachable(error: &dyn Error) -> Status {
    let context = context::current();
    let trace = context.trace.map(|trace| trace.to_header()).unwrap_or_default();
    tracing::warn!(service = context.service, trace, error = %chain(error), "the database is out of reach");
    outcome_unknown(
        "the database was out of reach; if this call changes anything, that may or may not have happened: retry the same request",
    )
}

/// UNAVAILABLE: the token can't be checked at present, so the request was not executed. Retry the same request.
pub fn identity_unavailable() -> Status {
    let details = ErrorDetails::with_retry_info(Some(UNKNOWN_RETRY_DELAY));
    let message = "the keys of the token's issuer can't be read; the request was not executed, retry it";
    with_details(Code::Unavailable, "IDENTITY_UNAVAILABLE", message, &[], details)
}

/// UNAVAILABLE: the staff action could not be recorded in the audit log, so it was not executed. Retry the same request.
pub fn audit_unavailable() -> Status {
    let details = ErrorDetails::with_retry_info(Some(UNKNOWN_RETRY_DELAY));
    let message = "the audit log is unavailable; the request was not executed, retry it";
    with_details(Code::Unavailable, "AUDIT_UNAVAILABLE", message, &[], details)
}

/// UNAVAILABLE: no connection to a service could be made, so the service executed nothing.
pub fn peer_unreachable(address: &str, cause: &dyn Error) -> Status {
    let details = ErrorDetails::with_retry_info(Some(UNKNOWN_RETRY_DELAY));
    let message = format!("connecting failed: {}", chain(cause));
    with_details(Code::Unavailable, "PEER_UNREACHABLE", &message, &[("address", address.to_owned())], details)
}

/// DEADLINE_EXCEEDED: time ran out, so the outcome is unknown. Retry the same id to find out.
pub fn deadline_exceeded(layer: &str) -> Status {
    let message = "time ran out; the outcome is unknown, retry the same request";
    with_details(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", message, &[("layer", layer.to_owned())], ErrorDetails::new())
}

/// DEADLINE_EXCEEDED: time ran out while the keys of the caller's token were fetched; the request was not executed. Retry the same request.
pub(crate) fn not_identified_in_time() -> Status {
    let message = "the deadline passed before the caller was identified; the request was not executed, retry it";
    with_details(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", message, &[("layer", "identity".to_owned())], ErrorDetails::new())
}

/// INVALID_ARGUMENT: the message has more bytes than the RPC accepts. Nothing happened. `sent` is the announced or received length, if known.
pub(crate) fn too_large(bytes_max: usize, sent: Option<usize>) -> Status {
    let why = format!("must have at most {bytes_max} bytes, as a message to this RPC; the request was not executed, send less at once");
    let facts = [("field", "message".to_owned()), ("bytes_max", bytes_max.to_string())];
    let sent = sent.map(|bytes| ("bytes", bytes.to_string()));
    let facts: Vec<_> = facts.into_iter().chain(sent).collect();
    let details = ErrorDetails::with_bad_request_violation("message", why.as_str());
    with_details(Code::InvalidArgument, "MALFORMED", &why, &facts, details)
}

/// DEADLINE_EXCEEDED: the request, or a message of a stream, did not arrive completely in time, so nothing of it happened. Send it again.
pub(crate) fn request_late(bytes: usize, waited: Duration) -> Status {
    let message = "the message did not arrive completely in time; it was not executed, send it again";
    let facts = [("layer", "arrival".to_owned()), ("bytes", bytes.to_string()), ("waited_ms", waited.as_millis().to_string())];
    with_details(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", message, &facts, ErrorDetails::new())
}

/// UNAVAILABLE: too many incomplete requests, and this was the oldest of them. Nothing of it happened; send it again.
pub(crate) fn pushed_out(bytes: usize) -> Status {
    let details = ErrorDetails::with_retry_info(Some(UNKNOWN_RETRY_DELAY));
    let message = "too many incomplete messages, and this was the oldest; it was not executed, send it again at once";
    let facts = [("bound", "arriving".to_owned()), ("bytes", bytes.to_string())];
    with_details(Code::Unavailable, "OVERLOADED", message, &facts, details)
}

/// UNAVAILABLE: incomplete requests exceed the bytes that a connection or the process may hold. Nothing of this one happened.
pub(crate) fn too_much_arriving(of: &str, bytes_max: usize, bytes: usize) -> Status {
    let details = ErrorDetails::with_retry_info(Some(UNKNOWN_RETRY_DELAY));
    let message = "too many bytes of incomplete messages; this one was not executed, send it again later";
    let facts = [("bound", format!("arriving bytes of the {of}")), ("bytes_max", bytes_max.to_string()), ("bytes", bytes.to_string())];
    with_details(Code::Unavailable, "OVERLOADED", message, &facts, details)
}

/// RESOURCE_EXHAUSTED: the caller has too many calls in flight; the request was not executed. Retry once one of them has ended.
pub(crate) fn too_many_calls(of: &str, max: u32) -> Status {
    let details = ErrorDetails::with_retry_info(Some(UNKNOWN_RETRY_DELAY));
    let facts = [("of", of.to_owned()), ("in_flight_max", max.to_string())];
    let message = "too many calls are in flight; the request was not executed, wait for one of them first";
    with_details(Code::ResourceExhausted, "QUOTA_EXCEEDED", message, &facts, details)
}

/// All that a caller sees of an internal error, apart from the trace.
pub(crate) const INTERNAL: &str = "an error on our side; it has been logged";

/// INTERNAL: our fault. Logged here, once, with all its causes; the caller sees only the trace under which it is logged.
pub fn internal(error: &dyn Error) -> Status {
    opaque(&logged(error))
}

/// Logs an error with all its causes; returns the trace under which it is logged.
pub(crate) fn logged(error: &dyn Error) -> String {
    let (service, trace) = (context::current().service, trace());
    tracing::error!(service, trace, error = %chain(error), "internal error");
    trace
}

/// The trace id of the call being answered; a new one if its caller started none, so that the caller has something to quote.
pub(crate) fn trace() -> String {
    context::current().trace.map_or_else(|| Uuid::new_v4().simple().to_string(), TraceParent::trace_id)
}

/// The INTERNAL answer without any text of the cause.
pub(crate) fn opaque(trace: &str) -> Status {
    with_details(Code::Internal, "INTERNAL", INTERNAL, &[("trace", trace.to_owned())], ErrorDetails::new())
}

/// The reason of a status made by Largesse, here or in another process.
pub fn reason(status: &Status) -> Option<String> {
    let info = status.get_details_error_info()?;
    (info.domain == DOMAIN).then_some(info.reason)
}

/// The facts of the reason. Empty when there are none.
pub fn facts(status: &Status) -> HashMap<String, String> {
    status.get_details_error_info().map(|info| info.metadata).unwrap_or_default()
}

/// The fields that a refusal names, each with what it must be; empty where it is about something else.
pub fn violations(status: &Status) -> Vec<(String, String)> {
    let named = status.get_details_bad_request().into_iter().flat_map(|named| named.field_violations);
    named.map(|violation| (violation.field, violation.description)).collect()
}

fn with_details(code: Code, reason: &str, message: &str, facts: &[(&str, String)], details: ErrorDetails) -> Status {
    meters::refused(code, reason);
    uncounted(code, reason, message, facts, details)
}

fn uncounted(code: Code, reason: &str, message: &str, facts: &[(&str, String)], mut details: ErrorDetails) -> Status {
    let mut text = format!("{reason}: {message}");
    for (position, (name, value)) in facts.iter().enumerate() {
        let before = if position == 0 { " (" } else { ", " };
        write!(text, "{before}{name}={value}").expect("writing to a String cannot fail");
    }
    if !facts.is_empty() {
        text.push(')');
    }
    let metadata: HashMap<String, String> = facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    details.set_error_info(reason, DOMAIN, metadata);
    Status::with_error_details(code, text, details)
}
