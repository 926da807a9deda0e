//! Unit tests of `review`: what a payout of some facts waits for.
use super::*;
use money::Currency;
use std::time::Duration;

const NOW_MS: i64 = 1_800_000_000_000;

fn facts(minor_units: i64) -> ReviewFacts<'static> {
    ReviewFacts {
        amount: Money::try_new(Currency::try_new("USD").unwrap(), minor_units).unwrap(),
        created_at_ms: NOW_MS,
        usable: Usable::Yes,
        paid_before: false,
        first_payout_delay_ms: 0,
        threshold: None,
        limits: Vec::new(),
        hits: None,
    }
}

fn kinds(facts: &ReviewFacts<'_>, now_ms: i64) -> Vec<ReviewKind> {
    needs(facts, now_ms).into_iter().map(|need| need.kind).collect()
}

#[test]
fn nothing_is_needed_without_a_rule_that_asks_for_it() {
    assert!(needs(&facts(i64::from(u32::MAX)), NOW_MS).is_empty());
}

#[test]
fn only_more_than_the_threshold_is_approved() {
    let of = |minor_units| kinds(&ReviewFacts { threshold: Some(400), ..facts(minor_units) }, NOW_MS);
    assert_eq!((of(400), of(401)), (vec![], vec![ReviewKind::Approval]));
    assert_eq!(kinds(&ReviewFacts { threshold: Some(0), ..facts(1) }, NOW_MS), [ReviewKind::Approval]);
}

#[test]
fn a_first_payout_waits_from_its_request_on_and_a_later_one_does_not() {
    let first = ReviewFacts { first_payout_delay_ms: 1_000, ..facts(1) };
    assert_eq!(needs(&first, NOW_MS)[0].ends_at_ms, NOW_MS + 1_000);
    assert_eq!(kinds(&first, NOW_MS + 999), [ReviewKind::FirstPayout]);
    assert!(needs(&first, NOW_MS + 1_000).is_empty());
    assert!(needs(&ReviewFacts { paid_before: true, ..first }, NOW_MS).is_empty());
}

#[test]
fn a_limit_counts_the_payout_itself_and_sums_without_overflow() {
    let limit = TierLimitConfig {
        currency: "USD".to_owned(),
        payout_minor_units_max: 700,
        window: Duration::from_secs(60),
        window_minor_units_max: 1_000,
        window_payouts_max: 3,
    };
    let of = |minor_units, before: WindowSum| kinds(&ReviewFacts { limits: vec![(&limit, before)], ..facts(minor_units) }, NOW_MS);
    let before = |minor_units, payouts| WindowSum { minor_units, payouts };
    assert_eq!(of(700, before(300, 2)), []);
    assert_eq!(of(701, before(0, 0)), [ReviewKind::Limit]);
    assert_eq!(of(700, before(301, 1)), [ReviewKind::Velocity]);
    assert_eq!(of(1, before(0, 3)), [ReviewKind::Velocity]);
    assert_eq!(of(701, before(i128::from(i64::MAX) * 1_000, u32::MAX)), [ReviewKind::Limit, ReviewKind::Velocity]);
}

#[test]
fn a_payee_whom_no_bank_knows_is_looked_at_before_the_first_payout_and_one_to_confirm_always() {
    let of = |usable, paid_before| kinds(&ReviewFacts { usable, paid_before, ..facts(1) }, NOW_MS);
    assert_eq!(of(Usable::NeedsReview, false), [ReviewKind::Payee]);
    assert_eq!(of(Usable::NeedsReview, true), []);
    assert_eq!(of(Usable::NeedsConfirmation, true), [ReviewKind::Payee]);
    assert_eq!((of(Usable::Yes, false), of(Usable::Deleted, false)), (vec![], vec![]));
}

#[test]
fn everything_that_is_needed_is_named() {
    let all = ReviewFacts { hits: Some("{}".to_owned()), threshold: Some(0), usable: Usable::NeedsReview, ..facts(1) };
    assert_eq!(kinds(&all, NOW_MS), [ReviewKind::Screening, ReviewKind::Approval, ReviewKind::Payee]);
}
