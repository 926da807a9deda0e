//! Unit tests of merging the results of runs.
use super::*;
use std::time::Duration;

fn look(outcome: CheckResult) -> LookFound {
    let book = FoundInBook { checked_seq: 7, checked_time: 1, behind: 0, checks: vec![("journal", outcome)], suspense: None };
    LookFound { books: [("demo".to_owned(), book)].into(), checks: Vec::new() }
}

#[test]
fn nothing_known_is_not_green() {
    assert!(!Health::default().is_healthy());
    let mut health = Health::default();
    health.follow(LookFound::default(), SystemTime::UNIX_EPOCH);
    assert!(!health.is_healthy(), "an installation without a book proves nothing");
}

#[test]
fn green_is_that_nothing_failed_and_nothing_is_pending() {
    for (outcome, green) in [
        (CheckResult::Passed, true),
        (CheckResult::Noted("look at this".to_owned()), true),
        (CheckResult::NotCompared("not here"), true),
        (CheckResult::Pending("not yet".to_owned()), false),
        (CheckResult::Failed("wrong".to_owned()), false),
    ] {
        let mut health = Health::default();
        health.follow(look(outcome.clone()), SystemTime::UNIX_EPOCH);
        assert_eq!(health.is_healthy(), green, "{outcome:?}");
    }
}

#[test]
fn when_it_held_last_outlives_a_failure_and_a_check_that_was_not_made_stays() {
    let (first, later) = (SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH + Duration::from_secs(9));
    let mut health = Health::default();
    health.follow(look(CheckResult::Passed), first);
    health.follow(look(CheckResult::Failed("wrong".to_owned())), later);
    assert_eq!(health.books["demo"].checks["journal"].held_at, Some(first));
    let mut without = look(CheckResult::Passed);
    without.books.get_mut("demo").unwrap().checks.clear();
    health.follow(without, later);
    assert_eq!(health.books["demo"].checks["journal"].outcome, CheckResult::Failed("wrong".to_owned()));
    health.follow(LookFound::default(), later);
    assert!(health.books.is_empty(), "a book that is gone is not reported");
}

#[test]
fn a_look_that_came_to_nothing_leaves_no_green_and_no_failure_forgotten() {
    let mut health = Health::default();
    health.follow(look(CheckResult::Passed), SystemTime::UNIX_EPOCH);
    health.lost("the database is away");
    assert!(!health.is_healthy());
    assert_eq!(health.books["demo"].checks["journal"].outcome, CheckResult::Pending("the database is away".to_owned()));
    health.follow(look(CheckResult::Failed("wrong".to_owned())), SystemTime::UNIX_EPOCH);
    health.lost("the database is away");
    assert_eq!(health.books["demo"].checks["journal"].outcome, CheckResult::Failed("wrong".to_owned()));
}

#[test]
fn what_failed_is_not_forgotten_while_nobody_can_look() {
    let mut health = Health::default();
    health.follow(look(CheckResult::Failed("wrong".to_owned())), SystemTime::UNIX_EPOCH);
    health.follow(look(CheckResult::Pending("busy".to_owned())), SystemTime::UNIX_EPOCH);
    assert_eq!(health.books["demo"].checks["journal"].outcome, CheckResult::Failed("wrong".to_owned()));
    health.follow(look(CheckResult::Passed), SystemTime::UNIX_EPOCH);
    assert!(health.is_healthy());
}

#[test]
fn of_several_checks_every_failure_is_told_and_nothing_pending_hides_one() {
    let failed = |why: &str| CheckResult::Failed(why.to_owned());
    let pending = || CheckResult::Pending("young purchases are still to be compared".to_owned());
    assert_eq!(
        CheckResult::all([CheckResult::Passed, pending(), failed("a refund"), failed("a settlement")]),
        failed("a refund; a settlement")
    );
    assert_eq!(CheckResult::all([CheckResult::Passed, CheckResult::NotCompared("no tables"), pending()]), pending());
    assert_eq!(CheckResult::all([CheckResult::Passed, CheckResult::NotCompared("no tables")]), CheckResult::NotCompared("no tables"));
    assert_eq!(CheckResult::all([CheckResult::Passed, CheckResult::Passed]), CheckResult::Passed);
}
