//! Sweeps: protobuf to domain and back.
use crate::{
    domain::sweep::{
        record::{AccountSweep, SweepState, SweepStep},
        rule::SweepTime,
    },
    sweeps::{SweepDecision, SweepOutcome},
};
use api::treasury::{
    InstructSweepRequest, MarkSweepRequest, Sweep as SweepMessage, SweepDecision as DecisionMessage, SweepInstruction,
    SweepOutcome as OutcomeMessage, SweepState as StateMessage,
};
use rpc::Violations;
use tonic::Status;
use uuid::Uuid;

/// Longest evidence of a mark.
const EVIDENCE_CHARS_MAX: usize = 140;

/// The sweep of a request to instruct the bank.
pub fn instructed(request: &InstructSweepRequest) -> Result<Uuid, Status> {
    let mut wrong = Violations::default();
    let id = wrong.take(Uuid::try_parse(&request.sweep_id).map_err(|_| rpc::malformed("sweep_id", "must be a UUID")));
    id.ok_or_else(|| wrong.into_status())
}

/// A sweep with the entity of both accounts.
#[must_use]
pub fn instruction(row: &AccountSweep) -> SweepInstruction {
    SweepInstruction { sweep: Some(sweep(row)), entity: row.from.account_entity.clone() }
}

/// The sweep and the step of a request to mark one.
pub fn marked(request: &MarkSweepRequest) -> Result<(Uuid, SweepStep), Status> {
    let mut wrong = Violations::default();
    let id = wrong.take(Uuid::try_parse(&request.sweep_id).map_err(|_| rpc::malformed("sweep_id", "must be a UUID")));
    let step = match request.state() {
        StateMessage::Sent => Some(SweepStep::Send),
        StateMessage::Debited => Some(SweepStep::Debit),
        StateMessage::Credited => Some(SweepStep::Credit),
        StateMessage::Cancelled => Some(SweepStep::Cancel),
        StateMessage::Unspecified
        | StateMessage::Planned
        | StateMessage::Instructing
        | StateMessage::Cancelling
        | StateMessage::Reversed
        | StateMessage::Refused => None,
    };
    if request.evidence.chars().count() > EVIDENCE_CHARS_MAX || !money::text::is_plain(&request.evidence) {
        wrong.add(rpc::malformed("evidence", "must have at most 140 printable characters"));
        return Err(wrong.into_status());
    }
    if step.is_none() {
        wrong.add(rpc::malformed("state", "must be sent, debited, credited or cancelled"));
    }
    match (id, step) {
        (Some(id), Some(step)) => Ok((id, step)),
        _ => Err(wrong.into_status()),
    }
}

/// A sweep.
#[must_use]
pub fn sweep(sweep: &AccountSweep) -> SweepMessage {
    SweepMessage {
        sweep_id: sweep.id.hyphenated().to_string(),
        rule: sweep.rule.clone(),
        business_date: sweep.day.to_string(),
        from_account: sweep.from.account.clone(),
        from_leaf: sweep.from.leaf.clone(),
        to_account: sweep.to.account.clone(),
        to_leaf: sweep.to.leaf.clone(),
        currency_code: sweep.currency.to_string(),
        minor_units: sweep.amount,
        state: state(sweep.state).into(),
        end_to_end_id: sweep.end_to_end_id(),
        return_date: sweep.return_day.map(|day| day.to_string()).unwrap_or_default(),
        returns_sweep_id: sweep.returns.map(|id| id.hyphenated().to_string()).unwrap_or_default(),
        plan_time: Some(money::time::from_unix_ms(sweep.planned_at_ms).into()),
        planned_by: sweep.planned_by.clone(),
        evidence: sweep.evidence.clone(),
    }
}

const fn state(state: SweepState) -> StateMessage {
    match state {
        SweepState::Planned => StateMessage::Planned,
        SweepState::Instructing => StateMessage::Instructing,
        SweepState::Sent => StateMessage::Sent,
        SweepState::Cancelling => StateMessage::Cancelling,
        SweepState::Debited => StateMessage::Debited,
        SweepState::Credited => StateMessage::Credited,
        SweepState::Reversed => StateMessage::Reversed,
        SweepState::Cancelled => StateMessage::Cancelled,
        SweepState::Refused => StateMessage::Refused,
    }
}

/// What was decided.
#[must_use]
pub fn outcome(outcome: &SweepOutcome) -> OutcomeMessage {
    let mut message = OutcomeMessage {
        rule: outcome.rule.clone(),
        returns_sweep_id: outcome.returns.map(|id| id.hyphenated().to_string()).unwrap_or_default(),
        sweep: outcome.sweep.as_ref().map(sweep),
        next_time: outcome.next.map(rpc::wire::timestamp),
        ..OutcomeMessage::default()
    };
    let decision = match &outcome.decision {
        SweepDecision::Swept(moved) => {
            message.short_minor_units = moved.short;
            message.sweep.get_or_insert_with(|| SweepMessage {
                rule: outcome.rule.clone(),
                from_leaf: moved.from.clone(),
                to_leaf: moved.to.clone(),
                minor_units: moved.amount,
                ..SweepMessage::default()
            });
            DecisionMessage::Swept
        }
        SweepDecision::Done => DecisionMessage::Done,
        SweepDecision::Nothing => DecisionMessage::Nothing,
        SweepDecision::NotDue(SweepTime::ClosedDay) => DecisionMessage::ClosedDay,
        SweepDecision::NotDue(SweepTime::Early) => DecisionMessage::Early,
        SweepDecision::NotDue(SweepTime::CutoffPassed | SweepTime::Due) => DecisionMessage::CutoffPassed,
        SweepDecision::Refused(refusal) => {
            message.forbidden_by = refusal.ban.name().to_owned();
            message.why = format!("{} {}; nothing was moved", refusal.id, refusal.why);
            DecisionMessage::Refused
        }
    };
    message.set_decision(decision);
    message
}
