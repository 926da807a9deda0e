//! Unit tests of `statement`.
use super::*;
use jiff::Timestamp;
use money::Currency;

fn usd(minor_units: i64) -> Money {
    Money::try_new(Currency::try_new("USD").unwrap(), minor_units).unwrap()
}

fn recorded(phase: PayoutPhase) -> RecordedPayout {
    let payout_id = Uuid::from_u128(7);
    RecordedPayout {
        book: BookName::try_new("app-us").unwrap(),
        payout_id,
        end_to_end_ids: BTreeSet::from([payout_id]),
        current_id: payout_id,
        amount: usd(500),
        phase,
        sends: 1,
    }
}

fn entry(signed: i64) -> StatementEntry {
    StatementEntry {
        reference: None,
        amount: usd(signed.abs()),
        direction: if signed < 0 { Direction::Debit } else { Direction::Credit },
        booked: Timestamp::from_millisecond(1_000).ok(),
        end_to_end_id: Some(Uuid::from_u128(7).simple().to_string()),
        additional: None,
    }
}

fn unexpected(phase: PayoutPhase, signed: &[i64]) -> i64 {
    let entries: Vec<StatementEntry> = signed.iter().copied().map(entry).collect();
    let found = compare(&entries, &[recorded(phase)]);
    found[0].unexpected.minor_units()
}

#[test]
fn money_that_left_for_a_payout_that_came_back_is_found() {
    for phase in [PayoutPhase::Returning, PayoutPhase::Suspending, PayoutPhase::Rejected, PayoutPhase::Refused, PayoutPhase::Held] {
        assert_eq!(unexpected(phase, &[-500]), 500, "{phase:?}");
    }
    for phase in [PayoutPhase::Sent, PayoutPhase::Accepted, PayoutPhase::Unknown, PayoutPhase::Settling, PayoutPhase::Settled] {
        assert_eq!(unexpected(phase, &[-500]), 0, "{phase:?}");
        assert_eq!(unexpected(phase, &[-500, -500]), 500, "{phase:?}");
        assert_eq!(unexpected(phase, &[-499]), 499, "{phase:?}");
    }
    // The bank took it back.
    assert_eq!(unexpected(PayoutPhase::Rejected, &[-500, 500]), 0);
    assert_eq!(unexpected(PayoutPhase::Rejected, &[500, -500, -500]), 500);
    assert_eq!(unexpected(PayoutPhase::Rejected, &[500]), 0);
}

#[test]
fn of_several_attempts_only_the_last_may_be_debited() {
    let (first, second) = (Uuid::from_u128(7), Uuid::from_u128(8));
    let payout = RecordedPayout { end_to_end_ids: BTreeSet::from([first, second]), current_id: second, ..recorded(PayoutPhase::Settled) };
    let debit = |id: Uuid| StatementEntry { end_to_end_id: Some(id.simple().to_string()), ..entry(-500) };
    let found = |entries: &[StatementEntry]| compare(entries, std::slice::from_ref(&payout))[0].unexpected.minor_units();
    assert_eq!(found(&[debit(second)]), 0);
    assert_eq!(found(&[debit(first)]), 500, "it was proved not to have been executed");
    assert_eq!(found(&[debit(first), debit(second)]), 500);
}

#[test]
fn only_ids_as_payouts_write_them_are_read() {
    let mut other = entry(-500);
    other.end_to_end_id = Some(Uuid::from_u128(7).to_string());
    let deposit = StatementEntry { end_to_end_id: None, ..entry(500) };
    assert!(named(&[other.clone(), deposit.clone()]).is_empty());
    assert_eq!(compare(&[other, deposit], &[recorded(PayoutPhase::Rejected)]), []);
    assert_eq!(named(&[entry(-500), entry(500)]), [Uuid::from_u128(7)]);
}
