//! Unit tests of `returns`.
use super::*;
use crate::domain::tests::{payout, returned as back};
use money::Currency;

fn judged(back: &PayoutReturn, phase: PayoutPhase, returned_minor_units: i64) -> ReturnState {
    judge_return(back, Some(ReturnedPayout { payout: &payout(phase), is_last_attempt: true, returned_minor_units })).0
}

#[test]
fn what_comes_back_of_a_paid_payout_is_booked_up_to_the_amount_and_never_beyond() {
    use PayoutPhase::Settled;
    for (amount, charge, before, expected) in [
        (500, 0, 0, ReturnState::Matched),
        (1, 0, 499, ReturnState::Matched),
        (490, 10, 0, ReturnState::Matched),
        (491, 10, 0, ReturnState::Unexpected),
        (501, 0, 0, ReturnState::Unexpected),
        (1, 0, 500, ReturnState::Unexpected),
        (0, 5, 0, ReturnState::Unexpected),
        (500, i64::MAX, 0, ReturnState::Unexpected),
        (money::AMOUNT_MAX, 0, 0, ReturnState::Unexpected),
    ] {
        assert_eq!(judged(&back(amount, charge), Settled, before), expected, "{amount} {charge} {before}");
    }
}

#[test]
fn only_what_may_have_been_paid_can_come_back() {
    for (phase, name) in PayoutPhase::ALL.map(|phase| (phase, phase.name())) {
        let may = matches!(name, "intent" | "sent" | "accepted" | "unknown" | "settling" | "settled" | "returnable");
        let expected = if may { ReturnState::Matched } else { ReturnState::Unexpected };
        assert_eq!(judged(&back(500, 0), phase, 0), expected, "{name}");
    }
}

#[test]
fn another_bank_account_currency_or_attempt_is_unexpected_and_an_unknown_payment_unmatched() {
    let paid = payout(PayoutPhase::Settled);
    let of = |is_last_attempt| Some(ReturnedPayout { payout: &paid, is_last_attempt, returned_minor_units: 0 });
    let whole = back(500, 0);
    assert_eq!(judge_return(&whole, of(true)).0, ReturnState::Matched);
    assert_eq!(judge_return(&whole, of(false)).0, ReturnState::Unexpected);
    assert_eq!(judge_return(&whole, None).0, ReturnState::Unmatched);
    assert_eq!(judge_return(&PayoutReturn { bank: "other".to_owned(), ..whole.clone() }, of(true)).0, ReturnState::Unexpected);
    assert_eq!(judge_return(&PayoutReturn { bank_account: "second".to_owned(), ..whole.clone() }, of(true)).0, ReturnState::Unexpected);
    let mut euros = whole;
    euros.credit.amount = Money::try_new(Currency::try_new("EUR").unwrap(), 500).unwrap();
    assert_eq!(judge_return(&euros, of(true)).0, ReturnState::Unexpected);
}

#[test]
fn ids_follow_from_the_bank_s_reference_and_a_later_try_has_one_of_its_own() {
    let (one, mut again) = (back(500, 0), back(500, 0));
    assert_eq!((one.return_id, one.key(9_000)), (again.return_id, again.key(99_000)), "whenever it is read");
    again.tries = 1;
    assert_ne!(one.key(9_000), again.key(9_000));
    let mut other = back(500, 0);
    other.credit.bank_reference = "B-2".to_owned();
    assert_ne!(PayoutReturn::id("sandbox", "main", &other.credit), one.return_id);
    assert_ne!(PayoutReturn::id("other", "main", &one.credit), one.return_id);
}
