//! What the note about suspense says.
use super::*;

#[test]
fn what_waits_is_told_with_its_age_and_nothing_is_no_note() {
    let sum = |unit: &str, amount, since| SuspenseSum { unit: unit.to_owned(), amount, since };
    let since = Some(money::time::from_unix_ms(1_700_000_000_000));
    assert_eq!(check(&[]), CheckResult::Passed);
    assert_eq!(check(&[sum("coin", 0, None)]), CheckResult::Passed);
    let told = check(&[sum("coin", 0, None), sum("USD", 500, since), sum("EUR", i128::from(i64::MAX) * 2, None)]);
    let expected = "waits in suspense: 500 USD since 2023-11-14T22:13:20+00:00, 18446744073709551614 EUR";
    assert_eq!(told, CheckResult::Noted(expected.to_owned()));
}

#[test]
fn the_age_begins_when_the_balance_leaves_zero_and_ends_when_it_returns() {
    let mut fold = SuspenseFold::default();
    fold.0.insert(7, SuspenseAccount { unit: Unit::Coin, balance: 0, since_seq: 0 });
    let told = |fold: &SuspenseFold| (fold.0[&7].balance, fold.0[&7].since_seq);
    for (amount, seq, expected) in [(5, 3, (5, 3)), (2, 4, (7, 3)), (-6, 5, (1, 3)), (-1, 6, (0, 0)), (4, 9, (4, 9))] {
        fold.add(7, amount, seq);
        assert_eq!(told(&fold), expected, "after event {seq}");
    }
    fold.add(8, 1_000, 10);
    assert_eq!((told(&fold), fold.0.len()), ((4, 9), 1), "another account is not suspense");
}
