//! Protobuf to domain and back, of runs.

use super::{malformed, request_id, uuid};
use crate::{
    domain::run::{PayoutRun, RUN_LINES_MAX, RUN_PAGE, RunItem, RunItemState, RunState},
    error::Error,
    runs::{RunAct, RunPage, RunSums},
};
use api::payout as pb;
use money::{BookName, Currency, Money, UserKey, text::is_hidden};
use rpc::{
    Violations,
    page::{InvalidPageToken, PagedList},
    wire::timestamp_ms,
};
use tonic::Status;
use uuid::Uuid;

/// Longest text of a malformed field that is kept: longer ones are no ids, and are not stored.
const KEPT_CHARS_MAX: usize = 64;

/// A page of a run.
pub fn page(who: Result<(BookName, UserKey), Status>, request: pb::CreatePayoutRunRequest) -> Result<RunPage, Status> {
    let mut wrong = Violations::default();
    let (request_id, who) = (wrong.take(request_id(&request.request_id)), wrong.take(who));
    let first_line_no = match request.first_line_no {
        0 => 1,
        number @ 1.. => i64::from(number),
        _ => {
            wrong.add(malformed("first_line_no", "must not be negative").into());
            1
        }
    };
    // The end of a full run may come by itself, after its last line.
    if first_line_no > RUN_LINES_MAX + i64::from(request.lines.is_empty()) {
        wrong.add(malformed("first_line_no", format!("must be at most {RUN_LINES_MAX}")).into());
    }
    if request.lines.len() > RUN_PAGE {
        wrong.add(malformed("lines", format!("must be at most {RUN_PAGE} in one page")).into());
    }
    let above = request.creators_above.as_ref().and_then(|above| wrong.take(super::money(above.payable_min.as_ref())));
    if request.creators_above.is_some() && !request.lines.is_empty() {
        wrong.add(malformed("lines", "must be empty beside creators_above").into());
    }
    if request.creators_above.is_none() && request.lines.is_empty() && !request.complete {
        wrong.add(malformed("lines", "must not be empty before the run is complete").into());
    }
    let (Some(request_id), Some((book, subject))) = (request_id, who) else { return Err(wrong.into_status()) };
    wrong.check()?;
    let lines = (first_line_no..).zip(request.lines).map(|(line_no, line)| self::line(line_no, line)).collect();
    Ok(RunPage { book, subject, request_id, first_line_no, lines, complete: request.complete, above })
}

/// A line as it was sent. What is malformed in it is found here, and refuses the run when it is checked: then all bad lines are named together.
fn line(line_no: i64, line: pb::PayoutRunLine) -> RunItem {
    let amount = line.amount.unwrap_or_default();
    let mut faults = Vec::new();
    if UserKey::try_new(&line.user_id).is_err() {
        faults.push("user_id must be a user's key".to_owned());
    }
    if Uuid::try_parse(&line.beneficiary_id).is_err() {
        faults.push("beneficiary_id must be a UUID".to_owned());
    }
    match Currency::try_new(&amount.currency_code) {
        Err(error) => faults.push(format!("amount.currency_code {}", error.must())),
        Ok(_) if amount.minor_units < 1 => faults.push("amount.minor_units must be above zero".to_owned()),
        Ok(currency) => {
            faults.extend(Money::try_new(currency, amount.minor_units).err().map(|error| format!("amount.minor_units {}", error.must())))
        }
    }
    // Bounded, and without what a database can't store.
    let kept = |text: &str| text.chars().filter(|character| !is_hidden(*character)).take(KEPT_CHARS_MAX).collect::<String>();
    RunItem {
        line_no,
        user: kept(&line.user_id),
        beneficiary_id: Uuid::try_parse(&line.beneficiary_id).map_or_else(|_| kept(&line.beneficiary_id), |id| id.to_string()),
        currency: kept(&amount.currency_code),
        minor_units: amount.minor_units,
        state: RunItemState::Pending,
        claimed_at_ms: 0,
        payout_id: String::new(),
        reason: if faults.is_empty() { String::new() } else { format!("MALFORMED: {}", faults.join("; ")) },
    }
}

/// An act on a run.
pub fn act(who: Result<(BookName, UserKey), Status>, id: &str, run_id: &str) -> Result<RunAct, Status> {
    let mut wrong = Violations::default();
    let (request_id, who) = (wrong.take(request_id(id)), wrong.take(who));
    let run_id = wrong.take(uuid("run_id", run_id));
    let (Some(request_id), Some((book, subject)), Some(run_id)) = (request_id, who, run_id) else { return Err(wrong.into_status()) };
    Ok(RunAct { book, run_id, subject, request_id })
}

/// The run that a request names.
pub fn named(book: Result<BookName, Status>, run_id: &str) -> Result<(BookName, Uuid), Status> {
    let mut wrong = Violations::default();
    let (book, run_id) = (wrong.take(book), wrong.take(uuid("run_id", run_id)));
    let (Some(book), Some(run_id)) = (book, run_id) else { return Err(wrong.into_status()) };
    Ok((book, run_id))
}

/// A line's number.
pub fn line_no(number: i32) -> Result<i64, Error> {
    if number < 1 { Err(malformed("line_no", "must be at least 1")) } else { Ok(number.into()) }
}

/// An item's state to filter by; none for any.
pub fn item_filter(state: i32) -> Result<Option<RunItemState>, Error> {
    let known = pb::PayoutRunItemState::try_from(state);
    let known = known.map_err(|_| malformed("state", "must be one of the states that there are"))?;
    Ok(match known {
        pb::PayoutRunItemState::Unspecified => None,
        pb::PayoutRunItemState::Pending => Some(RunItemState::Pending),
        pb::PayoutRunItemState::Started => Some(RunItemState::Started),
        pb::PayoutRunItemState::Refused => Some(RunItemState::Refused),
        pb::PayoutRunItemState::Cancelled => Some(RunItemState::Cancelled),
    })
}

/// A run's items in these states, as a list to which page tokens are bound.
#[must_use]
pub fn items_list(book: &BookName, run_id: Uuid, state: Option<RunItemState>, payout_state: &str) -> PagedList {
    let run_id = run_id.to_string();
    PagedList::new("ListPayoutRunItems", book.as_str(), &[&run_id, state.map_or("", RunItemState::name), payout_state])
}

/// The line after which a page begins.
pub fn items_after(list: &PagedList, token: &str) -> Result<i64, Error> {
    match list.position::<i64>(token) {
        Ok(position) => Ok(position.unwrap_or(0)),
        Err(InvalidPageToken) => Err(Error::PageToken),
    }
}

fn item_state(state: RunItemState) -> pb::PayoutRunItemState {
    match state {
        RunItemState::Pending | RunItemState::Starting => pb::PayoutRunItemState::Pending,
        RunItemState::Started => pb::PayoutRunItemState::Started,
        RunItemState::Refused => pb::PayoutRunItemState::Refused,
        RunItemState::Cancelled => pb::PayoutRunItemState::Cancelled,
    }
}

fn count(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// A run, with its bad lines and sums. `expiry_ms`: how long it may wait for its approval.
#[must_use]
pub fn run(run: &PayoutRun, expiry_ms: i64, faults: Vec<(i64, String)>, sums: RunSums) -> pb::PayoutRun {
    let state = match run.state {
        RunState::Open => pb::PayoutRunState::Open,
        RunState::Checking => pb::PayoutRunState::Checking,
        RunState::Refused => pb::PayoutRunState::Refused,
        RunState::AwaitingApproval => pb::PayoutRunState::AwaitingApproval,
        RunState::Running => pb::PayoutRunState::Running,
        RunState::Done => pb::PayoutRunState::Done,
        RunState::Rejected => pb::PayoutRunState::Rejected,
        RunState::Expired => pb::PayoutRunState::Expired,
    };
    let moment = |at_ms: i64| (at_ms > 0).then(|| timestamp_ms(at_ms));
    let whole = (!run.problem.is_empty()).then(|| (0, run.problem.clone()));
    // Only a refused run's reasons are faults of its lines; later ones are an item's.
    let faults = if run.state == RunState::Refused { faults } else { Vec::new() };
    let checked = run.lines > 0 && run.checked == run.lines && run.state != RunState::Refused && run.state != RunState::Checking;
    pb::PayoutRun {
        run_id: run.run_id.to_string(),
        state: state.into(),
        lines: count(run.lines),
        lines_checked: count(run.checked),
        faults_count: count(run.faults),
        faults: whole.into_iter().chain(faults).map(|(line_no, why)| pb::PayoutRunFault { line_no: count(line_no), why }).collect(),
        lines_hash: if checked { run.lines_hash.clone() } else { String::new() },
        created_by: run.created_by.clone(),
        approved_by: run.approved_by.clone(),
        create_time: moment(run.created_at_ms),
        approve_time: moment(run.approved_at_ms),
        end_time: moment(run.ended_at_ms),
        rejected_by: run.rejected_by.clone(),
        expire_time: run.expires_at_ms(expiry_ms).map(timestamp_ms),
        sums: sums
            .into_iter()
            .map(|((state, payout_state, currency_code), (items, sum))| pb::PayoutRunSum {
                state: item_state(state).into(),
                payout_state,
                currency_code,
                count: count(items),
                minor_units: i64::try_from(sum).unwrap_or(i64::MAX),
            })
            .collect(),
    }
}

/// An item with its payout's state.
#[must_use]
pub fn item((item, payout_state): &(RunItem, String)) -> pb::PayoutRunItem {
    pb::PayoutRunItem {
        line_no: count(item.line_no),
        line: Some(pb::PayoutRunLine {
            user_id: item.user.clone(),
            beneficiary_id: item.beneficiary_id.clone(),
            amount: Some(api::r#type::Money { currency_code: item.currency.clone(), minor_units: item.minor_units }),
        }),
        state: item_state(item.state).into(),
        payout_id: item.payout_id.clone(),
        payout_state: payout_state.clone(),
        reason: item.reason.clone(),
    }
}

#[cfg(test)]
mod tests;
