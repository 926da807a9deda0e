//! Tests of `roll`.
#![allow(clippy::unwrap_used)]
use super::*;
use crate::journal::tests::TITLE;
use jiff::civil::date;

const DEFERRED: &str = "house/deferred_revenue/USD";
const PAYABLE: &str = "creator/*/payable/USD";

fn sums(account: &str, kind: &str, (debits, credits): (i64, i64)) -> RolledSums {
    RolledSums { account: account.to_owned(), unit: "USD".to_owned(), kind: kind.to_owned(), debits, credits }
}

#[test]
fn what_is_owed_is_rolled_forward_by_kind_and_the_rows_add_up() {
    let before = [sums(DEFERRED, "", (100, 900)), sums("house/bank_cash/USD", "", (5, 0))];
    let during = [
        sums(DEFERRED, "purchase.apple", (0, 300)),
        sums(DEFERRED, "adjustment", (50, 10)),
        sums(PAYABLE, "conversion", (0, 70)),
        sums(PAYABLE, "payout.submit", (90, 0)),
        sums("house/revenue/USD", "adjustment", (0, 40)),
    ];
    let rolled = roll_forward(&before, &during).unwrap();
    let ends: Vec<_> = rolled.iter().map(|line| (line.account.as_str(), line.opening, line.closing)).collect();
    assert_eq!(ends, [(PAYABLE, 0, -20), (DEFERRED, 800, 1_060)]);
    let csv = roll_forward_csv(TITLE, date(2026, 11, 1), &rolled).unwrap();
    let rows: Vec<&str> = csv.lines().skip(1).map(|row| row.trim_start_matches("app,main,2026-11-01,2026-12-01,closed,")).collect();
    assert_eq!(
        rows,
        [
            "creator/*/payable/USD,USD,opening,,0,0.00",
            "creator/*/payable/USD,USD,added,conversion,70,0.70",
            "creator/*/payable/USD,USD,released,payout.submit,-90,-0.90",
            "creator/*/payable/USD,USD,closing,,-20,-0.20",
            "house/deferred_revenue/USD,USD,opening,,800,8.00",
            "house/deferred_revenue/USD,USD,added,adjustment,10,0.10",
            "house/deferred_revenue/USD,USD,released,adjustment,-50,-0.50",
            "house/deferred_revenue/USD,USD,added,purchase.apple,300,3.00",
            "house/deferred_revenue/USD,USD,closing,,1060,10.60",
        ]
    );
}

#[test]
fn sums_beyond_the_range_are_refused() {
    let before = [sums(DEFERRED, "", (0, i64::MAX))];
    assert_eq!(roll_forward(&before, &[sums(DEFERRED, "purchase.apple", (0, 1))]), Err(Overflow));
    assert_eq!(roll_forward(&[sums(DEFERRED, "", (i64::MAX, 0)), sums(DEFERRED, "", (2, 0))], &[]), Err(Overflow));
}
