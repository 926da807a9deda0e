//! Unit tests of `batch`.
use super::*;
use money::{BookName, Currency};
use std::collections::BTreeSet;
use uuid::Uuid;

fn usd(minor_units: i64) -> Money {
    Money::try_new(Currency::try_new("USD").unwrap(), minor_units).unwrap()
}

fn payout(number: u128, minor_units: i64, phase: PayoutPhase) -> RecordedPayout {
    let id = Uuid::from_u128(number);
    RecordedPayout {
        book: BookName::try_new("app-us").unwrap(),
        payout_id: id,
        end_to_end_ids: BTreeSet::from([id]),
        current_id: id,
        amount: usd(minor_units),
        phase,
        sends: 1,
    }
}

#[test]
fn a_sum_is_explained_by_what_was_executed_before_what_may_have_been_and_what_was_refused() {
    let of = [payout(1, 500, PayoutPhase::Settled), payout(2, 70, PayoutPhase::Unknown), payout(3, 9, PayoutPhase::Rejected)];
    let ids =
        |minor_units| explained(usd(minor_units), &of).map(|found| found.iter().map(|one| one.payout_id.as_u128()).collect::<Vec<_>>());
    assert_eq!(ids(500), Some(vec![1]));
    assert_eq!(ids(570), Some(vec![1, 2]));
    assert_eq!(ids(579), Some(vec![1, 2, 3]), "a refused one was executed all the same");
    // Never a sum that could be put together: 509 is the first and the third.
    for other in [509, 70, 9, 79, 580, 1] {
        assert_eq!(ids(other), None, "{other}");
    }
    assert_eq!(explained(usd(500), &[]), None);
    let euro = Money::try_new(Currency::try_new("EUR").unwrap(), 500).unwrap();
    assert!(explained(euro, &of).is_none());
}
