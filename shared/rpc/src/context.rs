//! The context of the call being answered, carried by the task to the calls made on its behalf.
//!
//! A task-local, so that no signature in between has to pass it on. A task that a handler spawns starts without it: work that outlives
//! the call must not inherit the call's deadline. It can take the trace along, see [`crate::trace::with_traceparent`].
use crate::traceparent::TraceParent;
use std::{future::Future, sync::Arc};
use tokio::{task::futures::TaskLocalFuture, time::Instant};

/// The call being answered.
#[derive(Debug, Clone, Default)]
pub struct CallContext {
    /// When the caller stops waiting.
    pub deadline: Option<Instant>,
    /// The parent of further spans.
    pub trace: Option<TraceParent>,
    /// What tracing systems before us keep of the trace (`tracestate`), as it came. Passed on and not read.
    pub trace_state: Option<Arc<str>>,
    /// The service that answers, such as `gift`. Empty outside of a call.
    pub service: &'static str,
}

tokio::task_local! {
    static CURRENT: CallContext;
}

/// The call this task answers; an empty context outside of any.
pub fn current() -> CallContext {
    CURRENT.try_with(Clone::clone).unwrap_or_default()
}

/// Runs `future` as part of the call `context` describes.
pub fn enter<F: Future>(context: CallContext, future: F) -> TaskLocalFuture<CallContext, F> {
    CURRENT.scope(context, future)
}

/// Runs `step` as part of the call `context` describes; for bodies, which are polled outside of the handler's future.
pub(crate) fn within<R>(context: CallContext, step: impl FnOnce() -> R) -> R {
    CURRENT.sync_scope(context, step)
}
