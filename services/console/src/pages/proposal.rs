//! One proposal: what it would change, by the ledger's dry run made for this page, and the decision about it.
//!
//! The form has a request id that was made with the page, so a double click, the back button and a second tab are one decision.
use super::proposals::{ProposalView, view};
use crate::{
    answer::{ask_reason, failed, page, refused, without_frame},
    filters::Filters,
    frame::PageFrame,
    login::REASON_BYTES,
    parts::{Console, ConsoleParts},
    view::{
        amounts::amount,
        calls::{CallView, may},
        times::TimeView,
    },
    visitor::Visitor,
};
use api::{
    ledger::AccountState,
    support::{
        ApproveRequest, GetProposalRequest, PreviewedAccount, Proposal, ProposalPreview, ProposalState, RejectRequest, proposal::Act,
    },
};
use askama::Template;
use axum::{
    body::Bytes,
    extract::{RawQuery, State},
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;
use money::text::{is_plain, shown};
use serde_json::json;
use std::{collections::BTreeSet, sync::Arc};
use tonic::{Code, Status};

const GET_PROPOSAL: &str = "largesse.support.v1.SupportService/GetProposal";
const APPROVE: &str = "largesse.support.v1.SupportService/Approve";
const REJECT: &str = "largesse.support.v1.SupportService/Reject";

/// What would change of an account.
struct ChangeView {
    account: String,
    href: String,
    before: String,
    after: String,
    available: String,
    /// How its state or limit would change; empty if they stay.
    other: String,
    changes: bool,
}

/// The dry run.
struct PreviewView {
    time: TimeView,
    changes: Vec<ChangeView>,
    /// Whether any account has something held, and whether any state or limit would change.
    shows_available: bool,
    shows_other: bool,
    refusal: String,
    why: String,
}

/// What the page says of a decision that was just sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct NoticeView {
    class: &'static str,
    text: String,
}

#[derive(Template)]
#[template(path = "proposal.html")]
struct ProposalPage {
    frame: PageFrame,
    proposal: ProposalView,
    outcome: String,
    notice: Option<NoticeView>,
    preview: Option<PreviewView>,
    open: bool,
    may_approve: bool,
    may_reject: bool,
    /// Why there is no button, if there is none.
    why_not: &'static str,
    request_id: String,
}

/// A decision as a form sends it.
struct SentDecision {
    book: String,
    proposal_id: String,
    hash: String,
    request_id: String,
    approves: bool,
}

pub(crate) async fn show(State(console): State<Console>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let frame = match PageFrame::load(&console, &visitor, "Proposal", &filters).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    let id = filters.get("id");
    if id.is_empty() {
        return Redirect::to(&Filters::address("/proposals", &[("book", &frame.book)])).into_response();
    }
    answer(&console, &visitor, frame, id, StatusCode::OK, None).await
}

/// The page of a proposal as it is now.
async fn answer(
    console: &ConsoleParts,
    visitor: &Visitor,
    mut frame: PageFrame,
    id: &str,
    status: StatusCode,
    notice: Option<NoticeView>,
) -> Response {
    let message = json!({"book": frame.book, "proposalId": id});
    frame.address = Filters::address("/proposal", &[("id", id), ("book", &frame.book)]);
    frame.calls = vec![CallView::new(&console.target, GET_PROPOSAL, &message)];
    frame.keep("/proposals", &[]);
    if visitor.reason.is_none() {
        return ask_reason(frame);
    }
    let request = GetProposalRequest { book: frame.book.clone(), proposal_id: id.to_owned() };
    let found = match console.support_client().get_proposal(visitor.request(request)).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => return refused(frame, visitor, &status),
    };
    let proposal = found.proposal.unwrap_or_default();
    // Whom it concerns is known now; a reason that was for somebody else shows nothing of it.
    let named =
        accounts_of(&proposal).into_iter().chain(found.preview.iter().flat_map(|preview| &preview.accounts).map(|shown| &shown.account));
    let about: BTreeSet<&str> = named.filter_map(|account| chart::account::owner(account)).collect();
    if !console.sessions.covers(&visitor.secret, &about.into_iter().collect::<Vec<_>>()) {
        frame.reason = None;
        return ask_reason(frame);
    }
    let (own, role) = (proposal.proposed_by == visitor.person.subject.as_str(), visitor.person.role);
    let open = proposal.state() == ProposalState::Open;
    let may_approve = !own && may(role, APPROVE) && matches!(proposal.state(), ProposalState::Open | ProposalState::Approved);
    let may_reject = open && may(role, REJECT) && (own || may(role, APPROVE));
    if may_approve {
        let decided = json!({"book": frame.book, "proposalId": id, "hash": proposal.hash, "requestId": "$(uuidgen)"});
        frame.calls.push(CallView::new(&console.target, APPROVE, &decided));
    }
    let preview = found.preview.as_ref().map(|preview| previewed(&frame.book, preview));
    let shown = ProposalPage {
        outcome: outcome(&proposal),
        notice,
        preview,
        open,
        may_approve,
        may_reject,
        why_not: match (open, own, may_approve) {
            (true, true, _) => "You proposed it, so another person decides. You can take it back.",
            (true, false, false) => "Your role can't decide about proposals; finance and admin can.",
            _ => "",
        },
        request_id: request_id(),
        proposal: view(&proposal, visitor.person.subject.as_str()),
        frame,
    };
    page(status, &shown)
}

/// A new id for the decision that this page can send, of version 7.
fn request_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// The accounts that it names.
fn accounts_of(proposal: &Proposal) -> Vec<&String> {
    match &proposal.act {
        Some(Act::Adjustment(adjustment)) => {
            adjustment.transfers.iter().flat_map(|transfer| [&transfer.debit_account, &transfer.credit_account]).collect()
        }
        Some(Act::AccountChange(change)) => vec![&change.account],
        Some(Act::LimitChange(limit)) => vec![&limit.account],
        Some(Act::Reversal(_)) | None => Vec::new(),
    }
}

/// What became of it, in a sentence.
fn outcome(proposal: &Proposal) -> String {
    let by = shown(&proposal.decided_by);
    match proposal.state() {
        ProposalState::Open => "It waits for the decision of another person. Nothing is moved or held until then.".to_owned(),
        ProposalState::Approved => format!("{by} approved it, and it is not executed yet. Approving again goes on with it."),
        ProposalState::Done => format!("{by} approved it, and it is done."),
        ProposalState::Rejected if proposal.decided_by == proposal.proposed_by => format!("{by} took it back."),
        ProposalState::Rejected => format!("{by} rejected it."),
        ProposalState::Refused => format!("{by} approved it, and it could not be done: {}. Nothing was moved.", shown(&proposal.result)),
        ProposalState::Expired => "Nobody decided in time. It can be proposed again.".to_owned(),
        ProposalState::Unspecified => String::new(),
    }
}

fn previewed(book: &str, preview: &ProposalPreview) -> PreviewView {
    let changes: Vec<ChangeView> = preview.accounts.iter().map(|account| change(book, account)).collect();
    PreviewView {
        time: TimeView::of(preview.time.as_ref()),
        shows_available: changes.iter().any(|change| !change.available.is_empty()),
        shows_other: changes.iter().any(|change| !change.other.is_empty()),
        changes,
        refusal: shown(&preview.refusal).into_owned(),
        why: shown(&preview.refusal_message).into_owned(),
    }
}

fn change(book: &str, account: &PreviewedAccount) -> ChangeView {
    let number = |number: i64| amount(&account.unit, number);
    let state = |state: i32| match AccountState::try_from(state) {
        Ok(AccountState::Open) => "open",
        Ok(AccountState::Frozen) => "frozen",
        Ok(AccountState::Closed) => "closed",
        Ok(AccountState::Unspecified) | Err(_) => "not opened",
    };
    let (before, after) = (state(account.state_before), state(account.state_after));
    let limit = |limit: i64| if limit == 0 { "no limit".to_owned() } else { format!("limit {}", number(limit)) };
    let mut others = Vec::new();
    if before != after {
        others.push(format!("{before} → {after}"));
    }
    if (account.limit_before, account.limit_after) != (0, 0) {
        others.push(format!("{} → {}", limit(account.limit_before), limit(account.limit_after)));
    }
    let held = (account.available_before, account.available_after) != (account.balance_before, account.balance_after);
    ChangeView {
        account: shown(&account.account).into_owned(),
        href: Filters::address("/accounts", &[("book", book), ("account", &account.account)]),
        before: number(account.balance_before),
        after: number(account.balance_after),
        available: if held {
            format!("{} → {}", number(account.available_before), number(account.available_after))
        } else {
            String::new()
        },
        changes: account.balance_before != account.balance_after || !others.is_empty(),
        other: others.join(", "),
    }
}

/// Approves or rejects, and shows what became of it.
pub(crate) async fn decide(State(console): State<Console>, mut visitor: Visitor, form: Bytes) -> Response {
    let form = Filters::read(&form);
    let frame = match PageFrame::load(&console, &visitor, "Proposal", &form).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    let (reason, decision) = (form.get("reason").to_owned(), form.get("decision"));
    if !["approve", "reject"].contains(&decision) || form.get("id").is_empty() {
        return failed(frame, StatusCode::BAD_REQUEST, "This can't be asked", "The form is not one of a proposal; nothing was decided.");
    }
    if !REASON_BYTES.contains(&reason.len()) || !is_plain(&reason) {
        let why = "A decision needs a reason of 8 to 500 bytes of text without hidden characters. Nothing was decided.";
        let notice = Some(NoticeView { class: "bad", text: why.to_owned() });
        return answer(&console, &visitor, frame, form.get("id"), StatusCode::BAD_REQUEST, notice).await;
    }
    let sent = SentDecision {
        book: frame.book.clone(),
        proposal_id: form.get("id").to_owned(),
        hash: form.get("hash").to_owned(),
        request_id: form.get("request_id").to_owned(),
        approves: decision == "approve",
    };
    // The reason of a decision is its own, and not why the person looked.
    let looked = visitor.reason.replace(Arc::from(reason));
    let decided = send(&console, &visitor, &sent).await;
    visitor.reason = looked;
    match decided {
        // By the page's own address, so that a reload sends nothing again.
        Ok(()) => Redirect::to(&Filters::address("/proposal", &[("id", &sent.proposal_id), ("book", &sent.book)])).into_response(),
        Err(status) => match notice(&status) {
            Some(notice) => answer(&console, &visitor, frame, &sent.proposal_id, StatusCode::CONFLICT, Some(notice)).await,
            None => refused(frame, &visitor, &status),
        },
    }
}

async fn send(console: &ConsoleParts, visitor: &Visitor, sent: &SentDecision) -> Result<(), Status> {
    let SentDecision { book, proposal_id, hash, request_id, approves } = sent;
    let (book, proposal_id, request_id) = (book.clone(), proposal_id.clone(), request_id.clone());
    if *approves {
        // Without it the person would approve whatever is stored now, and not what they saw.
        if hash.is_empty() {
            return Err(Status::invalid_argument("the form has no hash of what it shows; nothing was decided"));
        }
        let request = ApproveRequest { book, proposal_id, hash: hash.clone(), request_id };
        console.support_client().approve(visitor.request(request)).await?;
    } else {
        console.support_client().reject(visitor.request(RejectRequest { book, proposal_id, request_id })).await?;
    }
    Ok(())
}

/// What to say beside the proposal as it is now; `None` for what is about the call and not about the proposal.
fn notice(status: &Status) -> Option<NoticeView> {
    let text = match rpc::reason(status)?.as_str() {
        "PROPOSAL_DECIDED" => "Somebody decided meanwhile; your decision changed nothing.",
        "PROPOSAL_EXPIRED" => "It expired meanwhile; your decision changed nothing.",
        "SAME_PERSON" => "You proposed it, so another person decides. Nothing was decided.",
        "PROPOSAL_CHANGED" => {
            "It differs from what the page showed you or from what was proposed. Nothing was decided; tell your auditors."
        }
        "OUTCOME_UNKNOWN" => {
            "It is approved, and it is not known yet whether it was executed. It goes on by itself, or with another approval."
        }
        _ => return None,
    };
    let class = if status.code() == Code::Unavailable { "unknown" } else { "bad" };
    Some(NoticeView { class, text: text.to_owned() })
}

#[cfg(test)]
mod tests;
