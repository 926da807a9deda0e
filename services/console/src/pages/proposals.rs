//! Proposals: what one member of staff proposed and another decides.
use crate::{
    answer::{failed, page, refused, without_frame},
    filters::Filters,
    frame::{LIST_PROPOSALS, PageFrame},
    parts::Console,
    view::{
        amounts::{amount, count},
        calls::CallView,
        times::TimeView,
    },
    visitor::Visitor,
};
use api::support::{
    AccountAct, AdjustmentTransfer, ListProposalsRequest, Proposal, ProposalState, proposal::Act,
    support_service_client::SupportServiceClient,
};
use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use http::StatusCode;
use money::text::shown;
use rpc::ANSWER_BYTES_MAX;
use serde_json::json;

/// Proposals of a page.
const PROPOSALS: i32 = 50;

/// States by the word in the address; the first is any.
const STATES: [(&str, ProposalState); 7] = [
    ("any", ProposalState::Unspecified),
    ("open", ProposalState::Open),
    ("approved", ProposalState::Approved),
    ("done", ProposalState::Done),
    ("rejected", ProposalState::Rejected),
    ("refused", ProposalState::Refused),
    ("expired", ProposalState::Expired),
];

/// A state that can be chosen.
struct StateView {
    word: &'static str,
    chosen: bool,
}

/// A proposal in words.
pub(super) struct ProposalView {
    pub(super) id: String,
    /// Its page.
    pub(super) href: String,
    pub(super) state: &'static str,
    pub(super) what: Vec<String>,
    pub(super) proposed_by: String,
    /// The person who looks proposed it, so another decides.
    pub(super) own: bool,
    pub(super) reason: String,
    pub(super) proposed: TimeView,
    pub(super) decided_by: String,
    pub(super) decision: String,
    pub(super) decided: TimeView,
    pub(super) expires: TimeView,
    pub(super) result: String,
    pub(super) hash: String,
}

#[derive(Template)]
#[template(path = "proposals.html")]
struct ProposalsPage {
    frame: PageFrame,
    states: Vec<StateView>,
    proposals: Vec<ProposalView>,
    older: String,
}

pub(crate) async fn show(State(console): State<Console>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let mut frame = match PageFrame::load(&console, &visitor, "Proposals", &filters).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    let asked = if filters.get("state").is_empty() { "any" } else { filters.get("state") };
    let Some((word, state)) = STATES.into_iter().find(|(word, _)| *word == asked) else {
        return failed(frame, StatusCode::BAD_REQUEST, "This can't be asked", "There is no such state of a proposal.");
    };
    let mut message = json!({"book": frame.book, "pageSize": PROPOSALS});
    if state != ProposalState::Unspecified {
        message["state"] = json!(state.as_str_name());
    }
    frame.calls = vec![CallView::new(&console.target, LIST_PROPOSALS, &message)];
    let request = ListProposalsRequest {
        book: frame.book.clone(),
        state: state.into(),
        page_size: PROPOSALS,
        page_token: filters.get("page").to_owned(),
        ..Default::default()
    };
    let mut support = SupportServiceClient::new(console.support.clone()).max_decoding_message_size(ANSWER_BYTES_MAX);
    let answer = match support.list_proposals(visitor.request(request)).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => return refused(frame, &visitor, &status),
    };
    let older = match answer.next_page_token.is_empty() {
        true => String::new(),
        false => Filters::address("/proposals", &[("book", &frame.book), ("state", word), ("page", &answer.next_page_token)]),
    };
    let proposals = answer.proposals.iter().map(|proposal| view(proposal, visitor.person.subject.as_str())).collect();
    let states = STATES.into_iter().map(|(known, _)| StateView { word: known, chosen: known == word }).collect();
    page(StatusCode::OK, &ProposalsPage { frame, states, proposals, older })
}

pub(super) fn view(proposal: &Proposal, looks: &str) -> ProposalView {
    let state = STATES.into_iter().find(|(_, state)| *state == proposal.state()).map_or("unknown", |(word, _)| word);
    ProposalView {
        id: proposal.proposal_id.clone(),
        href: Filters::address("/proposal", &[("id", &proposal.proposal_id), ("book", &proposal.book)]),
        state: if state == "any" { "unknown" } else { state },
        what: what(proposal),
        own: proposal.proposed_by == looks,
        proposed_by: proposal.proposed_by.clone(),
        reason: shown(&proposal.proposal_reason).into_owned(),
        proposed: TimeView::of(proposal.propose_time.as_ref()),
        decided_by: proposal.decided_by.clone(),
        decision: shown(&proposal.decision_reason).into_owned(),
        decided: TimeView::of(proposal.decide_time.as_ref()),
        expires: TimeView::of(proposal.expire_time.as_ref()),
        result: proposal.result.clone(),
        hash: proposal.hash.clone(),
    }
}

/// What would happen, a line for each part.
fn what(proposal: &Proposal) -> Vec<String> {
    match &proposal.act {
        Some(Act::Adjustment(adjustment)) => adjustment.transfers.iter().map(transfer).collect(),
        Some(Act::AccountChange(change)) => {
            let verb = match change.act() {
                AccountAct::Freeze => "Freeze",
                AccountAct::Thaw => "Thaw",
                AccountAct::Close => "Close",
                AccountAct::Unspecified => "Change",
            };
            vec![format!("{verb} {}", change.account)]
        }
        Some(Act::Reversal(reversal)) => vec![format!("Reverse posting {}", reversal.posting_id)],
        Some(Act::LimitChange(limit)) => vec![format!("Change the debit limit of {}", limit.account)],
        None => vec!["A kind of proposal that this version does not know".to_owned()],
    }
}

fn transfer(transfer: &AdjustmentTransfer) -> String {
    let unit = chart::account::form(&transfer.debit_account).map(|form| form.unit.to_string());
    let moved = unit.map_or_else(|| format!("{} of an unknown unit", count(transfer.amount)), |unit| amount(&unit, transfer.amount));
    format!("Move {moved} from {} to {}", transfer.debit_account, transfer.credit_account)
}
