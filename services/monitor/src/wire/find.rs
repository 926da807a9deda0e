//! Things that ids stand for, cases, activity and work, between the domain and the contract.
use crate::{
    activity::{ActivityFound, ActivityStanding},
    case::{CaseSide, StepClass, StepFound},
    explain::summaries::{IdKind, IdKindRow, ThingSummary},
    find::FoundThings,
    work::{WorkClass, WorkFound},
};
use api::monitor::{
    ActivityLine, ActivityState, CasePart, CaseStep, CaseStepKind, FindResponse, FoundThing, SearchedKind, ThingKind, UnitAmount, WorkItem,
    WorkKind,
};
use tonic::Status;

/// Where the runbooks are.
const RUNBOOKS: &str = "deploy/runbooks";

pub(crate) fn found(found: FoundThings) -> FindResponse {
    FindResponse { things: found.things.into_iter().map(thing).collect(), searched: found.searched.into_iter().map(searched).collect() }
}

pub(crate) fn thing(found: ThingSummary) -> FoundThing {
    FoundThing {
        kind: thing_kind(found.kind).into(),
        id: found.id,
        book: found.book,
        summary: found.told,
        user_ids: found.users.into_iter().collect(),
        create_time: found.made_at.map(rpc::wire::timestamp_us),
    }
}

fn searched(row: &IdKindRow) -> SearchedKind {
    SearchedKind { kind: thing_kind(row.kind).into(), by: row.by.to_owned() }
}

fn thing_kind(kind: IdKind) -> ThingKind {
    match kind {
        IdKind::Posting => ThingKind::Posting,
        IdKind::Gift => ThingKind::Gift,
        IdKind::Purchase => ThingKind::Purchase,
        IdKind::Order => ThingKind::Order,
        IdKind::Refund => ThingKind::Refund,
        IdKind::Settlement => ThingKind::Settlement,
        IdKind::RefusedReceipt => ThingKind::RefusedReceipt,
        IdKind::WalletChange => ThingKind::WalletChange,
        IdKind::Quote => ThingKind::Quote,
        IdKind::Payout => ThingKind::Payout,
        IdKind::PayoutRun => ThingKind::PayoutRun,
        IdKind::Beneficiary => ThingKind::Beneficiary,
        IdKind::Refusal => ThingKind::Refusal,
        IdKind::Proposal => ThingKind::Proposal,
        IdKind::Act => ThingKind::Act,
        IdKind::Account => ThingKind::Account,
        IdKind::User => ThingKind::User,
        IdKind::Reservation => ThingKind::Reservation,
        IdKind::Sweep => ThingKind::Sweep,
        IdKind::BankReceipt => ThingKind::BankReceipt,
        IdKind::Case => ThingKind::Case,
    }
}

/// Every kind that a request may name.
const KINDS: [IdKind; 21] = {
    use IdKind::*;
    [
        Posting,
        Gift,
        Purchase,
        Order,
        Refund,
        Settlement,
        RefusedReceipt,
        WalletChange,
        Quote,
        Payout,
        PayoutRun,
        Beneficiary,
        Refusal,
        Proposal,
        Act,
        Account,
        User,
        Reservation,
        Sweep,
        BankReceipt,
        Case,
    ]
};

/// The kind that a request asks for; none: any.
pub(crate) fn asked_kind(number: i32) -> Result<Option<IdKind>, Status> {
    if number == i32::from(ThingKind::Unspecified) {
        return Ok(None);
    }
    let named = KINDS.into_iter().find(|kind| i32::from(thing_kind(*kind)) == number);
    named.map(Some).ok_or_else(|| rpc::malformed("kind", "must be one of the kinds"))
}

/// What a request asks for; none: everything.
pub(crate) fn work_class(number: i32) -> Result<Option<WorkClass>, Status> {
    Ok(Some(match WorkKind::try_from(number) {
        Ok(WorkKind::Unspecified) => return Ok(None),
        Ok(WorkKind::FailedCheck) => WorkClass::FailedCheck,
        Ok(WorkKind::UnknownOutcome) => WorkClass::UnknownOutcome,
        Ok(WorkKind::StuckPayout) => WorkClass::StuckPayout,
        Ok(WorkKind::UncreditedReceipt) => WorkClass::UncreditedReceipt,
        Ok(WorkKind::OpenProposal) => WorkClass::OpenProposal,
        Ok(WorkKind::OpenCase) => WorkClass::OpenCase,
        Ok(WorkKind::WaitingDecision) => WorkClass::WaitingDecision,
        Err(_) => return Err(rpc::malformed("kind", "must be one of the kinds")),
    }))
}

fn work_kind(class: WorkClass) -> WorkKind {
    match class {
        WorkClass::FailedCheck => WorkKind::FailedCheck,
        WorkClass::UnknownOutcome => WorkKind::UnknownOutcome,
        WorkClass::StuckPayout => WorkKind::StuckPayout,
        WorkClass::UncreditedReceipt => WorkKind::UncreditedReceipt,
        WorkClass::OpenProposal => WorkKind::OpenProposal,
        WorkClass::OpenCase => WorkKind::OpenCase,
        WorkClass::WaitingDecision => WorkKind::WaitingDecision,
    }
}

fn unit_amount(unit: String, amount: i64) -> UnitAmount {
    UnitAmount { unit, amount }
}

pub(crate) fn work_item(found: WorkFound) -> WorkItem {
    WorkItem {
        kind: work_kind(found.class).into(),
        book: found.book,
        id: found.id,
        thing_kind: found.thing.map_or(ThingKind::Unspecified, thing_kind).into(),
        summary: found.told,
        state: found.state,
        amount: found.amount.map(|(unit, amount)| unit_amount(unit, amount)),
        user_id: found.user,
        since_time: found.since_ms.map(rpc::wire::timestamp_ms),
        runbook: format!("{RUNBOOKS}/{}.md", found.runbook),
    }
}

pub(crate) fn activity_line(found: ActivityFound) -> ActivityLine {
    let state = match found.standing {
        ActivityStanding::Posted => ActivityState::Posted,
        ActivityStanding::Held => ActivityState::Held,
        ActivityStanding::Released => ActivityState::Released,
        ActivityStanding::Waiting => ActivityState::Waiting,
        ActivityStanding::Blocked => ActivityState::Blocked,
    };
    ActivityLine {
        time: Some(rpc::wire::timestamp_us(found.time())),
        book: found.book,
        kind: found.kind,
        summary: found.told,
        amount: Some(unit_amount(found.unit.clone(), found.amount)),
        balance_after: found.balance_after.map(|balance| unit_amount(found.unit, balance)),
        state: state.into(),
        case_state: found.case_state,
        case_id: found.case_id,
        case_kind: thing_kind(found.case_kind).into(),
        account: found.account,
        posting_id: found.posting_id,
    }
}

pub(crate) fn case_step(found: StepFound) -> CaseStep {
    let kind = match found.class {
        StepClass::State => CaseStepKind::State,
        StepClass::Posting => CaseStepKind::Posting,
        StepClass::Message => CaseStepKind::Message,
        StepClass::Thing => CaseStepKind::Thing,
    };
    let part = match found.side {
        CaseSide::Itself => CasePart::Itself,
        CaseSide::Sources => CasePart::Sources,
        CaseSide::Uses => CasePart::Uses,
    };
    CaseStep {
        kind: kind.into(),
        part: part.into(),
        depth: i32::try_from(found.depth).unwrap_or(i32::MAX),
        thing_kind: thing_kind(found.thing.kind).into(),
        thing_id: found.thing.id,
        time: found.time.map(rpc::wire::timestamp_us),
        amount: found.amount.map(|(unit, amount)| unit_amount(unit, amount)),
        posting_id: found.posting_id,
        state: found.state,
        ids: found.ids,
        summary: found.told,
        user_ids: found.thing.users.into_iter().collect(),
    }
}
