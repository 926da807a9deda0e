//! Changes of the structure, files that were refused, twins, and statements.
use crate::domain::{
    Plan, Problem,
    forecast::{FundingWindow, RailForecast},
    statement::StatementKind,
    sweep::check::SweepBan,
};
use money::BookName;
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Gauge, Histogram},
};
use std::{sync::LazyLock, time::Duration};

static CHANGES: LazyLock<Option<Counter<u64>>> = LazyLock::new(|| {
    let counter = telemetry::meter()?.u64_counter("largesse.treasury.changes").with_unit("{change}");
    Some(counter.with_description("Changes of the structure of bank accounts that were made, by kind.").build())
});

static REFUSED: LazyLock<Option<Counter<u64>>> = LazyLock::new(|| {
    let counter = telemetry::meter()?.u64_counter("largesse.treasury.files.refused").with_unit("{file}");
    Some(counter.with_description("Structure files that break rules, by the first rule that each breaks.").build())
});

static TWINS: LazyLock<Option<Histogram<f64>>> = LazyLock::new(|| {
    let what = "Twins in the treasury book, from the commit in the app's book until they are posted.";
    Some(telemetry::metrics::durations(telemetry::meter()?, "largesse.treasury.twin.lag", what))
});

static TWINS_FAILED: LazyLock<Option<Counter<u64>>> = LazyLock::new(|| {
    let counter = telemetry::meter()?.u64_counter("largesse.treasury.twins.failed").with_unit("{round}");
    Some(counter.with_description("Rounds in which an account's missing twins could not be posted, by the app's book.").build())
});

/// Begins to count what people are alerted about at 0, so that the first of it is an increase.
pub(crate) fn begin() {
    for counter in [&TWINS_FAILED, &SWEEPS_REFUSED] {
        counter.iter().for_each(|counter| counter.add(0, &[]));
    }
    if let Some(received) = &*RECEIVED {
        received.add(0, &[KeyValue::new("outcome", "refused")]);
    }
}

/// Records a twin, and how long its posting waited for it.
pub(crate) fn twin_posted(app: &BookName, lag: Duration) {
    if let Some(twins) = &*TWINS {
        twins.record(lag.as_secs_f64(), &[KeyValue::new("book", app.to_string())]);
    }
}

/// Counts a round in which an account's twins stayed missing.
pub(crate) fn twin_failed(app: &BookName) {
    if let Some(failed) = &*TWINS_FAILED {
        failed.add(1, &[KeyValue::new("book", app.to_string())]);
    }
}

static ISSUED: LazyLock<Option<Counter<u64>>> = LazyLock::new(|| {
    let counter = telemetry::meter()?.u64_counter("largesse.treasury.statements.issued").with_unit("{statement}");
    Some(counter.with_description("Statements that were issued, by what they are of.").build())
});

/// Counts a statement that was issued.
pub(crate) fn issued(kind: StatementKind) {
    if let Some(issued) = &*ISSUED {
        issued.add(1, &[KeyValue::new("kind", kind.name())]);
    }
}

static RECEIVED: LazyLock<Option<Counter<u64>>> = LazyLock::new(|| {
    let counter = telemetry::meter()?.u64_counter("largesse.treasury.statements.received").with_unit("{file}");
    Some(counter.with_description("Banks' files that came from directories and addresses, by source and by what became of them.").build())
});

/// What became of a file that came from a source.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Received {
    /// It was imported.
    Taken,
    /// It was imported before.
    Known,
    /// It can't be imported.
    Refused,
}

/// Counts a file that came from a source.
pub(crate) fn statement_received(source: &str, received: Received) {
    if let Some(counter) = &*RECEIVED {
        let outcome = match received {
            Received::Taken => "taken",
            Received::Known => "known",
            Received::Refused => "refused",
        };
        counter.add(1, &[KeyValue::new("source", source.to_owned()), KeyValue::new("outcome", outcome)]);
    }
}

static FORECAST_SHORT: LazyLock<Option<Gauge<i64>>> = LazyLock::new(|| {
    let gauge = telemetry::meter()?.i64_gauge("largesse.treasury.forecast.short");
    Some(gauge.with_description("What an account will lack for a rail when it can be funded next, in minor units; 0: nothing.").build())
});

static SWEEPS_REFUSED: LazyLock<Option<Counter<u64>>> = LazyLock::new(|| {
    let counter = telemetry::meter()?.u64_counter("largesse.treasury.sweeps.refused").with_unit("{run}");
    Some(counter.with_description("Runs in which a rule of sweeps was refused, by the rule and what forbids it.").build())
});

/// Records what an account will lack for a rail.
pub(crate) fn forecast(window: &FundingWindow, found: &RailForecast) {
    if let Some(short) = &*FORECAST_SHORT {
        short.record(found.forecast_short, &[KeyValue::new("account", window.account.clone()), KeyValue::new("rail", window.rail.clone())]);
    }
}

/// Counts a run in which a rule was refused.
pub(crate) fn sweep_refused(rule: &str, ban: SweepBan) {
    if let Some(refused) = &*SWEEPS_REFUSED {
        refused.add(1, &[KeyValue::new("sweep_rule", rule.to_owned()), KeyValue::new("ban", ban.name())]);
    }
}

/// Counts the changes of a plan that was applied.
pub(crate) fn applied(plan: &Plan) {
    if let Some(changes) = &*CHANGES {
        plan.changes.iter().for_each(|change| changes.add(1, &[KeyValue::new("kind", change.kind())]));
    }
}

/// Counts a file that breaks rules.
pub(crate) fn refused(problems: &[Problem]) {
    if let (Some(refused), Some(first)) = (&*REFUSED, problems.first()) {
        refused.add(1, &[KeyValue::new("rule", first.rule.name())]);
    }
}
