//! Repayments settle the oldest loans first, in whatever order entries count.
use super::*;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

#[test]
fn the_oldest_loan_is_repaid_first() {
    let mut loans = OpenLoans::default();
    for (on, amount) in [("2026-01-01", 100), ("2026-08-20", 40), ("2026-09-30", 30), ("2026-11-27", 7)] {
        loans.lend(day(on), amount).unwrap();
    }
    let on = day("2026-11-27");
    assert_eq!(loans.aged(on), Some(AgedPosition { owed: 177, ages: [7, 30, 0, 140] }));
    loans.repay(120).unwrap();
    assert_eq!(loans.aged(on), Some(AgedPosition { owed: 57, ages: [7, 30, 0, 20] }));
    assert_eq!(loans.aged(day("2026-12-28")).unwrap().ages, [0, 7, 30, 20], "31 days are in the second bucket");
    assert_eq!(loans.aged(day("2026-12-27")).unwrap().ages, [7, 0, 30, 20], "30 days are in the first");
    loans.repay(57).unwrap();
    assert_eq!(loans.aged(on), Some(AgedPosition::default()));
}

#[test]
fn a_repayment_before_its_loan_settles_it() {
    let mut loans = OpenLoans::default();
    loans.repay(50).unwrap();
    assert_eq!(loans.aged(day("2026-11-27")).unwrap().owed, -50);
    loans.lend(day("2026-11-27"), 80).unwrap();
    assert_eq!(loans.aged(day("2026-11-27")), Some(AgedPosition { owed: 30, ages: [30, 0, 0, 0] }));
}
