//! A panic in a handler becomes that call's INTERNAL; the connection and the process live on.
use crate::{context, errors};
use futures::FutureExt as _;
use http::HeaderMap;
use std::{any::Any, future::Future, panic::AssertUnwindSafe};
use tonic::{Code, Status};

/// Waits for `future`; a panic in it becomes a status. Unwind safety: the future is dropped with the panic, and what it shared is behind locks that poison
/// or behind the database.
pub(crate) async fn panics<F: Future>(future: F) -> Result<F::Output, Status> {
    AssertUnwindSafe(future).catch_unwind().await.map_err(|panic| contained(&*panic))
}

/// The status for a message that tonic cannot read: larger than `bytes_max`, or not a message of the RPC. tonic's own codes would say "our fault" or "resume
/// token expired", and its text is not ours. Every status of a handler carries details; tonic's carry none.
pub(crate) fn unreadable(headers: &HeaderMap, bytes_max: usize) -> Option<Status> {
    let code = headers.get(Status::GRPC_STATUS).map(|code| Code::from_bytes(code.as_bytes()))?;
    let bare = !headers.contains_key("grpc-status-details-bin");
    match code {
        Code::OutOfRange if bare => Some(errors::too_large(bytes_max, None)),
        Code::Internal if bare => Some(errors::malformed("message", "must be a message of this RPC")),
        _ => None,
    }
}

/// The answer to a panic. The panic hook has logged its location; the text is logged with the service that panicked.
pub(crate) fn contained(panic: &(dyn Any + Send)) -> Status {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let (service, trace) = (context::current().service, errors::trace());
    tracing::error!(service, trace, panic = text.unwrap_or("of an unknown kind"), "a handler panicked");
    errors::opaque(&trace)
}
