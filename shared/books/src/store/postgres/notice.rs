//! Warnings that arrive with an answer.
//!
//! A commit whose wait for its standby was cancelled is answered as done, with a warning. sqlx passes warnings to `tracing` only, from within the
//! poll that reads them. So the call is polled under a subscriber of our own: it keeps the warnings for us, whatever the process logs, and passes
//! everything else on. This needs no second round trip, no privilege to read the server's replication state, and no decision at a time when a
//! standby was not configured yet.

use std::{cell::RefCell, fmt, pin::pin, sync::LazyLock};
use tracing::{
    Dispatch, Event, Level, Metadata, Subscriber, dispatcher,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span,
    subscriber::Interest,
};

#[cfg(test)]
mod tests;

/// The target under which sqlx logs the server's notices.
const TARGET: &str = "sqlx::postgres::notice";

/// One for all calls: a new one would make `tracing` re-evaluate every log line of the process.
static EAR: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoticeEar));

thread_local! {
    /// What the poll on this thread has received.
    static CALL: RefCell<Option<NoticeCall>> = const { RefCell::new(None) };
}

struct NoticeCall {
    /// The subscriber outside of the call.
    outer: Dispatch,
    warning: Option<String>,
}

/// The future's result and the first warning that arrived with it.
pub(super) async fn with_warning<F: Future>(future: F) -> (F::Output, Option<String>) {
    let mut future = pin!(future);
    let mut warning = None;
    let output = std::future::poll_fn(|context| {
        let call = NoticeCall { outer: dispatcher::get_default(Dispatch::clone), warning: warning.take() };
        let around = CALL.replace(Some(call));
        let polled = dispatcher::with_default(&EAR, || future.as_mut().poll(context));
        warning = CALL.replace(around).and_then(|call| call.warning);
        polled
    })
    .await;
    (output, warning)
}

/// Collects warnings for the call that is being polled.
struct NoticeEar;

fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.target() == TARGET && *metadata.level() <= Level::WARN
}

fn outer() -> Option<Dispatch> {
    CALL.with_borrow(|call| call.as_ref().map(|call| call.outer.clone()))
}

impl Subscriber for NoticeEar {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        // `never` keeps what nobody else wants disabled at no cost; what others want is checked each time, and passed on.
        if is_ours(metadata) { Interest::sometimes() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::WARN)
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // No spans: one would have to outlive the poll.
        is_ours(metadata) || !metadata.is_span() && outer().is_some_and(|outer| outer.enabled(metadata))
    }

    fn event(&self, event: &Event<'_>) {
        if is_ours(event.metadata()) {
            let mut message = NoticeMessage(String::new());
            event.record(&mut message);
            CALL.with_borrow_mut(|call| {
                if let Some(call) = call {
                    call.warning.get_or_insert(message.0);
                }
            });
        }
        if let Some(outer) = outer().filter(|outer| outer.enabled(event.metadata())) {
            outer.event(event);
        }
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

struct NoticeMessage(String);

impl Visit for NoticeMessage {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.0);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}
