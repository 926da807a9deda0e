//! Payouts by rail and state as they enter it, and the bank's response times.
use crate::{
    banks::connector::ReceivedAnswer,
    domain::{BankAnswer, Payout, PayoutPhase},
};
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram},
};
use std::{sync::LazyLock, time::Duration};

static PAYOUTS: LazyLock<Option<Counter<u64>>> = LazyLock::new(|| {
    let counter = telemetry::meter()?.u64_counter("largesse.payouts").with_unit("{payout}");
    Some(counter.with_description("Payouts that entered a state.").build())
});
static BANK: LazyLock<Option<Histogram<f64>>> = LazyLock::new(|| {
    Some(telemetry::metrics::durations(telemetry::meter()?, "largesse.bank.duration", "Messages to the bank, until its answer."))
});

static TIMED_OUT: LazyLock<Option<Counter<u64>>> = LazyLock::new(|| {
    let counter = telemetry::meter()?.u64_counter("largesse.payout.steps.timed_out").with_unit("{step}");
    Some(counter.with_description("Steps of payouts that took longer than their lease, by phase; each is retried.").build())
});

/// Counts a step that took too long and was dropped: of a payout in this phase, or of its `return`.
pub(crate) fn timed_out(phase: &'static str) {
    if let Some(timed_out) = &*TIMED_OUT {
        timed_out.add(1, &[KeyValue::new("phase", phase)]);
    }
}

/// Counts a payout that entered a state, once that is recorded.
pub(crate) fn entered(payout: &Payout) {
    if let Some(payouts) = &*PAYOUTS {
        // A refused payout was never visible as a payout.
        let state = if payout.phase == PayoutPhase::Refused { "refused" } else { payout.state.name() };
        let attributes = [
            KeyValue::new("book", payout.book.as_str().to_owned()),
            KeyValue::new("rail", payout.attempt.rail.clone()),
            KeyValue::new("state", state),
        ];
        payouts.add(1, &attributes);
    }
}

/// Records the bank's answer, or that there was none.
pub(crate) fn answered(what: &'static str, received: &ReceivedAnswer, took: Duration) {
    if let Some(bank) = &*BANK {
        let outcome = match &received.answer {
            BankAnswer::Named(_) | BankAnswer::Lost(_) if received.unread_version => "unread_version",
            BankAnswer::Named(said) if said.doubt.is_some() => "doubt",
            BankAnswer::Named(_) => "verdict",
            BankAnswer::NotFound { .. } => "not_found",
            BankAnswer::NotTaken(_) => "not_taken",
            BankAnswer::Lost(_) => "lost",
        };
        bank.record(took.as_secs_f64(), &[KeyValue::new("what", what), KeyValue::new("outcome", outcome)]);
    }
}
