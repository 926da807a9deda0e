//! Unit tests of what is shown of a creator's money.
use super::*;
use crate::pages::samples::{MARKUP, assert_text};
use api::r#type::Money;
use identity::Role;

#[test]
fn markup_in_every_field_is_text() {
    let text = || MARKUP.to_owned();
    let sum = || Money { currency_code: text(), minor_units: 1 };
    let answer = GetEarningsResponse { payable: vec![sum()], frozen_currency_codes: vec![text()], ..GetEarningsResponse::default() };
    let payout = Payout {
        payout_id: text(),
        amount: Some(sum()),
        rail: text(),
        reason_code: text(),
        reason: text(),
        blocked_by: text(),
        next_step: text(),
        ..Payout::default()
    };
    let of = Beneficiary {
        masked_account: text(),
        masked_holder_name: text(),
        kind: text(),
        country: text(),
        currency_code: text(),
        ..Beneficiary::default()
    };
    let asked = AskedHolder::read(MARKUP, &Filters::read(b"id=ann")).unwrap();
    let parts = CreatorParts {
        accounts: vec![HeldView { account: text(), href: text(), limits: text(), then: text(), ..HeldView::default() }],
        earned: part(Ok(Vec::new()), text()).unwrap(),
        converted: PagePart { rows: Vec::new(), failure: text(), all: String::new() },
        paid: part(Ok(vec![paid(MARKUP, &payout)]), String::new()).unwrap(),
        payees: part(Ok(vec![payee(&of)]), String::new()).unwrap(),
    };
    let (frame, related) = (PageFrame::bare("Earnings and payouts", None), asked.related(Role::Admin, "/creator"));
    let shown = CreatorPage { frame, id: text(), at: text(), related, found: Some((view(&answer), parts)) };
    assert_text(&shown, 18);
}

#[test]
fn money_that_waits_is_marked_and_a_deleted_account_says_so() {
    let of = |state: PayoutState, blocked_by: &str| Payout { state: state.into(), blocked_by: blocked_by.to_owned(), ..Payout::default() };
    for (payout, waits) in [
        (of(PayoutState::InReview, ""), true),
        (of(PayoutState::OutcomeUnknown, ""), true),
        (of(PayoutState::Held, "ACCOUNT_FROZEN: frozen"), true),
        (of(PayoutState::Settled, ""), false),
        (of(PayoutState::Rejected, ""), false),
    ] {
        assert_eq!(paid("demo", &payout).waits, waits, "{payout:?}");
    }
    let deleted = Beneficiary { delete_time: Some(prost_types::Timestamp::default()), ..Beneficiary::default() };
    assert_eq!((payee(&deleted).state.word.as_str(), payee(&Beneficiary::default()).state.word.as_str()), ("deleted", "active"));
    assert_eq!(view(&GetEarningsResponse::default()).payable, "nothing");
}
