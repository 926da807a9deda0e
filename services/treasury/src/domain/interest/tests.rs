//! Interest in whole minor units, against fractions computed another way.
use super::*;
use proptest::prelude::*;
use rust_decimal::{Decimal, RoundingStrategy};

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn run(days: i64, balance: i64, rate: i64, year_days: i64) -> InterestRun {
    InterestRun { from: day("2026-11-01"), days, balance, rate, year_days }
}

#[test]
fn a_year_is_360_days_or_365() {
    assert_eq!(interest(&[run(30, 1_000_000, 36_000, 360)]), Some(3_000));
    assert_eq!(interest(&[run(365, 1_000_000, 36_500, 365)]), Some(36_500));
    assert_eq!(interest(&[]), Some(0));
    assert_eq!(interest(&[run(1, 5_000, 36_000, 360)]), Some(1), "half a cent is one");
    assert_eq!(interest(&[run(1, 4_999, 36_000, 360)]), Some(0));
    assert_eq!(interest(&[run(i64::MAX, i64::MAX, i64::MAX, 360)]), None, "more than can be counted");
}

#[test]
fn days_of_one_balance_and_rate_are_one_run() {
    let days = [("2026-10-24", 5), ("2026-10-25", 5), ("2026-10-26", 7)].map(|(on, balance)| InterestDay {
        on: day(on),
        balance,
        rate: 1,
        year_days: 360,
    });
    let found: Vec<_> = runs(&days).iter().map(|run| (run.from, run.days, run.balance)).collect();
    assert_eq!(found, [(day("2026-10-24"), 2, 5), (day("2026-10-26"), 1, 7)]);
}

proptest! {
    #[test]
    fn interest_is_what_decimals_say(
        rows in prop::collection::vec((1_i64..400, 0_i64..1_000_000_000_000, 0_i64..1_000_000, prop::bool::ANY), 0..12),
    ) {
        let runs: Vec<_> = rows.iter().map(|(days, balance, rate, leap)| run(*days, *balance, *rate, if *leap { 360 } else { 365 })).collect();
        let exact: Decimal = runs.iter().map(|run| {
            Decimal::from(run.balance) * Decimal::from(run.rate) / Decimal::from(RATE_PARTS) * Decimal::from(run.days) / Decimal::from(run.year_days)
        }).sum();
        let rounded = exact.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
        prop_assert!((Decimal::from(interest(&runs).unwrap()) - rounded).abs() <= Decimal::ONE, "a decimal's own rounding may move a half");
        prop_assert!((Decimal::from(interest(&runs).unwrap()) - exact).abs() <= Decimal::new(500_001, 6));
    }
}
