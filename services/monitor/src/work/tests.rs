//! Unit tests of `work`.
use super::*;
use crate::health::{CheckHistory, HealthOfBook};
use identity::BookScope;
use std::time::{Duration, SystemTime};

fn failed(why: &str, held_at: Option<SystemTime>) -> CheckHistory {
    CheckHistory { outcome: CheckResult::Failed(why.to_owned()), held_at }
}

fn health() -> Health {
    let passed = CheckHistory { outcome: CheckResult::Passed, held_at: None };
    let since = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(7));
    let mut health = Health::default();
    for (book, check) in [("demo", failed("hash differs", since)), ("other", failed("in transit", None)), ("well", passed)] {
        health.books.insert(book.to_owned(), HealthOfBook { checks: [("journal", check)].into(), ..HealthOfBook::default() });
    }
    health.checks.insert("unknown_outcomes", failed("1 payout outcome_unknown", since));
    health
}

fn asked(books: BookScope, whole: bool) -> WorkAsked {
    WorkAsked {
        scope: StoryScope { books, user: None, most: 0 },
        class: None,
        role: Role::Admin,
        whole,
        after: None,
        rows: 1,
        patience_ms: 900_000,
        now_ms: 0,
    }
}

#[test]
fn a_check_that_fails_is_listed_with_its_runbook_in_the_books_of_the_token_only() {
    let shown = |asked: &WorkAsked| {
        let found = failed_checks(&health(), asked);
        found.into_iter().map(|item| (item.book, item.id, item.since_ms, item.runbook)).collect::<Vec<_>>()
    };
    let of_demo = ("demo".to_owned(), "journal".to_owned(), Some(7_000), "money-audit-failed");
    let of_other = ("other".to_owned(), "journal".to_owned(), None, "money-audit-failed");
    let of_all = (String::new(), "unknown_outcomes".to_owned(), Some(7_000), "outcomes-unknown");
    assert_eq!(shown(&asked(BookScope::All, true)), [of_all, of_demo.clone(), of_other]);
    assert_eq!(shown(&asked(BookScope::Only(vec![BookName::try_new("demo").unwrap()]), false)), [of_demo]);
    let of_payouts = WorkAsked { class: Some(WorkClass::StuckPayout), ..asked(BookScope::All, true) };
    assert_eq!(shown(&of_payouts), []);
}
