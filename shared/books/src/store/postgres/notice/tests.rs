//! Which notices are kept, and which are passed on.
use super::*;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

/// Counts what reaches the process's own logs.
struct Log(Arc<AtomicUsize>);

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO
    }
    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, SeqCst);
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

async fn call(warn: bool) -> u8 {
    tracing::info!("passed on");
    tokio::task::yield_now().await;
    tracing::info!(target: "sqlx::postgres::notice", "no warning");
    if warn {
        tracing::warn!(target: "sqlx::postgres::notice", message = "canceled");
        tracing::warn!(target: "sqlx::postgres::notice", message = "the second");
    }
    tokio::task::yield_now().await;
    tracing::warn!("of another");
    7
}

#[tokio::test]
async fn a_warning_is_heard_by_its_call_alone_and_still_logged() {
    // Even if nothing is logged at all.
    assert_eq!(with_warning(call(true)).await, (7, Some("canceled".to_owned())));
    let logged = Arc::new(AtomicUsize::new(0));
    let _guard = dispatcher::set_default(&Dispatch::new(Log(logged.clone())));
    let (warned, quiet) = tokio::join!(with_warning(call(true)), with_warning(call(false)));
    assert_eq!((warned, quiet), ((7, Some("canceled".to_owned())), (7, None)));
    assert_eq!(logged.load(SeqCst), 8);
    call(true).await;
    assert_eq!(logged.load(SeqCst), 13);
}
