//! Unit tests of what is shown of a payout.
use super::*;
use crate::pages::samples::{MARKUP, assert_text};
use api::{
    payout::{BankMessage, BankMessageField},
    r#type::Money,
};

fn hostile() -> Payout {
    let text = MARKUP.to_owned();
    Payout {
        payout_id: text.clone(),
        user_id: text.clone(),
        beneficiary_id: text.clone(),
        amount: Some(Money { currency_code: text.clone(), minor_units: 1 }),
        bank_status: text.clone(),
        reason_code: text.clone(),
        reason: text.clone(),
        blocked_by: text.clone(),
        payee_text: text.clone(),
        next_step: text.clone(),
        hold_posting_id: text.clone(),
        steps: vec![PayoutStep { note: text.clone(), times: 2, ..PayoutStep::default() }],
        attempts: vec![PayoutAttempt { rail: text.clone(), bank: text.clone(), end_to_end_id: text.clone(), ..PayoutAttempt::default() }],
        returns: vec![PayoutReturn { why: text.clone(), code: text.clone(), ..PayoutReturn::default() }],
        recalls: vec![PayoutRecall { note: text.clone(), ..PayoutRecall::default() }],
        messages: vec![BankMessage {
            direction: text.clone(),
            kind: text.clone(),
            text: format!("{text}\n{text}"),
            fields: vec![BankMessageField { path: text.clone(), name: text.clone(), text: text.clone(), meaning: text }],
            ..BankMessage::default()
        }],
        ..Payout::default()
    }
}

#[test]
fn markup_in_every_field_is_text() {
    let record = Beneficiary { masked_account: MARKUP.to_owned(), masked_holder_name: MARKUP.to_owned(), ..Beneficiary::default() };
    let own = Beneficiary { beneficiary_id: MARKUP.to_owned(), user_id: MARKUP.to_owned(), ..record.clone() };
    let other = Beneficiary { user_id: format!("{MARKUP}2"), ..record };
    let paid = account(&[own, other], &hostile(), Role::Admin, MARKUP);
    assert_eq!(paid.others.len(), 1);
    assert_text(&shown_payout(PageFrame::bare("Payout", None), &hostile(), paid), 20);
}

#[test]
fn whether_it_is_for_good_is_said_in_a_sentence() {
    let at = |state: PayoutState| Payout { state: state.into(), ..Payout::default() };
    let until = Some(WireTime { seconds: 1_796_000_000, nanos: 0 });
    for (payout, says) in [
        (at(PayoutState::Settled), "Paid, for good."),
        (Payout { returned_minor_units: 1, ..at(PayoutState::Settled) }, "money came back"),
        (Payout { returnable_until: until, ..at(PayoutState::SettledReturnable) }, "until Monday 30 November 2026"),
        (at(PayoutState::OutcomeUnknown), "Nobody knows yet"),
        (Payout { expected_time: until, ..at(PayoutState::Submitted) }, "Not paid yet; expected on Monday 30 November 2026"),
        (at(PayoutState::Unspecified), "Not paid yet."),
    ] {
        assert!(finality(&payout).contains(says), "{}", finality(&payout));
    }
}
