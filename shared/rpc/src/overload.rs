//! A limit on calls in flight. Above it a call is refused at once as not executed, instead of waiting until its deadline.
use crate::errors;
use opentelemetry::KeyValue;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tonic::Status;

/// When to retry: about as long as a full service needs to drain.
const RETRY_DELAY: Duration = Duration::from_millis(100);

/// One in so many slots is reserved for work that somebody has paid for already.
const RESERVED: usize = 8;

/// Work that somebody has paid for already: money taken by a store, diamonds earned, holds placed, staff actions to record. A gift that has to be
/// retried costs its sender a moment; coins that were paid for and do not arrive cost trust.
pub(crate) const PAID: [&str; 14] = [
    "/largesse.purchase.v1.PurchaseService/RedeemPurchase",
    "/largesse.earnings.v1.EarningsService/AcceptQuote",
    "/largesse.payout.v1.PayoutService/RequestPayout",
    "/largesse.payout.v1.PayoutService/CancelPayout",
    "/largesse.treasury.v1.TreasuryService/RecordReceipt",
    "/largesse.treasury.v1.TreasuryService/ExpectReceipt",
    "/largesse.treasury.v1.TreasuryService/ReserveFunds",
    "/largesse.treasury.v1.TreasuryService/ReleaseFunds",
    "/largesse.ledger.v1.LedgerService/Post",
    "/largesse.ledger.v1.LedgerService/PostPending",
    "/largesse.ledger.v1.LedgerService/VoidPending",
    "/largesse.ledger.v1.LedgerService/Reverse",
    "/largesse.support.v1.SupportService/RecordAct",
    "/largesse.support.v1.SupportService/Approve",
];

/// How many calls may be in flight, per service of a process. Per service and not over all: a gift that waits for the ledger of the same process
/// would otherwise occupy one slot while it asks for a second, and a full process could never drain.
#[derive(Debug, Clone, Copy)]
pub struct OverloadLimits {
    /// Unary calls. Their memory is bounded by this times a request's size.
    pub calls_max: usize,
    /// Open streams. They are long and mostly idle.
    pub streams_max: usize,
}

impl Default for OverloadLimits {
    fn default() -> Self {
        Self { calls_max: 8_192, streams_max: 4_096 }
    }
}

/// Counts calls and streams in flight.
#[derive(Debug)]
pub(crate) struct OverloadGate {
    in_flight: AtomicUsize,
    max: usize,
}

impl OverloadGate {
    pub(crate) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { in_flight: AtomicUsize::new(0), max })
    }

    fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Exports how full it is, from now on.
    pub(crate) fn watch(self: &Arc<Self>, service: &'static str, kind: &'static str) {
        let Some(meter) = telemetry::meter() else { return };
        let attributes = [KeyValue::new("largesse.service", service), KeyValue::new("kind", kind)];
        let here = attributes.clone();
        let (gauge, watched) = (meter.u64_observable_gauge("largesse.rpc.in_flight").with_unit("{call}"), self.clone());
        let gauge = gauge.with_description("Calls and streams being answered.");
        gauge.with_callback(move |gauge| gauge.observe(watched.in_flight() as u64, &here)).build();
        let (gauge, max) = (meter.u64_observable_gauge("largesse.rpc.in_flight.limit").with_unit("{call}"), self.max as u64);
        let gauge = gauge.with_description("Calls and streams above which the next is refused as OVERLOADED.");
        gauge.with_callback(move |gauge| gauge.observe(max, &attributes)).build();
    }

    fn max(&self, paid: bool) -> usize {
        if paid { self.max } else { self.max - self.max / RESERVED }
    }

    /// Whether there is a free slot now, else the refusal. Takes no slot: a call whose request has not arrived occupies none.
    pub(crate) fn look(&self, paid: bool) -> Result<(), Status> {
        if self.in_flight() >= self.max(paid) { Err(errors::overload(RETRY_DELAY)) } else { Ok(()) }
    }

    /// A slot, occupied until dropped, or the refusal if there is none. The last slots are for work that is `paid` for.
    pub(crate) fn admit(self: &Arc<Self>, paid: bool) -> Result<InFlightPermit, Status> {
        // Counted before the check, so that two concurrent calls cannot both take the last slot; a refused one releases it by dropping.
        let place = InFlightPermit(self.clone());
        if self.in_flight.fetch_add(1, Ordering::Relaxed) >= self.max(paid) { Err(errors::overload(RETRY_DELAY)) } else { Ok(place) }
    }
}

/// A slot in flight.
#[derive(Debug)]
pub(crate) struct InFlightPermit(Arc<OverloadGate>);

impl Drop for InFlightPermit {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
