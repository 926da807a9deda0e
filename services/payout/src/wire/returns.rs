//! Returns and recalls as callers see them.

use super::{malformed, request_id, uuid};
use crate::{
    domain::{
        CostBearer, PayoutKey,
        recall::{PayoutRecall, RecallState},
        returns::{PayoutReturn, ReturnAdvice, ReturnState},
    },
    error::Error,
    recalls::RecallRequest,
};
use api::payout as pb;
use iso20022::codes::handling::{CodeList, known_codes};
use money::{BookName, UserKey};
use rpc::{
    Violations,
    page::PagedList,
    wire::{TimeRange, timestamp_ms},
};
use tonic::Status;

/// A payout to recall.
pub fn recall(who: Result<(BookName, UserKey), Status>, request: &pb::RecallPayoutRequest) -> Result<RecallRequest, Status> {
    let mut wrong = Violations::default();
    let (request_id, who) = (wrong.take(request_id(&request.request_id)), wrong.take(who));
    let payout_id = wrong.take(uuid("payout_id", &request.payout_id));
    let is_known = known_codes(CodeList::CancellationReason).any(|code| code == request.code);
    if !is_known {
        wrong.add(malformed("code", "must be a code of ExternalCancellationReason1Code, such as DUPL, TECH, FRAD or CUST").into());
    }
    let (Some(request_id), Some((book, subject)), Some(payout_id), true) = (request_id, who, payout_id, is_known) else {
        return Err(wrong.into_status());
    };
    Ok(RecallRequest {
        payout_key: PayoutKey { book, payout_id },
        subject,
        request_id,
        code: request.code.clone(),
        asked_by_creator: request.asked_by_creator,
    })
}

/// A state of returns to filter by; none for any.
pub fn return_filter(state: i32) -> Result<Option<ReturnState>, Error> {
    let state = pb::ReturnState::try_from(state).map_err(|_| malformed("state", "must be one of the states that there are"))?;
    Ok(match state {
        pb::ReturnState::Unspecified => None,
        pb::ReturnState::Announced => Some(ReturnState::Announced),
        pb::ReturnState::Matched => Some(ReturnState::Matched),
        pb::ReturnState::Booked => Some(ReturnState::Booked),
        pb::ReturnState::Unexpected => Some(ReturnState::Unexpected),
        pb::ReturnState::Unmatched => Some(ReturnState::Unmatched),
    })
}

/// A book's returns in this state, or in any, as a list to which page tokens are bound.
#[must_use]
pub fn returns_list(book: &BookName, state: Option<ReturnState>, found: TimeRange) -> PagedList {
    let times = found.named();
    let filter: Vec<&str> = std::iter::once(state.map_or("", ReturnState::name)).chain(times.iter().map(String::as_str)).collect();
    PagedList::new("ListReturns", book.as_str(), &filter)
}

fn return_state(state: ReturnState) -> pb::ReturnState {
    match state {
        ReturnState::Announced => pb::ReturnState::Announced,
        ReturnState::Matched => pb::ReturnState::Matched,
        ReturnState::Booked => pb::ReturnState::Booked,
        ReturnState::Unexpected => pb::ReturnState::Unexpected,
        ReturnState::Unmatched => pb::ReturnState::Unmatched,
    }
}

/// A return; what only staff have to know, only for them.
#[must_use]
pub fn payout_return(back: &PayoutReturn, for_staff: bool) -> pb::PayoutReturn {
    let credit = &back.credit;
    let advice = ReturnAdvice::of(&credit.code);
    pb::PayoutReturn {
        return_id: back.return_id.to_string(),
        payout_id: back.of.as_ref().map_or_else(String::new, |(_, payout_id)| payout_id.to_string()),
        state: return_state(back.state).into(),
        amount: Some(api::r#type::Money {
            currency_code: credit.amount.currency().code().to_owned(),
            minor_units: credit.amount.minor_units(),
        }),
        charge_minor_units: credit.charge_minor_units,
        charge_borne_minor_units: back.charge_borne_minor_units,
        code: credit.code.clone(),
        code_owner: advice.owner.to_owned(),
        next_step: advice.next_step.to_owned(),
        payee_text: advice.payee_text.to_owned(),
        attempt: i32::try_from(back.attempt_no).unwrap_or(i32::MAX),
        bank_reference: credit.bank_reference.clone(),
        value_date: credit.value_date.clone(),
        booked_time: (credit.booked_at_ms > 0).then(|| timestamp_ms(credit.booked_at_ms)),
        create_time: Some(timestamp_ms(back.found_at_ms)),
        posting_id: back.posting_id.clone(),
        suspended: back.suspended,
        why: if for_staff { back.why.clone() } else { String::new() },
    }
}

/// A recall.
#[must_use]
pub fn payout_recall(recall: &PayoutRecall) -> pb::PayoutRecall {
    let state = match recall.state {
        RecallState::Requested => pb::RecallState::Requested,
        RecallState::Accepted => pb::RecallState::Accepted,
        RecallState::Refused => pb::RecallState::Refused,
        RecallState::Expired => pb::RecallState::Expired,
    };
    pb::PayoutRecall {
        recall_id: recall.recall_id.to_string(),
        state: state.into(),
        code: recall.code.clone(),
        answer_code: recall.answer_code.clone(),
        note: recall.note.clone(),
        repaid_by: recall.repaid_by.clone(),
        create_time: Some(timestamp_ms(recall.requested_at_ms)),
        expire_time: Some(timestamp_ms(recall.expires_at_ms)),
        end_time: (recall.ended_at_ms > 0).then(|| timestamp_ms(recall.ended_at_ms)),
        fee_minor_units: recall.fee.minor_units,
        fee_borne_by_creator: recall.fee.bearer == CostBearer::Creator,
        fee_posting_id: recall.fee.posting_id.clone(),
    }
}
