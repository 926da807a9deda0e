//! The results of audit runs, and the viewers of payments, as metrics.
use crate::{
    CheckResult,
    health::{CheckHistory, ChecksByName, Health, SuspenseSum},
    payments::Payments,
};
use opentelemetry::{
    KeyValue,
    metrics::{AsyncInstrument, Meter},
};
use std::sync::{Arc, PoisonError, RwLock};

/// Reports the health to the metrics exporter from now on.
pub(crate) fn watch(health: &Arc<RwLock<Health>>) {
    let Some(meter) = telemetry::meter() else { return };
    let read = |health: &Arc<RwLock<Health>>| health.read().unwrap_or_else(PoisonError::into_inner).clone();
    let watched = health.clone();
    let gauge =
        meter.u64_observable_gauge("largesse.audit.green").with_description("1 where every check of every book passed, 0 otherwise.");
    gauge.with_callback(move |gauge| gauge.observe(u64::from(read(&watched).is_healthy()), &[])).build();
    let watched = health.clone();
    let gauge = meter.u64_observable_gauge("largesse.audit.failed").with_description("1 where a check failed, 0 otherwise.");
    gauge
        .with_callback(move |gauge| {
            let failed = |check: &CheckHistory| u64::from(matches!(check.outcome, CheckResult::Failed(_)));
            each(&read(&watched), gauge, failed);
        })
        .build();
    let watched = health.clone();
    let gauge = meter.u64_observable_gauge("largesse.audit.pending").with_description("1 where a check is still to be done, 0 otherwise.");
    gauge
        .with_callback(move |gauge| {
            let pending = |check: &CheckHistory| u64::from(matches!(check.outcome, CheckResult::Pending(_)));
            each(&read(&watched), gauge, pending);
        })
        .build();
    let watched = health.clone();
    let gauge = meter.f64_observable_gauge("largesse.audit.age").with_unit("s").with_description("Time since the last audit run ended.");
    gauge
        .with_callback(move |gauge| {
            let age = read(&watched).looked_at.and_then(|at| at.elapsed().ok());
            age.iter().for_each(|age| gauge.observe(age.as_secs_f64(), &[]));
        })
        .build();
    let watched = health.clone();
    let gauge = meter.i64_observable_gauge("largesse.audit.behind").with_unit("{event}");
    let gauge = gauge.with_description("Events of the journal that are still to be checked.");
    gauge
        .with_callback(move |gauge| {
            read(&watched).books.iter().for_each(|(name, book)| gauge.observe(book.behind, &[KeyValue::new("book", name.clone())]));
        })
        .build();
    suspense(meter, health);
}

/// Reports the viewers of payments from now on.
pub(crate) fn watch_viewers(payments: &Arc<Payments>) {
    let Some(meter) = telemetry::meter() else { return };
    let watched = Arc::downgrade(payments);
    let gauge = meter.u64_observable_gauge("largesse.viewers").with_unit("{stream}");
    let gauge = gauge.with_description("Streams of WatchPayments that are open.");
    gauge
        .with_callback(move |gauge| {
            watched.upgrade().iter().for_each(|payments| gauge.observe(payments.open_viewers() as u64, &[]));
        })
        .build();
}

/// Money that waits for staff. A series for each suspense account that was ever used, so that an empty one shows zero.
fn suspense(meter: &Meter, health: &Arc<RwLock<Health>>) {
    let each = |health: &Arc<RwLock<Health>>, tell: &dyn Fn(&SuspenseSum, &[KeyValue])| {
        let health = health.read().unwrap_or_else(PoisonError::into_inner).clone();
        for (name, book) in &health.books {
            let book_of = |sum: &SuspenseSum| [KeyValue::new("book", name.clone()), KeyValue::new("unit", sum.unit.clone())];
            book.suspense.iter().for_each(|sum| tell(sum, &book_of(sum)));
        }
    };
    let watched = health.clone();
    let gauge = meter.i64_observable_gauge("largesse.audit.suspense");
    let gauge = gauge.with_description("Money in suspense, in coins or minor units, as of the last audit run.");
    let clamped = |amount: i128| i64::try_from(amount).unwrap_or(if amount < 0 { i64::MIN } else { i64::MAX });
    gauge.with_callback(move |gauge| each(&watched, &|sum, of| gauge.observe(clamped(sum.amount), of))).build();
    let watched = health.clone();
    let gauge = meter.f64_observable_gauge("largesse.audit.suspense.age").with_unit("s");
    let gauge = gauge.with_description("Time since there was last nothing in suspense; 0 where there is nothing.");
    gauge
        .with_callback(move |gauge| {
            let age = |sum: &SuspenseSum| sum.since.and_then(|since| since.elapsed().ok()).unwrap_or_default();
            each(&watched, &|sum, of| gauge.observe(age(sum).as_secs_f64(), of));
        })
        .build();
}

fn each(health: &Health, gauge: &dyn AsyncInstrument<u64>, value: impl Fn(&CheckHistory) -> u64) {
    let tell = |book: &str, checks: &ChecksByName| {
        for (name, check) in checks {
            gauge.observe(value(check), &[KeyValue::new("book", book.to_owned()), KeyValue::new("check", *name)]);
        }
    };
    health.books.iter().for_each(|(name, book)| tell(name, &book.checks));
    tell("", &health.checks);
}
