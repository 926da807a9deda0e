//! The health of all books, as the top of every page has it.
use crate::view::amounts::count;
use api::monitor::{CheckOutcome, GetHealthOfMoneyResponse};

/// Whether the books are right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HealthView {
    pub(crate) class: &'static str,
    pub(crate) word: &'static str,
    pub(crate) detail: String,
}

/// The state of all books in a few words. What the monitor did not say is unknown, never right.
pub(crate) fn health(audit: Option<&GetHealthOfMoneyResponse>) -> HealthView {
    let Some(audit) = audit else {
        return HealthView { class: "unknown", word: "unknown", detail: "the monitor gives no answer".to_owned() };
    };
    let checks = audit.books.iter().flat_map(|book| &book.checks).chain(&audit.checks);
    let failed = checks.clone().filter(|check| check.outcome() == CheckOutcome::Failed).count();
    let pending = checks.filter(|check| check.outcome() == CheckOutcome::Pending).count();
    let behind = audit.books.iter().fold(0_i64, |sum, book| sum.saturating_add(book.events_behind));
    if failed > 0 {
        let detail = format!("{failed} {} failed", if failed == 1 { "check" } else { "checks" });
        return HealthView { class: "bad", word: "wrong", detail };
    }
    if audit.healthy {
        return HealthView { class: "good", word: "right", detail: format!("{} events not checked yet", count(behind)) };
    }
    let detail = if audit.books.is_empty() { "no book yet".to_owned() } else { format!("{pending} checks have no result yet") };
    HealthView { class: "unknown", word: "not known yet", detail }
}
