//! Payouts and their options, as callers see them.

use super::state;
use crate::{
    banks::Banks,
    domain::{
        CostBearer, Payout, PayoutState,
        evidence::{REASON_CHARS_MAX, REASON_CODE_CHARS_MAX, plain},
    },
    routes::PayoutOptions,
    store::{
        attempts::RecordedAttempt,
        steps::{PayoutStep, ShownSteps},
    },
};
use api::payout as pb;
use iso20022::codes::handling::{CodeAdvice, CodeList};
use money::Money;
use prost::Message as _;
use rpc::wire::timestamp_ms;

/// Most bytes of one payout's steps in an answer.
pub(super) const STEPS_BYTES_MAX: usize = 64 * 1024;

/// A payout with its steps: the newest, as many as fit. Longer texts from older programs are cut to the present limits.
#[must_use]
pub fn payout((row, shown): &(Payout, ShownSteps), attempts: &[RecordedAttempt]) -> pb::Payout {
    let step = |step: &PayoutStep| pb::PayoutStep {
        state: state(step.state).into(),
        time: Some(timestamp_ms(step.at_ms)),
        note: step.note.clone(),
        times: i32::try_from(step.times).unwrap_or(i32::MAX),
        last_time: Some(timestamp_ms(step.last_at_ms)),
    };
    let mut bytes = 0;
    let fitting = shown.steps.iter().rev().map(step).take_while(|step| {
        bytes += step.encoded_len();
        bytes <= STEPS_BYTES_MAX
    });
    let mut steps: Vec<pb::PayoutStep> = fitting.collect();
    steps.reverse();
    let left_out = shown.left_out.saturating_add(i64::try_from(shown.steps.len() - steps.len()).unwrap_or(i64::MAX));
    let payout_rail = match row.attempt.rail.as_str() {
        "us-rtp" => pb::Rail::UsRtp,
        "sepa-instant" => pb::Rail::SepaInstant,
        _ => pb::Rail::Unspecified,
    };
    let moment = |at_ms: i64| (at_ms > 0).then(|| timestamp_ms(at_ms));
    #[allow(deprecated)]
    pb::Payout {
        payout_id: row.payout_id.to_string(),
        user_id: row.user.to_string(),
        beneficiary_id: row.beneficiary_id.to_string(),
        amount: Some(rpc::wire::money(row.amount)),
        state: state(row.state).into(),
        rail: row.attempt.rail.clone(),
        payout_rail: payout_rail.into(),
        end_to_end_id: row.end_to_end_id(),
        bank_status: plain(&row.bank_status, REASON_CODE_CHARS_MAX),
        reason_code: plain(&row.reason_code, REASON_CODE_CHARS_MAX),
        reason: plain(&row.reason, REASON_CHARS_MAX),
        blocked_by: row.blocked_by.clone(),
        steps,
        steps_left_out: i32::try_from(left_out).unwrap_or(i32::MAX),
        hold_posting_id: row.hold_posting_id.clone(),
        submit_posting_id: row.submit_posting_id.clone(),
        final_posting_id: row.final_posting_id.clone(),
        bank_time_ms: row.bank_time_ms,
        total_time_ms: if row.final_at_ms == 0 { 0 } else { row.final_at_ms.saturating_sub(row.created_at_ms).max(0) },
        create_time: Some(timestamp_ms(row.created_at_ms)),
        attempts: attempts.iter().map(attempt).collect(),
        cost_bearer: bearer(row.bearer).into(),
        cost_minor_units: row.attempt.cost_minor_units,
        sent_minor_units: row.amount_sent().minor_units(),
        expected_time: moment(row.attempt.expected_at_ms),
        returnable_until: moment(row.returnable_until_ms),
        returned_minor_units: row.returned_minor_units,
        payee_text: advice(row.state, &row.reason_code).map_or_else(String::new, |advice| advice.payee_text.to_owned()),
        // Only for staff: they may tell a suspicion.
        code_owner: String::new(),
        next_step: String::new(),
        returns: Vec::new(),
        recalls: Vec::new(),
        resolution: None,
        messages: Vec::new(),
        messages_left_out: 0,
    }
}

/// What is known about the code of a rejected payout; none of any other.
fn advice(state: PayoutState, reason_code: &str) -> Option<CodeAdvice> {
    (state == PayoutState::Rejected).then(|| CodeAdvice::of(CodeList::StatusReason, reason_code))
}

/// What staff do about a payout of unknown outcome.
const UNKNOWN_STEP: &str = "The bank is asked again and again; nothing else is tried. If it does not answer for a quarter of an hour, call it with the end-to-end id. \
     Once its written word or a booked debit proves what happened, two people record that with ResolvePayout (runbook payout-outcome-unknown).";

/// A payout as staff see it: with who acts on the code of its rejection, and how; the same for an unknown outcome.
#[must_use]
pub fn advised(payout: pb::Payout) -> pb::Payout {
    if payout.state() == pb::PayoutState::OutcomeUnknown {
        return pb::Payout { code_owner: "operations".to_owned(), next_step: UNKNOWN_STEP.to_owned(), ..payout };
    }
    if payout.state() != pb::PayoutState::Rejected {
        return payout;
    }
    let advice = CodeAdvice::of(CodeList::StatusReason, &payout.reason_code);
    pb::Payout { code_owner: advice.owner.word().to_owned(), next_step: advice.next_step.to_owned(), ..payout }
}

fn bearer(bearer: CostBearer) -> pb::CostBearer {
    match bearer {
        CostBearer::House => pb::CostBearer::House,
        CostBearer::Creator => pb::CostBearer::Creator,
    }
}

fn attempt(kept: &RecordedAttempt) -> pb::PayoutAttempt {
    let moment = |at_ms: i64| (at_ms > 0).then(|| timestamp_ms(at_ms));
    pb::PayoutAttempt {
        number: i32::try_from(kept.attempt.number).unwrap_or(i32::MAX),
        rail: kept.attempt.rail.clone(),
        bank: kept.attempt.bank.clone(),
        end_to_end_id: kept.end_to_end_id.clone(),
        reference: kept.attempt.reference.clone(),
        bank_status: plain(&kept.bank_status, REASON_CODE_CHARS_MAX),
        reason_code: plain(&kept.reason_code, REASON_CODE_CHARS_MAX),
        reason: plain(&kept.reason, REASON_CHARS_MAX),
        begin_time: moment(kept.begun_at_ms),
        end_time: moment(kept.ended_at_ms),
    }
}

/// How an amount would be paid: the chosen rail first, the others by id.
#[must_use]
pub fn options(options: &PayoutOptions, amount: Money, banks: &Banks) -> pb::GetPayoutOptionsResponse {
    let name = |rail: &str| banks.facts().book.records(rail).last().map_or_else(String::new, |record| record.name.clone());
    let at = |time: jiff::Timestamp| Some(timestamp_ms(time.as_millisecond()));
    let chosen = options.choice.chosen.as_ref().map(|route| pb::PayoutOption {
        rail: route.rail.rail.clone(),
        rail_name: name(&route.rail.rail),
        chosen: true,
        instant: route.rail.instant,
        start_time: at(route.rail.expectation.starts),
        expected_time: at(route.rail.expectation.typical),
        latest_time: at(route.rail.expectation.latest),
        returnable_until: at(route.rail.expectation.final_at).filter(|_| route.rail.expectation.final_at > route.rail.expectation.latest),
        why_not: Vec::new(),
    });
    let refused = options.choice.refused.iter().map(|rail| pb::PayoutOption {
        rail: rail.rail.clone(),
        rail_name: name(&rail.rail),
        why_not: rail.reasons.iter().map(ToString::to_string).collect(),
        ..pb::PayoutOption::default()
    });
    let fee = if options.bearer == CostBearer::Creator { options.cost_minor_units } else { 0 };
    let arriving_minor_units = if chosen.is_some() { (amount.minor_units() - fee).max(0) } else { 0 };
    pb::GetPayoutOptionsResponse {
        options: chosen.into_iter().chain(refused).collect(),
        cost_minor_units: options.cost_minor_units,
        cost_bearer: bearer(options.bearer).into(),
        arriving_minor_units,
    }
}
