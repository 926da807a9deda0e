//! What came after a payout was paid: money that came back, and requests for it.
use super::{StoryTeller, words::time_ms};
use crate::audit::ReadFault;
use payout::tables::{PayoutKey, PayoutRecall, PayoutReturn, ReturnState};
use serde_json::{Value, json};

/// The part of a payout's story.
#[derive(Default)]
pub(super) struct AfterPayment {
    /// What is added to its sentence.
    pub told: String,
    /// Money that came back or is announced.
    pub returns: Vec<Value>,
    /// Requests to the bank.
    pub recalls: Vec<Value>,
    /// Ids of postings.
    pub postings: Vec<String>,
}

impl StoryTeller {
    pub(super) async fn after_payment(&self, place: &PayoutKey) -> Result<AfterPayment, ReadFault> {
        let Some(tables) = &self.payout else { return Ok(AfterPayment::default()) };
        let returns = tables.returns_of(&place.book, &[place.payout_id]).await?;
        let recalls = tables.recalls_of(place).await?;
        let mut told = String::new();
        for back in &returns {
            told.push_str(&sentence(back));
        }
        for recall in &recalls {
            told.push_str(&format!("; a recall ({}) is {}", recall.code, recall.state.name()));
        }
        let of_fees = recalls.iter().map(|recall| recall.fee.posting_id.clone());
        let postings = returns.iter().map(|back| back.posting_id.clone()).chain(of_fees).filter(|id| !id.is_empty()).collect();
        Ok(AfterPayment {
            told,
            returns: returns.iter().map(returned).collect(),
            recalls: recalls.iter().map(recalled).collect(),
            postings,
        })
    }
}

fn sentence(back: &PayoutReturn) -> String {
    let (amount, code) = (back.credit.amount, if back.credit.code.is_empty() { "no code" } else { &back.credit.code });
    match back.state {
        ReturnState::Booked if back.suspended => format!("; {amount} came back ({code}), to suspense"),
        ReturnState::Booked => format!("; {amount} came back ({code})"),
        ReturnState::Announced => format!("; the bank announces that {amount} come back ({code})"),
        ReturnState::Matched => format!("; {amount} came back ({code}) and are being booked"),
        ReturnState::Unexpected | ReturnState::Unmatched => format!("; {amount} came back ({code}) and are not booked: {}", back.why),
    }
}

fn returned(back: &PayoutReturn) -> Value {
    json!({
        "return_id": back.return_id, "state": back.state.name(), "currency": back.credit.amount.currency().code(),
        "minor_units": back.credit.amount.minor_units(), "charge_minor_units": back.credit.charge_minor_units,
        "charge_borne_minor_units": back.charge_borne_minor_units, "code": back.credit.code, "bank_reference": back.credit.bank_reference,
        "value_date": back.credit.value_date, "found": time_ms(back.found_at_ms), "suspended": back.suspended, "why": back.why,
        "posting_id": back.posting_id,
    })
}

fn recalled(recall: &PayoutRecall) -> Value {
    json!({
        "recall_id": recall.recall_id, "state": recall.state.name(), "code": recall.code, "requested_by": recall.requested_by,
        "answer_code": recall.answer_code, "note": recall.note, "repaid_by": recall.repaid_by, "requested": time_ms(recall.requested_at_ms),
        "expires": time_ms(recall.expires_at_ms), "fee_minor_units": recall.fee.minor_units, "fee_posting_id": recall.fee.posting_id,
    })
}
