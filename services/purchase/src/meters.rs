//! What stores said on their own, by what became of it on arrival; and rows that can't be read.
use crate::domain::StoreKind;
use opentelemetry::{KeyValue, metrics::Counter};
use std::sync::LazyLock;

static EVENTS: LazyLock<Option<Counter<u64>>> = LazyLock::new(|| {
    let counter = telemetry::meter()?.u64_counter("largesse.store.events").with_unit("{event}");
    Some(counter.with_description("Notifications of stores, by what became of them on arrival.").build())
});

static DAMAGED: LazyLock<Option<Counter<u64>>> = LazyLock::new(|| {
    let counter = telemetry::meter()?.u64_counter("largesse.purchase.damaged_rows").with_unit("{row}");
    Some(counter.with_description("Rows that a sweep could not read, or not act on because of others that it could not read.").build())
});

/// Counts a row that a sweep passes over, and names it.
pub(crate) fn damaged(table: &'static str, damage: &str) {
    tracing::error!(table, damage, "a row is damaged; the others go on without it");
    if let Some(rows) = &*DAMAGED {
        rows.add(1, &[KeyValue::new("table", table)]);
    }
}

/// Counts a notification that arrived; `reason` is empty unless it was refused.
pub(crate) fn arrived(store: StoreKind, outcome: &'static str, reason: &'static str) {
    if let Some(events) = &*EVENTS {
        let attributes = [KeyValue::new("store", store.as_str()), KeyValue::new("outcome", outcome), KeyValue::new("reason", reason)];
        events.add(1, &attributes);
    }
}
