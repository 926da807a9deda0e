//! Payouts over banks that take ACH files. A payout is given to its bank's next file in the transaction that submits it; from then on only the bank knows, so
//! that nothing but the file's state decides.
//!
//! - [`files`]: payments are collected into a file, which is stored, uploaded and asked for. [`booking`]: the statement books a file's sum, and what came back.
//! - [`findings`]: what people find of a file that the bank does not acknowledge. [`refusal`]: why such a finding is refused.
//! - [`answers`]: the bank's files of returns and notifications of change.

pub mod answers;
pub mod booking;
pub mod files;
pub mod findings;
pub mod refusal;

use crate::{
    banks::connector::ReceivedAnswer,
    domain::{
        Payout, PayoutPhase,
        ach::{GivenPayment, answer_of},
    },
    payouts::Payouts,
    store,
};
use money::time::millis;
use std::time::Duration;

/// How long a payout in a file rests: what happens to its file wakes it.
pub(crate) const REST: Duration = Duration::from_secs(600);

/// What a payout gives to its bank's next file.
#[must_use]
pub(crate) fn entry_of(payout: &Payout, now_ms: i64) -> GivenPayment {
    GivenPayment {
        bank: payout.attempt.bank.clone(),
        trace: payout.attempt.reference.clone(),
        bank_account: payout.attempt.bank_account.clone(),
        rail: payout.attempt.rail.clone(),
        book: payout.book.clone(),
        payout_id: payout.payout_id,
        attempt_no: payout.attempt.number,
        end_to_end_id: payout.end_to_end_id(),
        cents: payout.amount_sent().minor_units(),
        file_name: String::new(),
        return_code: String::new(),
        given_at_ms: now_ms,
    }
}

/// When a payout in a file is looked at again, if nothing happens to the file.
pub(crate) fn rested(payout: Payout, now_ms: i64) -> Payout {
    match payout.phase {
        PayoutPhase::Sent | PayoutPhase::Accepted | PayoutPhase::Unknown => {
            Payout { due_at_ms: now_ms.saturating_add(millis(REST)), ..payout }
        }
        _ => payout,
    }
}

impl Payouts {
    /// What the payout's file proves of it, with the bank's evidence. None: nothing happened to it yet.
    pub(crate) async fn filed_answer(&self, payout: &Payout) -> Result<Option<ReceivedAnswer>, store::Error> {
        let Some(entry) = self.store.ach_entry(&payout.attempt.bank, &payout.attempt.reference).await? else { return Ok(None) };
        let file = if entry.file_name.is_empty() { None } else { self.store.ach_file(&entry.bank, &entry.file_name).await? };
        let Some(answer) = answer_of(file.as_ref()) else { return Ok(None) };
        let body = file.map(|file| file.answer.into_bytes()).unwrap_or_default();
        let http_status = if body.is_empty() { 0 } else { 200 };
        Ok(Some(ReceivedAnswer { http_status, body, answer, unread_version: false }))
    }
}
