//! What people find of payouts of unknown outcome, as callers see it.

use super::{malformed, uuid};
use crate::{
    domain::resolution::ResolvedOutcome,
    resolutions::FoundOutcome,
    review::decide::StaffCaller,
    store::{payouts::PayoutKey, resolutions::ResolutionRow},
};
use api::payout as pb;
use rpc::{Violations, wire::timestamp_ms};
use tonic::Status;

/// Bounds of an evidence, in characters: one word proves nothing, and documents are kept elsewhere.
const EVIDENCE_CHARS: std::ops::RangeInclusive<usize> = 10..=500;

/// What a member of the staff found.
pub fn found(by: Option<StaffCaller>, request: &pb::ResolvePayoutRequest, mut wrong: Violations) -> Result<FoundOutcome, Status> {
    let payout_id = wrong.take(uuid("payout_id", &request.payout_id));
    let outcome = match request.outcome() {
        pb::PayoutOutcome::Unspecified => None,
        pb::PayoutOutcome::Paid => Some(ResolvedOutcome::Paid),
        pb::PayoutOutcome::NotExecuted => Some(ResolvedOutcome::NotExecuted),
    };
    if outcome.is_none() {
        wrong.add(malformed("outcome", "must be PAYOUT_OUTCOME_PAID or PAYOUT_OUTCOME_NOT_EXECUTED").into());
    }
    let evidence = &request.evidence;
    let fits = EVIDENCE_CHARS.contains(&evidence.chars().count()) && !evidence.chars().any(char::is_control) && evidence.trim() == evidence;
    if !fits {
        wrong.add(malformed("evidence", "must be 10 to 500 printable characters without blank ends").into());
    }
    let (Some(by), Some(payout_id), Some(outcome), true) = (by, payout_id, outcome, fits) else { return Err(wrong.into_status()) };
    let payout_key = PayoutKey { book: by.book.clone(), payout_id };
    Ok(FoundOutcome { by, payout_key, outcome, evidence: evidence.clone() })
}

/// What was found so far.
#[must_use]
pub fn resolution(payout_key: &PayoutKey, row: &ResolutionRow) -> pb::PayoutResolution {
    let outcome = match row.outcome {
        ResolvedOutcome::Paid => pb::PayoutOutcome::Paid,
        ResolvedOutcome::NotExecuted => pb::PayoutOutcome::NotExecuted,
    };
    pb::PayoutResolution {
        payout_id: payout_key.payout_id.to_string(),
        outcome: outcome.into(),
        evidence: row.evidence.clone(),
        proposed_by: row.proposed_by.clone(),
        propose_time: Some(timestamp_ms(row.proposed_at_ms)),
        confirmation: row.confirmation.clone(),
        decided_by: row.decided_by.clone(),
        decide_time: (row.decided_at_ms > 0).then(|| timestamp_ms(row.decided_at_ms)),
    }
}
