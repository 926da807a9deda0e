//! Metrics of a book's writer: events and the amounts they moved, commits and their durations, waiting requests.
//!
//! Counted by batch and not by event, so that a gift costs only nanoseconds more. All values are of this process since its start; totals of the books
//! are in their trial balances.
use crate::{
    book::SharedBook,
    clock::LedgerClock,
    domain::{
        chart::Unit,
        event::{Body, Event, Transfer, TransferKind},
        state::BookState,
    },
    store::{CommitError, StoredEvent},
};
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram},
};
use std::{sync::Arc, time::Duration};

/// Bounds of batches, in requests.
const BATCH: [f64; 12] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0];

/// A book's instruments.
pub(crate) struct Meters {
    book: KeyValue,
    events: Counter<u64>,
    moved: Counter<u64>,
    refusals: Counter<u64>,
    commits: Histogram<f64>,
    batch: Histogram<u64>,
}

impl Meters {
    /// `None` where metrics are off.
    pub(crate) fn new(book: &str) -> Option<Self> {
        let meter = telemetry::meter()?;
        let counter = |name: &'static str, unit: &'static str, what: &'static str| {
            meter.u64_counter(name).with_unit(unit).with_description(what).build()
        };
        Some(Self {
            book: KeyValue::new("book", book.to_owned()),
            events: counter("largesse.ledger.events", "{event}", "Events committed, by kind."),
            moved: counter("largesse.ledger.moved", "", "Amounts of committed transfers, not holds, in coins, diamonds or minor units."),
            refusals: counter("largesse.ledger.refusals", "{refusal}", "Requests that a rule, a limit or funds refused."),
            commits: telemetry::metrics::durations(meter, "largesse.ledger.commit.duration", "Commits, by how they ended."),
            batch: meter
                .u64_histogram("largesse.ledger.batch.size")
                .with_unit("{request}")
                .with_description("Requests of one commit.")
                .with_boundaries(BATCH.to_vec())
                .build(),
        })
    }

    /// Counts a commit that ended.
    pub(crate) fn commit(&self, outcome: &Result<(), CommitError>, took: Duration, requests: usize) {
        let outcome = match outcome {
            Ok(()) => "written",
            Err(CommitError::Fenced) => "fenced",
            Err(CommitError::Failed(_)) => "failed",
            Err(CommitError::Unknown(_)) => "unknown",
        };
        self.commits.record(took.as_secs_f64(), &[self.book.clone(), KeyValue::new("outcome", outcome)]);
        self.batch.record(requests as u64, std::slice::from_ref(&self.book));
    }

    /// Counts a published batch; `state` has the accounts it names.
    pub(crate) fn published(&self, events: &[StoredEvent], refusals: usize, state: &BookState) {
        let mut tally = BatchTally::default();
        for stored in events {
            tally.add(&stored.event, state);
        }
        for kind in tally.kinds {
            let name = KeyValue::new("kind", kind.name.to_owned());
            self.events.add(kind.events, &[self.book.clone(), name.clone()]);
            for (unit, amount) in kind.moved {
                self.moved.add(amount, &[self.book.clone(), name.clone(), KeyValue::new("unit", unit.to_string())]);
            }
        }
        if refusals > 0 {
            self.refusals.add(refusals as u64, std::slice::from_ref(&self.book));
        }
    }
}

/// Events of one kind.
#[derive(Debug, PartialEq, Eq)]
struct KindTally<'a> {
    name: &'a str,
    events: u64,
    moved: Vec<(Unit, u64)>,
}

/// Events by kind. A batch has a handful of kinds, so a linear search is enough.
#[derive(Debug, Default, PartialEq, Eq)]
struct BatchTally<'a> {
    kinds: Vec<KindTally<'a>>,
    /// Units of accounts looked up before, while there are few.
    units: Vec<(i64, Unit)>,
}

/// More than a batch of gifts needs.
const UNITS_MAX: usize = 8;

impl<'a> BatchTally<'a> {
    fn add(&mut self, event: &'a Event, state: &BookState) {
        let name = match &event.body {
            Body::Posting(posting) => posting.kind.as_str(),
            Body::AccountOpened { .. } => "account.opened",
            Body::AccountStateSet { .. } => "account.state_set",
            Body::LimitSet { .. } => "limit.set",
            Body::HoldExpired => "hold.expired",
        };
        let at = self.kinds.iter().position(|kind| kind.name == name).unwrap_or_else(|| {
            self.kinds.push(KindTally { name, events: 0, moved: Vec::new() });
            self.kinds.len() - 1
        });
        self.kinds[at].events += 1;
        for transfer in &event.transfers {
            if !matches!(transfer.kind, TransferKind::Posted | TransferKind::PostOfPending) {
                continue;
            }
            let Some(unit) = self.unit(transfer, state) else { continue };
            let amount = transfer.amount.unsigned_abs();
            match self.kinds[at].moved.iter_mut().find(|(of, _)| *of == unit) {
                Some((_, sum)) => *sum = sum.saturating_add(amount),
                None => self.kinds[at].moved.push((unit, amount)),
            }
        }
    }

    /// The unit of both sides. The older account is mostly one of the company's, which many transfers of a batch share: it is looked up once, and no viewer's
    /// account is looked up just for a metric.
    fn unit(&mut self, transfer: &Transfer, state: &BookState) -> Option<Unit> {
        let key = transfer.debit.min(transfer.credit);
        if let Some((_, unit)) = self.units.iter().find(|(known, _)| *known == key) {
            return Some(*unit);
        }
        let unit = state.account(key)?.unit;
        if self.units.len() < UNITS_MAX {
            self.units.push((key, unit));
        }
        Some(unit)
    }
}

/// Reports the length of the book's queue, the journal's last event and whether this process writes the book.
pub(crate) fn watch(book: &str, shared: &Arc<SharedBook>, clock: &LedgerClock) {
    let Some(meter) = telemetry::meter() else { return };
    let attributes = [KeyValue::new("book", book.to_owned())];
    let (here, watched) = (attributes.clone(), Arc::downgrade(shared));
    let gauge = meter.u64_observable_gauge("largesse.ledger.waiting").with_unit("{request}");
    let gauge = gauge.with_description("Requests that wait for the book's writer.");
    gauge.with_callback(move |gauge| watched.upgrade().iter().for_each(|shared| gauge.observe(shared.waiting() as u64, &here))).build();
    let (here, watched) = (attributes.clone(), Arc::downgrade(shared));
    let gauge = meter.i64_observable_gauge("largesse.ledger.journal.end").with_unit("{event}");
    let gauge = gauge.with_description("The journal's last event, as far as this process has committed or loaded.");
    gauge
        .with_callback(move |gauge| {
            let head = watched.upgrade().and_then(|shared| shared.head());
            head.iter().for_each(|head| gauge.observe(head.last_seq, &here));
        })
        .build();
    let (here, watched, clock) = (attributes.clone(), Arc::downgrade(shared), clock.clone());
    let gauge = meter.f64_observable_gauge("largesse.ledger.clock.ahead").with_unit("s");
    let gauge = gauge.with_description("How far the book's last commit is ahead of this machine's clock; 0 unless a clock was set back.");
    gauge
        .with_callback(move |gauge| {
            let shared = watched.upgrade();
            shared.iter().for_each(|shared| gauge.observe(shared.ahead_of(clock.now()).as_secs_f64(), &here));
        })
        .build();
    let watched = Arc::downgrade(shared);
    let gauge = meter.u64_observable_gauge("largesse.ledger.writer");
    let gauge = gauge.with_description("1 where this process writes the book, 0 where it stands by.");
    gauge
        .with_callback(move |gauge| {
            let shared = watched.upgrade();
            shared.iter().for_each(|shared| gauge.observe(u64::from(shared.lease_owner().is_none()), &attributes));
        })
        .build();
}
