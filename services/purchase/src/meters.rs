//! What stores said on their own, by what became of it on arrival.
use crate::domain::StoreKind;
use opentelemetry::{KeyValue, metrics::Counter};
use std::sync::LazyLock;

static EVENTS: LazyLock<Option<Counter<u64>>> = LazyLock::new(|| {
    let counter = telemetry::meter()?.u64_counter("largesse.store.events").with_unit("{event}");
    Some(counter.with_description("Notifications of stores, by what became of them on arrival.").build())
});

/// Counts a notification that arrived; `reason` is empty unless it was refused.
pub(crate) fn arrived(store: StoreKind, outcome: &'static str, reason: &'static str) {
    if let Some(events) = &*EVENTS {
        let attributes = [KeyValue::new("store", store.as_str()), KeyValue::new("outcome", outcome), KeyValue::new("reason", reason)];
        events.add(1, &attributes);
    }
}
