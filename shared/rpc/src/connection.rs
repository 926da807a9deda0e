//! One caller's connection while it is served: its calls in flight, whether any caller authenticated, and when it is asked to close.
//!
//! It is asked with a GOAWAY (RFC 9113 section 6.8): calls in flight are finished, and a client opens another connection for the next
//! ones.
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

mod bounds;
#[cfg(test)]
mod tests;

pub use bounds::ConnectionBounds;
pub(crate) use bounds::counted_address;

/// How many more calls of a connection may be refused because of their caller than are executed: as many as a user may have in flight. A refusal costs
/// as much as a fifth of a gift, so refusals without end are an attack, or a client that does not back off and loses nothing by connecting again.
const REFUSED_MAX: usize = 128;
/// How many more may be refused of a connection that was asked to close, beside the calls that were in flight then: a client may have sent as many before it
/// sees the GOAWAY. The same as the streams that may be open on a connection.
const REFUSED_AFTER_MAX: usize = 1_024;

/// The state of a connection, shared by its calls and the task that serves it.
#[derive(Debug)]
pub struct ConnectionUse {
    calls: AtomicUsize,
    proven: AtomicBool,
    /// When its last call in flight ended, or when it was opened.
    quiet_since: Mutex<Instant>,
    /// Bytes of incomplete requests.
    pub(crate) arriving_bytes: AtomicUsize,
    ending: CancellationToken,
    /// Calls refused because of their caller, less those executed; never below zero.
    refused: AtomicUsize,
    /// At how many of them it is cut off; set when it is asked to close.
    refused_limit: AtomicUsize,
    /// Cancelled when that is too many.
    abused: CancellationToken,
    /// Cancelled when it is far too many.
    hopeless: CancellationToken,
}

impl ConnectionUse {
    /// The state of a newly opened connection.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            calls: AtomicUsize::new(0),
            proven: AtomicBool::new(false),
            quiet_since: Mutex::new(Instant::now()),
            arriving_bytes: AtomicUsize::new(0),
            ending: CancellationToken::new(),
            refused: AtomicUsize::new(0),
            refused_limit: AtomicUsize::new(usize::MAX),
            abused: CancellationToken::new(),
            hopeless: CancellationToken::new(),
        })
    }

    /// Counts a call that reached its handler.
    pub(crate) fn count_executed(&self) {
        // Mostly there is nothing to take back, and many calls share this connection.
        if self.refused.load(Ordering::Relaxed) > 0 {
            let _none_left = self.refused.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |refused| refused.checked_sub(1));
        }
    }

    /// Counts a call that was refused because of its caller.
    pub(crate) fn count_refused(&self) {
        let refused = self.refused.fetch_add(1, Ordering::Relaxed) + 1;
        if refused >= REFUSED_MAX {
            self.abused.cancel();
        }
        if refused >= self.refused_limit.load(Ordering::Relaxed) {
            self.hopeless.cancel();
        }
    }

    /// Waits until so many calls were refused that it is cut off, whatever is in flight.
    pub(crate) async fn hopeless(&self) {
        self.hopeless.cancelled().await;
    }

    /// Notes that a call with a valid token came over it.
    pub(crate) fn prove(&self) {
        self.proven.store(true, Ordering::Relaxed);
    }

    /// Counts a call until the returned value is dropped.
    pub(crate) fn count_call(self: &Arc<Self>) -> ConnectionCall {
        self.calls.fetch_add(1, Ordering::Relaxed);
        ConnectionCall(self.clone())
    }

    /// Cancelled when the connection is asked to close: streams that would keep it open are ended, each in its own way.
    pub(crate) fn ending(&self) -> CancellationToken {
        self.ending.clone()
    }

    /// Waits until there is a reason to ask it to close, and names it.
    pub(crate) async fn over(&self, bounds: ConnectionBounds) -> &'static str {
        let opened = Instant::now();
        tokio::select! {
            () = after(bounds.age) => "it reached the maximum age of a connection",
            () = self.unproven(bounds.unproven) => "no call with a valid token was made over it in time",
            () = self.idle(bounds.idle, opened) => "no call was made over it in time",
            () = self.abused.cancelled() => "nearly all of its calls were refused because of their callers",
        }
    }

    async fn unproven(&self, limit: Duration) {
        after(limit).await;
        if self.proven.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }

    async fn idle(&self, limit: Duration, opened: Instant) {
        let mut until = opened + limit;
        loop {
            after(if limit.is_zero() { limit } else { until.saturating_duration_since(Instant::now()).max(MOMENT) }).await;
            let since = *self.quiet_since.lock().unwrap_or_else(PoisonError::into_inner);
            let busy = self.calls.load(Ordering::Relaxed) > 0;
            until = if busy { Instant::now() } else { since } + limit;
            if until <= Instant::now() {
                return;
            }
        }
    }

    /// Asks the connection to close.
    pub(crate) fn end(&self) {
        let (refused, calls) = (self.refused.load(Ordering::Relaxed), self.calls.load(Ordering::Relaxed));
        self.refused_limit.store(refused.saturating_add(calls).saturating_add(REFUSED_AFTER_MAX), Ordering::Relaxed);
        self.ending.cancel();
    }
}

/// The shortest wait between two checks.
const MOMENT: Duration = Duration::from_millis(1);

/// Waits for `limit`; for ever if it is zero, which means no limit.
async fn after(limit: Duration) {
    if limit.is_zero() { std::future::pending().await } else { sleep(limit).await }
}

/// A call on a connection, counted until it is dropped.
#[derive(Debug)]
pub(crate) struct ConnectionCall(Arc<ConnectionUse>);

impl Drop for ConnectionCall {
    fn drop(&mut self) {
        *self.0.quiet_since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.0.calls.fetch_sub(1, Ordering::Relaxed);
    }
}
