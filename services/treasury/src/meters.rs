//! Changes of the structure, and files that were refused.
use crate::domain::{Plan, Problem};
use opentelemetry::{KeyValue, metrics::Counter};
use std::sync::LazyLock;

static CHANGES: LazyLock<Option<Counter<u64>>> = LazyLock::new(|| {
    let counter = telemetry::meter()?.u64_counter("largesse.treasury.changes").with_unit("{change}");
    Some(counter.with_description("Changes of the structure of bank accounts that were made, by kind.").build())
});

static REFUSED: LazyLock<Option<Counter<u64>>> = LazyLock::new(|| {
    let counter = telemetry::meter()?.u64_counter("largesse.treasury.files.refused").with_unit("{file}");
    Some(counter.with_description("Structure files that break rules, by the first rule that each breaks.").build())
});

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
