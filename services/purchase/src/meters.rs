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

/// The tables whose rows sweeps read.
const SWEPT: [&str; 17] = [
    "coin_hold",
    "dispute_step",
    "purchase",
    "receipt_token",
    "refund",
    "refund_fact",
    "refund_order",
    "revenue_posting",
    "settlement_posting",
    "store_bill",
    "store_event",
    "store_order",
    "store_outbox",
    "store_question",
    "store_settlement",
    "viewer_debt",
    "wallet_change",
];

/// Begins to count what people are alerted about at 0, so that the first of it is an increase.
pub(crate) fn begin() {
    if let Some(rows) = &*DAMAGED {
        SWEPT.into_iter().for_each(|table| rows.add(0, &[KeyValue::new("table", table)]));
    }
    if let Some(events) = &*EVENTS {
        for (store, outcome) in StoreKind::ALL.into_iter().flat_map(|store| ["forged", "not_stored"].map(|outcome| (store, outcome))) {
            events.add(0, &[KeyValue::new("store", store.as_str()), KeyValue::new("outcome", outcome), KeyValue::new("reason", "")]);
        }
    }
}

/// Counts a row that a sweep passes over, and names it.
pub(crate) fn damaged(table: &'static str, damage: &str) {
    debug_assert!(SWEPT.contains(&table), "{table} is not counted from the start");
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
