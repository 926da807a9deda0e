//! Deadlines: read from the caller, passed on to the calls made on its behalf, enforced here.
//!
//! Every hop gives the next one a little less than it has itself, so that the caller gets the answer and not its own timeout.
use crate::{
    context::{self, CallContext},
    errors,
    methods::Method,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use identity::access::Access;
use std::{future::Future, time::Duration};
use tokio::time::{Instant, timeout_at};
use tonic::Status;

#[cfg(test)]
mod tests;

const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
/// Subtracted from the caller's timeout: tonic's server has a timer of its own on the same header and answers CANCELLED; ours must be
/// first.
const TRANSPORT_MARGIN: Duration = Duration::from_millis(2);
/// Subtracted for the next hop, so that its answer can travel back; a tenth if that is less.
const HOP_MARGIN: Duration = Duration::from_millis(5);

/// How long calls may take.
#[derive(Debug, Clone, Copy)]
pub struct DeadlineLimits {
    /// For a call without a deadline. Streams are exempt: watching has no end.
    pub default: Duration,
    /// The most a unary call gets whatever it asks for, so that nothing waits forever for a resource.
    pub maximum: Duration,
}

impl Default for DeadlineLimits {
    fn default() -> Self {
        Self { default: Duration::from_secs(10), maximum: Duration::from_secs(60) }
    }
}

/// When an incoming call must have been answered.
pub(crate) fn inbound(limits: DeadlineLimits, method: &Method, headers: &HeaderMap) -> Result<Option<Instant>, Status> {
    let asked = match headers.get(&GRPC_TIMEOUT) {
        None => None,
        Some(value) => Some(parse(value).ok_or_else(|| errors::malformed("grpc-timeout", "must be 1 to 8 digits and one of HMSmun"))?),
    };
    let margin = |given: Duration| given - TRANSPORT_MARGIN.min(given / 2);
    let bounded = |unless: Duration| asked.map_or(unless, margin).min(limits.maximum);
    let given = match (method.streaming, method.row.access) {
        // A stream that anybody may send without a token has a deadline.
        (true, Access::Open) if method.client_streaming => Some(bounded(limits.maximum)),
        (true, _) => asked.map(margin),
        // Whoever takes a stream of a known caller, and answers once, bounds by itself how long it waits for it.
        (false, Access::Roles(_)) if method.client_streaming => asked.map(margin),
        (false, _) => Some(bounded(limits.default)),
    };
    Ok(given.map(|given| Instant::now() + given))
}

/// Waits for `future` no longer than `deadline`. Dropping it is safe: handlers may be dropped at any await.
pub(crate) async fn enforce<F: Future>(deadline: Option<Instant>, future: F) -> Result<F::Output, Status> {
    match deadline {
        None => Ok(future.await),
        Some(at) => timeout_at(at, future).await.map_err(|_| errors::deadline_exceeded("server")),
    }
}

/// Sends the next hop its timeout. Refuses a call that cannot finish in time.
pub(crate) fn outbound(context: &CallContext, headers: &mut HeaderMap) -> Result<(), Status> {
    let Some(deadline) = context.deadline else { return Ok(()) };
    let left = deadline.saturating_duration_since(Instant::now());
    let mut given = left - HOP_MARGIN.min(left / 10);
    if let Some(asked) = headers.get(&GRPC_TIMEOUT).and_then(parse) {
        given = given.min(asked);
    }
    if given.is_zero() {
        return Err(errors::deadline_exceeded("client"));
    }
    headers.insert(GRPC_TIMEOUT, format(given));
    Ok(())
}

/// Subtracts the time spent from a call's header. False: nothing is left.
pub(crate) fn shorten(headers: &mut HeaderMap, spent: Duration) -> bool {
    let Some(given) = headers.get(&GRPC_TIMEOUT).and_then(parse) else { return true };
    let left = given.saturating_sub(spent);
    headers.insert(GRPC_TIMEOUT, format(left));
    !left.is_zero()
}

/// Runs `future` with at most `limit` for the calls it makes; for work outside of any call, such as a worker's.
pub async fn within<F: Future>(limit: Duration, future: F) -> F::Output {
    let above = context::current();
    let at = Instant::now() + limit;
    let deadline = Some(above.deadline.map_or(at, |earlier| earlier.min(at)));
    context::enter(CallContext { deadline, ..above }, future).await
}

/// The `grpc-timeout` form: at most eight digits and a unit.
fn parse(value: &HeaderValue) -> Option<Duration> {
    const DIGITS_MAX: usize = 8;
    let (unit, digits) = value.as_bytes().split_last()?;
    if digits.is_empty() || digits.len() > DIGITS_MAX || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let amount: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    match unit {
        b'H' => Some(Duration::from_secs(amount * 3_600)),
        b'M' => Some(Duration::from_secs(amount * 60)),
        b'S' => Some(Duration::from_secs(amount)),
        b'm' => Some(Duration::from_millis(amount)),
        b'u' => Some(Duration::from_micros(amount)),
        b'n' => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

/// The finest unit in which `given` has eight digits or fewer.
fn format(given: Duration) -> HeaderValue {
    const TOO_MANY: u128 = 100_000_000;
    let (amount, unit) = if given.as_micros() < TOO_MANY {
        (given.as_micros().max(1), 'u')
    } else if given.as_millis() < TOO_MANY {
        (given.as_millis(), 'm')
    } else {
        (u128::from(given.as_secs()).min(TOO_MANY - 1), 'S')
    };
    HeaderValue::try_from(format!("{amount}{unit}")).expect("digits and a letter are a header value")
}
