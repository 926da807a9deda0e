//! What people find of payouts of unknown outcome, and of ACH files in doubt, as callers see it.

use super::{malformed, uuid};
use crate::{
    ach::findings::FoundFile,
    domain::{
        PayoutKey,
        ach::{PaymentFile, finding::FileOutcome},
        resolution::ResolvedOutcome,
    },
    error::Error,
    resolutions::FoundOutcome,
    review::decide::StaffCaller,
    store::{ach_findings::FileFindingRow, resolutions::ResolutionRow},
};
use api::payout as pb;
use money::text::is_plain;
use rpc::{Violations, wire::timestamp_ms};
use tonic::Status;

/// Bounds of an evidence, in characters: one word proves nothing, and documents are kept elsewhere.
const EVIDENCE_CHARS: std::ops::RangeInclusive<usize> = 10..=500;
/// Longest name of a bank or a file.
const FILE_NAME_CHARS_MAX: usize = 200;

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
    let evidence = wrong.take(evidence(&request.evidence));
    let (Some(by), Some(payout_id), Some(outcome), Some(evidence)) = (by, payout_id, outcome, evidence) else {
        return Err(wrong.into_status());
    };
    let payout_key = PayoutKey { book: by.book.clone(), payout_id };
    Ok(FoundOutcome { by, payout_key, outcome, evidence })
}

pub(super) fn evidence(text: &str) -> Result<String, Error> {
    let fits = EVIDENCE_CHARS.contains(&text.chars().count()) && is_plain(text) && text.trim() == text;
    if fits { Ok(text.to_owned()) } else { Err(malformed("evidence", "must be 10 to 500 printable characters without blank ends")) }
}

/// What a member of the staff found of an ACH file.
pub fn found_file(by: Option<StaffCaller>, request: &pb::ResolveAchFileRequest, mut wrong: Violations) -> Result<FoundFile, Status> {
    let name = |field: &'static str, text: &str| {
        let fits = (1..=FILE_NAME_CHARS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(text.to_owned()) } else { Err(malformed(field, "must be 1 to 200 printable characters of ASCII without blanks")) }
    };
    let (bank, file_name) = (wrong.take(name("bank", &request.bank)), wrong.take(name("file_name", &request.file_name)));
    let outcome = match request.outcome() {
        pb::AchFileOutcome::Unspecified => None,
        pb::AchFileOutcome::Accepted => Some(FileOutcome::Accepted),
        pb::AchFileOutcome::NeverReceived => Some(FileOutcome::NeverReceived),
    };
    if outcome.is_none() {
        wrong.add(malformed("outcome", "must be ACH_FILE_OUTCOME_ACCEPTED or ACH_FILE_OUTCOME_NEVER_RECEIVED").into());
    }
    let evidence = wrong.take(evidence(&request.evidence));
    let (Some(by), Some(bank), Some(file_name), Some(outcome), Some(evidence)) = (by, bank, file_name, outcome, evidence) else {
        return Err(wrong.into_status());
    };
    Ok(FoundFile { by, bank, file_name, outcome, evidence })
}

/// What was found of a file so far.
#[must_use]
pub fn file_resolution(file: &PaymentFile, row: &FileFindingRow) -> pb::AchFileResolution {
    let outcome = match row.outcome {
        FileOutcome::Accepted => pb::AchFileOutcome::Accepted,
        FileOutcome::NeverReceived => pb::AchFileOutcome::NeverReceived,
    };
    pb::AchFileResolution {
        bank: file.bank.clone(),
        file_name: file.file_name.clone(),
        sha256: file.sha256.clone(),
        entries: i32::try_from(file.entries).unwrap_or(i32::MAX),
        total_cents: file.cents,
        outcome: outcome.into(),
        evidence: row.evidence.clone(),
        proposed_by: row.proposed_by.clone(),
        propose_time: Some(timestamp_ms(row.proposed_at_ms)),
        confirmation: row.confirmation.clone(),
        decided_by: row.decided_by.clone(),
        decide_time: (row.decided_at_ms > 0).then(|| timestamp_ms(row.decided_at_ms)),
    }
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
