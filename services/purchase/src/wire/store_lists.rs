//! Bills of wallets and questions of stores, as staff see them.

use api::purchase as pb;
use rpc::wire::timestamp_ms;
use tonic::Status;

use super::checkout::store_kind;
use crate::store::bills::{BillEnd, KeptBill};
use crate::store::questions::{KeptQuestion, QuestionEnd};

fn bill_state(end: Option<BillEnd>) -> pb::StoreBillState {
    match end {
        None => pb::StoreBillState::Due,
        Some(BillEnd::Read) => pb::StoreBillState::Read,
        Some(BillEnd::Absent) => pb::StoreBillState::Absent,
        Some(BillEnd::Gone) => pb::StoreBillState::Gone,
    }
}

fn question_state(end: Option<QuestionEnd>) -> pb::StoreQuestionState {
    match end {
        None => pb::StoreQuestionState::Open,
        Some(QuestionEnd::Answered) => pb::StoreQuestionState::Answered,
        Some(QuestionEnd::Missed) => pb::StoreQuestionState::Missed,
        Some(QuestionEnd::Refused) => pb::StoreQuestionState::Refused,
        Some(QuestionEnd::WithoutConsent) => pb::StoreQuestionState::WithoutConsent,
    }
}

/// How the bills ended that a request names, or that they have not; none for any.
pub(crate) fn bill_end(number: i32) -> Result<Option<Option<BillEnd>>, Status> {
    let named = pb::StoreBillState::try_from(number).map_err(|_| rpc::malformed("state", "must be one of the states that there are"))?;
    let all = [None, Some(BillEnd::Read), Some(BillEnd::Absent), Some(BillEnd::Gone)];
    Ok(all.into_iter().find(|end| bill_state(*end) == named))
}

/// How the questions ended that a request names, or that they have not; none for any.
pub(crate) fn question_end(number: i32) -> Result<Option<Option<QuestionEnd>>, Status> {
    let named =
        pb::StoreQuestionState::try_from(number).map_err(|_| rpc::malformed("state", "must be one of the states that there are"))?;
    let ends = [QuestionEnd::Answered, QuestionEnd::Missed, QuestionEnd::Refused, QuestionEnd::WithoutConsent];
    Ok([None].into_iter().chain(ends.map(Some)).find(|end| question_state(*end) == named))
}

/// A day's bill.
pub(crate) fn bill(kept: &KeptBill) -> pb::StoreBill {
    pb::StoreBill {
        store_kind: store_kind(kept.of.store).into(),
        account: kept.of.account.clone(),
        day: kept.day.to_string(),
        state: bill_state(kept.end).into(),
        sha256: kept.read.sha256.clone(),
        size_bytes: kept.read.size_bytes,
        trades: kept.read.trades,
        found: kept.read.found,
        tries: kept.tries,
        note: kept.note.clone(),
        create_time: Some(timestamp_ms(kept.created_at_ms)),
        end_time: (kept.ended_at_ms > 0).then(|| timestamp_ms(kept.ended_at_ms)),
    }
}

/// What a store asked.
pub(crate) fn question(kept: &KeptQuestion) -> pb::StoreQuestion {
    let of = &kept.of;
    pb::StoreQuestion {
        store_kind: store_kind(of.store).into(),
        event_id: of.event_id.clone(),
        bundle_id: of.bundle_id.clone(),
        transaction_id: of.transaction_id.clone(),
        state: question_state(kept.end).into(),
        lacks_consent: kept.lacks_consent,
        consumed_milliunits: Some(kept.consumed_milliunits).filter(|consumed| *consumed >= 0),
        delivery: kept.delivery.clone(),
        preference: kept.preference.clone(),
        tries: of.tries,
        note: kept.note.clone(),
        ask_time: Some(timestamp_ms(of.asked_at_ms)),
        deadline: Some(timestamp_ms(of.deadline_ms)),
        end_time: (kept.done_at_ms > 0).then(|| timestamp_ms(kept.done_at_ms)),
    }
}
