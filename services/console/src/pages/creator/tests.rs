//! Unit tests of what is shown of a creator's money.
use super::*;
use crate::pages::{
    options::{PayeeChoice, answered},
    samples::{MARKUP, assert_text},
};
use api::{
    payout::{GetPayoutOptionsResponse, PayoutOption},
    r#type::Money,
};
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
    let rail = PayoutOption { rail: text(), rail_name: text(), why_not: vec![text()], ..PayoutOption::default() };
    let mut options = OptionsPart { failure: text(), amount: text(), ..OptionsPart::default() };
    options.payees.push(PayeeChoice { id: text(), label: text(), chosen: true });
    answered(&mut options, &sum(), &GetPayoutOptionsResponse { options: vec![rail], arriving_minor_units: 1, ..Default::default() });
    let parts = CreatorParts {
        accounts: vec![HeldView { account: text(), href: text(), limits: text(), then: text(), ..HeldView::default() }],
        earned: part(Ok(Vec::new()), text()).unwrap(),
        converted: PagePart { rows: Vec::new(), failure: text(), all: String::new(), unread: false },
        paid: part(Ok(vec![paid(MARKUP, &payout)]), String::new()).unwrap(),
        payees: part(Ok(vec![payee(Role::Admin, MARKUP, &of)]), String::new()).unwrap(),
        options,
    };
    let (frame, related) = (PageFrame::bare("Earnings and payouts", None), asked.related(Role::Admin, "/creator"));
    let shown = CreatorPage { frame, id: text(), at: text(), related, found: Some((view(&answer), parts)) };
    assert_text(&shown, 23);
}

#[test]
fn a_payout_that_waits_is_marked_and_a_deleted_account_says_so() {
    let of = |state: PayoutState, blocked_by: &str| Payout { state: state.into(), blocked_by: blocked_by.to_owned(), ..Payout::default() };
    for (payout, waits) in [
        (of(PayoutState::InReview, ""), true),
        (of(PayoutState::OutcomeUnknown, ""), true),
        (of(PayoutState::Held, "ACCOUNT_FROZEN: frozen"), true),
        (of(PayoutState::Requested, "ACCOUNT_FROZEN: frozen"), true),
        (of(PayoutState::Requested, ""), false),
        (of(PayoutState::Settled, ""), false),
        (of(PayoutState::Rejected, ""), false),
    ] {
        assert_eq!(paid("demo", &payout).waits, waits, "{payout:?}");
    }
    let of = |payee_of: &Beneficiary| payee(Role::Auditor, "demo", payee_of).state.word;
    let deleted = Beneficiary { delete_time: Some(prost_types::Timestamp::default()), ..Beneficiary::default() };
    assert_eq!((of(&deleted).as_str(), of(&Beneficiary::default()).as_str()), ("deleted", "active"));
    assert_eq!(view(&GetEarningsResponse::default()).payable, "nothing");
}

#[test]
fn what_was_not_read_to_the_end_is_not_called_none_and_what_waits_is_not_called_held() {
    let empty = |unread| PagePart { rows: Vec::new(), failure: String::new(), all: "/all".to_owned(), unread };
    let lost = Payout { state: PayoutState::OutcomeUnknown.into(), ..Payout::default() };
    let parts = CreatorParts {
        accounts: Vec::new(),
        earned: empty(true),
        converted: empty(false),
        paid: part(Ok(vec![paid("demo", &lost)]), String::new()).unwrap(),
        payees: part(Ok(Vec::new()), String::new()).unwrap(),
        options: OptionsPart::default(),
    };
    let (id, at, related) = ("ann".to_owned(), String::new(), Vec::new());
    let frame = PageFrame::bare("Earnings and payouts", None);
    let text = CreatorPage { frame, id, at, related, found: Some((view(&GetEarningsResponse::default()), parts)) }.render().unwrap();
    assert_eq!((text.matches("None is among the newest entries").count(), text.matches("There are none.").count()), (1, 1), "{text}");
    assert!(text.contains("<span class=\"detail\">waits</span>") && !text.contains("its money is held"), "{text}");
}

#[test]
fn of_a_creator_whom_nobody_knows_the_other_pages_are_a_click_away() {
    let asked = AskedHolder::read("demo", &Filters::read(b"id=ann")).unwrap();
    let (frame, related) = (PageFrame::bare("Earnings and payouts", None), asked.related(Role::Admin, "/creator"));
    let text = CreatorPage { frame, id: "ann".to_owned(), at: String::new(), related, found: None }.render().unwrap();
    assert!(text.contains("Nothing is known of this user here") && text.contains("href=\"/wallet?"), "{text}");
}
