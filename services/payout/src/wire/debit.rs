//! Unexplained debits as callers see them.

use super::{malformed, resolution::evidence, uuid};
use crate::{
    debits::FoundDebit,
    domain::{
        debit::{DebitOutcome, DebitStanding, UnexplainedDebit},
        statement::RecordedPayout,
    },
    error::Error,
    review::decide::StaffCaller,
};
use api::payout as pb;
use money::BookName;
use rpc::{
    Violations,
    page::PagedList,
    wire::{TimeRange, money, timestamp_ms},
};
use tonic::Status;

/// A standing to filter by; none for any.
pub fn filter(state: i32) -> Result<Option<DebitStanding>, Error> {
    let state = pb::UnexplainedDebitState::try_from(state).map_err(|_| malformed("state", "must be one of the states that there are"))?;
    Ok(match state {
        pb::UnexplainedDebitState::Unspecified => None,
        pb::UnexplainedDebitState::Open => Some(DebitStanding::Open),
        pb::UnexplainedDebitState::Explained => Some(DebitStanding::Explained),
        pb::UnexplainedDebitState::Resolved => Some(DebitStanding::Resolved),
    })
}

/// A book's debits under a filter, as a list to which page tokens are bound.
#[must_use]
pub fn debits_list(book: &BookName, standing: Option<DebitStanding>, found: TimeRange) -> PagedList {
    let times = found.named();
    let filter: Vec<&str> = std::iter::once(standing.map_or("", DebitStanding::name)).chain(times.iter().map(String::as_str)).collect();
    PagedList::new("ListUnexplainedDebits", book.as_str(), &filter)
}

/// What a member of the staff found of a debit.
pub fn found(by: Option<StaffCaller>, request: &pb::ResolveUnexplainedDebitRequest, mut wrong: Violations) -> Result<FoundDebit, Status> {
    let debit_id = wrong.take(uuid("debit_id", &request.debit_id));
    let outcome = match request.outcome() {
        pb::UnexplainedDebitOutcome::Unspecified => None,
        pb::UnexplainedDebitOutcome::OtherMoney => Some(DebitOutcome::OtherMoney),
        pb::UnexplainedDebitOutcome::ThesePayments => Some(DebitOutcome::ThesePayments),
    };
    if outcome.is_none() {
        let must = "must be UNEXPLAINED_DEBIT_OUTCOME_OTHER_MONEY or UNEXPLAINED_DEBIT_OUTCOME_THESE_PAYMENTS";
        wrong.add(malformed("outcome", must).into());
    }
    let evidence = wrong.take(evidence(&request.evidence));
    let (Some(by), Some(debit_id), Some(outcome), Some(evidence)) = (by, debit_id, outcome, evidence) else {
        return Err(wrong.into_status());
    };
    Ok(FoundDebit { by, debit_id, outcome, evidence })
}

/// A debit, with the candidates that are shown with it.
#[must_use]
pub fn debit(debit: &UnexplainedDebit, candidates: &[RecordedPayout]) -> pb::UnexplainedDebit {
    let state = match debit.standing {
        DebitStanding::Open => pb::UnexplainedDebitState::Open,
        DebitStanding::Explained => pb::UnexplainedDebitState::Explained,
        DebitStanding::Resolved => pb::UnexplainedDebitState::Resolved,
    };
    let outcome = match debit.finding.as_ref().map(|finding| finding.outcome) {
        None => pb::UnexplainedDebitOutcome::Unspecified,
        Some(DebitOutcome::OtherMoney) => pb::UnexplainedDebitOutcome::OtherMoney,
        Some(DebitOutcome::ThesePayments) => pb::UnexplainedDebitOutcome::ThesePayments,
    };
    let shown = |payout: &RecordedPayout| pb::DebitCandidate {
        book: payout.book.as_str().to_owned(),
        payout_id: payout.payout_id.to_string(),
        amount: Some(money(payout.amount)),
        phase: payout.phase.name().to_owned(),
    };
    let finding = debit.finding.clone();
    let (evidence, proposed_by) = finding.as_ref().map(|one| (one.evidence.clone(), one.proposed_by.clone())).unwrap_or_default();
    let (confirmation, decided_by) = finding.map(|one| (one.confirmation, one.decided_by)).unwrap_or_default();
    pb::UnexplainedDebit {
        debit_id: debit.debit_id.to_string(),
        bank: debit.bank.clone(),
        bank_account: debit.bank_account.clone(),
        amount: Some(money(debit.amount)),
        bank_reference: debit.bank_reference.clone(),
        message_ids: debit.message_ids.clone(),
        statement_id: debit.statement_id.clone(),
        booked_time: (debit.booked_at_ms > 0).then(|| timestamp_ms(debit.booked_at_ms)),
        create_time: Some(timestamp_ms(debit.found_at_ms)),
        candidates: candidates.iter().map(shown).collect(),
        candidate_count: i32::try_from(debit.candidates).unwrap_or(i32::MAX),
        state: state.into(),
        end_time: (debit.ended_at_ms > 0).then(|| timestamp_ms(debit.ended_at_ms)),
        outcome: outcome.into(),
        evidence,
        proposed_by,
        confirmation,
        decided_by,
    }
}
