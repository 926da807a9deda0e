//! Protobuf to domain and back.
use crate::{
    act_message,
    domain::{ActPhase, ActRecord, AdjustmentLine, Proposal, ProposalState, ProposedAct, StaffAct},
    error::Error,
    store::{ActFilter, ProposalFilter, ProposalSubject},
    whole::{self, WholeRequest},
};
use api::support::{self as pb, ProposeRequest, proposal as proposal_pb, propose_request};
use db::requests::SentFields;
use money::{BookName, RequestId, UserKey, text::is_plain};
use rpc::{
    Violations,
    page::{InvalidPageSize, InvalidPageToken, PageSizes, PagedList},
    wire::{TimeRange, timestamp_ms},
};
use tonic::Status;
use uuid::Uuid;

/// Default and maximum page size.
const PAGES: PageSizes = PageSizes { default: 50, max: 200 };
/// Bytes of what a note says: a line for people.
const NOTE_BYTES_MAX: usize = 200;

fn malformed(field: &'static str, why: impl Into<String>) -> Error {
    Error::Malformed { field, why: why.into() }
}

/// Decodes a staff action that a service reports.
pub fn staff_act(act: pb::Act) -> Result<StaffAct, Error> {
    let phase = match act.phase() {
        pb::ActPhase::Begun => ActPhase::Begun,
        pb::ActPhase::Ended => ActPhase::Ended,
        pb::ActPhase::Unspecified => return Err(malformed("phase", "must be begun or ended")),
    };
    let act_id = Uuid::try_parse(&act.act_id).map_err(|_| malformed("act_id", "must be a UUID"))?;
    let pb::Act { subject, issuer, role, rpc, book, user_id, outcome, reason, request_json, .. } = act;
    Ok(StaffAct { act_id, phase, subject, issuer, role, rpc, book, user_id, outcome, reason, request_json })
}

/// Checks a note of what somebody is about to do, whose book was read from its name.
pub fn check_note(book: Result<BookName, Status>, note: &pb::NoteActRequest) -> Result<(), Status> {
    let mut wrong = Violations::default();
    wrong.take(book);
    for (field, text, least) in [("what", &note.what, 1), ("about", &note.about, 0)] {
        if !(least..=NOTE_BYTES_MAX).contains(&text.len()) || !is_plain(text) {
            let must = format!("must have {least} to {NOTE_BYTES_MAX} bytes without control, bidirectional or zero-width characters");
            wrong.add(rpc::malformed(field, &must));
        }
    }
    if !note.user_id.is_empty()
        && let Err(error) = UserKey::try_new(&note.user_id)
    {
        wrong.add(rpc::malformed("user_id", &error.must()));
    }
    wrong.check()
}

/// The whole request, of which the line stores only a part.
pub fn whole_request(act: &mut pb::Act) -> WholeRequest {
    let names = |names: &mut Vec<String>| std::mem::take(names).into_iter().collect();
    WholeRequest { bytes: std::mem::take(&mut act.request), users: names(&mut act.user_ids), accounts: names(&mut act.accounts) }
}

/// A line of the audit log as callers see it.
#[must_use]
pub fn act_record(line: ActRecord) -> pb::Act {
    let StaffAct { act_id, phase, subject, issuer, role, rpc, book, user_id, outcome, reason, request_json } = line.act;
    let phase = match phase {
        ActPhase::Begun => pb::ActPhase::Begun,
        ActPhase::Ended => pb::ActPhase::Ended,
    };
    pb::Act {
        seq: line.seq,
        time: Some(timestamp_ms(line.time_ms)),
        act_id: act_id.hyphenated().to_string(),
        phase: phase.into(),
        subject,
        issuer,
        role,
        rpc,
        book,
        user_id,
        reason,
        request_json,
        outcome,
        hash: hex::encode(line.hash),
        erased: line.erased,
        request_hash: line.hashes.request,
        proposal_hash: line.hashes.proposal,
        ..pb::Act::default()
    }
}

/// The proposed action and its request id.
pub fn proposed(request: &ProposeRequest) -> Result<(RequestId, ProposedAct), Error> {
    let mut wrong = Violations::default();
    let (id, act) = (wrong.take(request_id(&request.request_id)), wrong.take(act(request.act.clone())));
    let (Some(id), Some(act)) = (id, act) else { return Err(Error::Violations(Box::new(wrong.into_status()))) };
    Ok((id, act))
}

/// The id of a request.
pub fn request_id(text: &str) -> Result<RequestId, Error> {
    RequestId::parse(text).map_err(|error| malformed("request_id", error.must()))
}

fn act(act: Option<propose_request::Act>) -> Result<ProposedAct, Error> {
    let act = match act.ok_or_else(|| malformed("act", "must be given: what is to be done"))? {
        propose_request::Act::Adjustment(adjustment) => proposal_pb::Act::Adjustment(adjustment),
        propose_request::Act::AccountChange(change) => proposal_pb::Act::AccountChange(change),
        propose_request::Act::Reversal(reversal) => proposal_pb::Act::Reversal(reversal),
        propose_request::Act::LimitChange(change) => proposal_pb::Act::LimitChange(change),
    };
    let act = act_message::read(act)?;
    on_the_chart(&act)?;
    Ok(act)
}

/// Checks that an account named in a proposal is on the chart and that money moves within one unit, so that a mistake is found before the second person reviews
/// it. For new proposals only; stored ones are read as they are.
fn on_the_chart(act: &ProposedAct) -> Result<(), Error> {
    let known = |field: &'static str, name: &str| {
        let why = || format!("must be an account of the chart, such as {}, which {name} is not", chart::account::NAME_EXAMPLE);
        chart::form(name).ok_or_else(|| malformed(field, why()))
    };
    match act {
        ProposedAct::Adjustment(lines) => lines.iter().try_for_each(|AdjustmentLine { debit, credit, .. }| {
            let (from, to) = (known("adjustment.transfers.debit_account", debit)?, known("adjustment.transfers.credit_account", credit)?);
            if from.unit != to.unit {
                return Err(malformed(
                    "adjustment.transfers",
                    format!("must be between two accounts of one unit: {debit} is in {} and {credit} in {}", from.unit, to.unit),
                ));
            }
            if debit == credit {
                return Err(malformed(
                    "adjustment.transfers",
                    format!("must be between two accounts: {debit} can't be debited and credited by one transfer"),
                ));
            }
            Ok(())
        }),
        ProposedAct::Account(account, _) => known("account_change.account", account).map(drop),
        ProposedAct::Limit(limit) => known("limit_change.account", &limit.account).map(drop),
        ProposedAct::Reversal(_) => Ok(()),
    }
}

/// The fields that are compared on a retry of Propose.
#[must_use]
pub fn fields(act: &ProposedAct, reason: &str) -> SentFields {
    let fields = SentFields::new().with("reason", reason);
    match act {
        ProposedAct::Adjustment(transfers) => {
            transfers.iter().enumerate().fold(fields, |fields, (at, AdjustmentLine { debit, credit, amount })| {
                let name = |part: &str| format!("adjustment.transfers.{at}.{part}");
                fields.with(&name("debit_account"), debit).with(&name("credit_account"), credit).with(&name("amount"), amount)
            })
        }
        ProposedAct::Account(account, act) => {
            fields.with("account_change.account", account).with("account_change.act", act_message::account_act(*act).as_str_name())
        }
        ProposedAct::Reversal(posting) => fields.with("reversal.posting_id", posting),
        ProposedAct::Limit(limit) => fields
            .with("limit_change.account", &limit.account)
            .with("limit_change.window", act_message::window(limit.window).as_str_name())
            .with("limit_change.time_zone", &limit.zone)
            .with("limit_change.max_amount", limit.max),
    }
}

/// A proposal as callers see it. One that nobody decided in time is shown as expired.
#[must_use]
pub fn proposal(proposal: Proposal, now_ms: i64) -> pb::Proposal {
    let state = match proposal.state {
        ProposalState::Open if proposal.expired(now_ms) => pb::ProposalState::Expired,
        ProposalState::Open => pb::ProposalState::Open,
        ProposalState::Approved => pb::ProposalState::Approved,
        ProposalState::Done => pb::ProposalState::Done,
        ProposalState::Rejected => pb::ProposalState::Rejected,
        ProposalState::Refused => pb::ProposalState::Refused,
    };
    let hash = whole::hash_of(&proposal);
    pb::Proposal {
        hash,
        proposal_id: proposal.id.hyphenated().to_string(),
        book: proposal.book.to_string(),
        state: state.into(),
        act: Some(act_message::write(&proposal.act)),
        proposed_by: proposal.proposed_by.to_string(),
        proposal_reason: proposal.proposal_reason,
        propose_time: Some(timestamp_ms(proposal.proposed_at_ms)),
        decided_by: proposal.decided_by,
        decision_reason: proposal.decision_reason,
        decide_time: (proposal.decided_at_ms > 0).then(|| timestamp_ms(proposal.decided_at_ms)),
        result: proposal.result,
        expire_time: Some(timestamp_ms(proposal.expire_at_ms)),
    }
}

/// The id of a proposal.
pub fn proposal_id(text: &str) -> Result<Uuid, Error> {
    Uuid::try_parse(text).map_err(|_| malformed("proposal_id", "must be a UUID"))
}

/// What a decision names: its book, its own id and the proposal's.
pub fn deciding(book: Result<BookName, Status>, request_id: &str, proposal_id: &str) -> Result<(BookName, RequestId, Uuid), Status> {
    let mut wrong = Violations::default();
    let (request_id, book) = (wrong.take(self::request_id(request_id)), wrong.take(book));
    let proposal_id = wrong.take(self::proposal_id(proposal_id));
    let (Some(book), Some(request_id), Some(proposal_id)) = (book, request_id, proposal_id) else { return Err(wrong.into_status()) };
    Ok((book, request_id, proposal_id))
}

/// Which state to list; none for any.
pub fn state_filter(state: i32, now_ms: i64) -> Result<ProposalFilter, Error> {
    let any = ProposalFilter::ANY;
    let only = |state| ProposalFilter { state: Some(state), ..any };
    Ok(match pb::ProposalState::try_from(state).map_err(|_| malformed("state", "must be one of the states that there are"))? {
        pb::ProposalState::Unspecified => any,
        // Whether an open proposal is expired depends on the clock.
        pb::ProposalState::Open => ProposalFilter { expire_after: now_ms, ..only(ProposalState::Open) },
        pb::ProposalState::Expired => ProposalFilter { expire_until: now_ms, ..only(ProposalState::Open) },
        pb::ProposalState::Approved => only(ProposalState::Approved),
        pb::ProposalState::Done => only(ProposalState::Done),
        pb::ProposalState::Rejected => only(ProposalState::Rejected),
        pb::ProposalState::Refused => only(ProposalState::Refused),
    })
}

/// The number of rows of the requested page.
pub fn page_size(asked: i32) -> Result<usize, Error> {
    PAGES.read(asked).map_err(|InvalidPageSize| malformed("page_size", "must not be negative"))
}

/// The requested list of acts, to which its page tokens are bound: the filter, and the books that the caller may see.
#[must_use]
pub fn acts_list(filter: &ActFilter) -> PagedList {
    let books = if filter.books.is_some() { "these books" } else { "every book" };
    let mut asked = vec![filter.subject.as_str(), &filter.user_id, &filter.rpc, books];
    // Page tokens from before this filter existed stay valid.
    asked.extend(Some(filter.account.as_str()).filter(|account| !account.is_empty()));
    asked.extend(filter.books.iter().flatten().map(String::as_str));
    let times = filter.recorded.named();
    asked.extend(times.iter().map(String::as_str));
    PagedList::new("ListActs", "", &asked)
}

/// The user or the account of whose proposals a list is asked for.
pub fn proposal_subject(user_id: &str, account: &str) -> Result<ProposalSubject, Status> {
    let mut wrong = Violations::default();
    if let Some(Err(error)) = (!user_id.is_empty()).then(|| UserKey::try_new(user_id)) {
        wrong.add(rpc::malformed("user_id", &error.must()));
    }
    if !account.is_empty() && chart::form(account).is_none() {
        wrong.add(rpc::malformed("account", &format!("must be an account of the chart, such as {}", chart::account::NAME_EXAMPLE)));
    }
    wrong.check()?;
    Ok(ProposalSubject { user_id: user_id.to_owned(), account: account.to_owned() })
}

/// A book's list of proposals in this state, to which its page tokens are bound.
#[must_use]
pub fn proposals_list(book: &BookName, state: i32, proposed: TimeRange, subject: &ProposalSubject) -> PagedList {
    // Page tokens from before a filter existed stay valid.
    let named = [("user", &subject.user_id), ("account", &subject.account)].into_iter().filter(|(_, text)| !text.is_empty());
    let named = named.map(|(name, text)| format!("{name} {text}"));
    let filter: Vec<String> = std::iter::once(state.to_string()).chain(proposed.named()).chain(named).collect();
    let filter: Vec<&str> = filter.iter().map(String::as_str).collect();
    PagedList::new("ListProposals", book.as_str(), &filter)
}

/// The number below which a page begins, for lists that run backwards; refused with the token of another list.
pub fn before(list: &PagedList, token: &str) -> Result<i64, Error> {
    match list.position(token) {
        Ok(before) => Ok(before.unwrap_or(i64::MAX)),
        Err(InvalidPageToken) => Err(Error::PageToken),
    }
}

#[cfg(test)]
mod tests;
