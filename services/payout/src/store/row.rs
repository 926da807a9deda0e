//! A payout as stored: its columns and their conversion. Without a database, so that the state after a crash can be tested without one.

use super::{Error, book, money, user, uuid};
use crate::domain::{Attempt, CostBearer, Payout, PayoutPhase, PayoutState, Sendings, SharedMessages};
use db::sets::SetValue;

/// How many columns change in a payout's life, except `version`.
pub const CHANGING: usize = 36;

/// Every column that changes in a payout's life, except `version`.
#[must_use]
pub fn changing(payout: &Payout) -> [(&'static str, SetValue); CHANGING] {
    let text = |text: &str| SetValue::Text(text.to_owned());
    let number = SetValue::Number;
    [
        ("phase", text(payout.phase.name())),
        ("state", text(payout.state.name())),
        ("due_at_ms", number(payout.due_at_ms)),
        ("attempts", number(payout.attempts)),
        ("sends", number(payout.sends)),
        ("sendings", text(&payout.sendings.letters())),
        ("message_ids", text(&payout.shared.text())),
        ("sent_at_ms", number(payout.sent_at_ms)),
        ("first_sent_at_ms", number(payout.first_sent_at_ms)),
        ("seen", number(i64::from(payout.seen))),
        ("step_key", text(&payout.step_key.to_string())),
        ("bank_status", text(&payout.bank_status)),
        ("reason_code", text(&payout.reason_code)),
        ("reason", text(&payout.reason)),
        ("hold_posting_id", text(&payout.hold_posting_id)),
        ("hold_transfer_no", number(payout.hold_transfer_no)),
        ("submit_posting_id", text(&payout.submit_posting_id)),
        ("final_posting_id", text(&payout.final_posting_id)),
        ("bank_time_ms", number(payout.bank_time_ms)),
        ("final_at_ms", number(payout.final_at_ms)),
        ("blocked_by", text(&payout.blocked_by)),
        ("rail", text(&payout.attempt.rail)),
        ("attempt_no", number(payout.attempt.number)),
        ("bank", text(&payout.attempt.bank)),
        ("entity", text(&payout.attempt.entity)),
        ("bank_account", text(&payout.attempt.bank_account)),
        ("reference", text(&payout.attempt.reference)),
        ("cost_minor_units", number(payout.attempt.cost_minor_units)),
        ("starts_at_ms", number(payout.attempt.starts_at_ms)),
        ("expected_at_ms", number(payout.attempt.expected_at_ms)),
        ("rails_tried", text(&payout.rails_tried)),
        ("bearer", text(payout.bearer.name())),
        ("reviewed", number(i64::from(payout.reviewed))),
        ("returned_minor_units", number(payout.returned_minor_units)),
        ("returnable_until_ms", number(payout.returnable_until_ms)),
        ("unblock_posting_id", text(&payout.unblock_posting_id)),
    ]
}

/// Reads a payout from its columns.
pub fn read(
    text: impl Fn(&'static str) -> Result<String, sqlx::Error>,
    number: impl Fn(&'static str) -> Result<i64, sqlx::Error>,
) -> Result<Payout, Error> {
    let (sends, seen, bank_status) = (number("sends")?, number("seen")? != 0, text("bank_status")?);
    // An older program stored a bank's status and not always that the bank had seen the payment. Then it has not stored what that proves, either.
    let named_to_older = !seen && !bank_status.is_empty();
    let sendings = if named_to_older { Some(Sendings::open(sends)) } else { Sendings::from_letters(&text("sendings")?, sends, seen) };
    Ok(Payout {
        book: book(&text("book")?)?,
        payout_id: uuid(&text("payout_id")?)?,
        user: user(&text("user_id")?)?,
        beneficiary_id: uuid(&text("beneficiary_id")?)?,
        request_id: uuid(&text("request_id")?)?,
        amount: money(&text("currency")?, number("minor_units")?)?,
        attempt: Attempt {
            number: number("attempt_no")?,
            rail: text("rail")?,
            bank: text("bank")?,
            entity: text("entity")?,
            bank_account: text("bank_account")?,
            reference: text("reference")?,
            cost_minor_units: number("cost_minor_units")?,
            starts_at_ms: number("starts_at_ms")?,
            expected_at_ms: number("expected_at_ms")?,
        },
        rails_tried: text("rails_tried")?,
        bearer: CostBearer::from_name(&text("bearer")?).ok_or(Error::Row("bearer"))?,
        reviewed: number("reviewed")? != 0,
        returned_minor_units: number("returned_minor_units")?,
        returnable_until_ms: number("returnable_until_ms")?,
        phase: PayoutPhase::from_name(&text("phase")?).ok_or(Error::Row("phase"))?,
        state: PayoutState::from_name(&text("state")?).ok_or(Error::Row("state"))?,
        version: number("version")?,
        due_at_ms: number("due_at_ms")?,
        claimed: false,
        attempts: number("attempts")?,
        sends,
        sendings: sendings.ok_or(Error::Row("sendings"))?,
        shared: SharedMessages::from_text(&text("message_ids")?),
        sent_at_ms: number("sent_at_ms")?,
        first_sent_at_ms: number("first_sent_at_ms")?,
        seen: seen || named_to_older,
        step_key: uuid(&text("step_key")?)?,
        bank_status,
        reason_code: text("reason_code")?,
        reason: text("reason")?,
        blocked_by: text("blocked_by")?,
        hold_posting_id: text("hold_posting_id")?,
        hold_transfer_no: number("hold_transfer_no")?,
        submit_posting_id: text("submit_posting_id")?,
        final_posting_id: text("final_posting_id")?,
        unblock_posting_id: text("unblock_posting_id")?,
        bank_time_ms: number("bank_time_ms")?,
        traceparent: text("traceparent")?,
        created_at_ms: number("created_at_ms")?,
        final_at_ms: number("final_at_ms")?,
    })
}

#[cfg(test)]
pub(crate) mod tests;
