//! The audit log: what staff did, who, when and why.
mod export;

pub(crate) use export::export;

use crate::{
    answer::{ask_reason, page, refused, without_frame},
    filters::Filters,
    frame::{LIST_ACTS, PageFrame},
    parts::Console,
    view::{
        amounts::count,
        calls::{CallView, may},
        times::TimeView,
    },
    visitor::Visitor,
};
use api::support::{Act, ActPhase, ListActsRequest, support_service_client::SupportServiceClient};
use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use http::StatusCode;
use identity::access;
use money::text::shown;
use rpc::ANSWER_BYTES_MAX;
use serde_json::json;

/// Lines of a page.
const LINES: i32 = 50;

/// A line of the log.
struct ActView {
    seq: String,
    time: TimeView,
    subject: String,
    href: String,
    role: String,
    phase: &'static str,
    rpc: String,
    service: String,
    book: String,
    user: String,
    reason: String,
    request: String,
    outcome: String,
    hash: String,
    erased: bool,
}

#[derive(Template)]
#[template(path = "acts.html")]
struct ActsPage {
    frame: PageFrame,
    /// The log as a file.
    export: String,
    subject: String,
    user: String,
    account: String,
    rpc: String,
    /// Whether the role has to name a user or an account first.
    unnamed: bool,
    lines: Vec<ActView>,
    older: String,
}

pub(crate) async fn show(State(console): State<Console>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let mut frame = match PageFrame::load(&console, &visitor, "Audit log", &filters).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    let field = |name: &str| filters.get(name).to_owned();
    let request = list_request(&filters);
    let message = json!({"book": request.book, "subject": request.subject, "userId": request.user_id, "rpc": request.rpc,
        "account": request.account, "pageSize": LINES});
    frame.calls = vec![CallView::new(&console.target, LIST_ACTS, &message)];
    let (subject, user, account, rpc) = (field("subject"), field("user"), field("account"), field("rpc"));
    if unnamed(&visitor, &request) {
        let (export, lines, older) = (String::new(), Vec::new(), String::new());
        return page(StatusCode::OK, &ActsPage { frame, export, subject, user, account, rpc, unnamed: true, lines, older });
    }
    if !covers(&console, &visitor, &request) {
        frame.reason = None;
        return ask_reason(frame);
    }
    let mut support = SupportServiceClient::new(console.support.clone()).max_decoding_message_size(ANSWER_BYTES_MAX);
    let answer = match support.list_acts(visitor.request(request)).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => return refused(frame, &visitor, &status),
    };
    let address = |subject: &str, page: &str| {
        let (user, rpc, account) = (filters.get("user"), filters.get("rpc"), filters.get("account"));
        let fields =
            [("book", filters.get("book")), ("subject", subject), ("user", user), ("rpc", rpc), ("account", account), ("page", page)];
        Filters::address("/acts", &fields)
    };
    let older = if answer.next_page_token.is_empty() { String::new() } else { address(filters.get("subject"), &answer.next_page_token) };
    let lines = answer.acts.iter().map(|act| line(act, address(&act.subject, ""))).collect();
    let export = Filters::address("/acts.csv", &["book", "subject", "user", "rpc", "account"].map(|name| (name, filters.get(name))));
    page(StatusCode::OK, &ActsPage { frame, export, subject, user, account, rpc, unnamed: false, lines, older })
}

/// The call for the log.
fn list_request(filters: &Filters) -> ListActsRequest {
    let field = |name: &str| filters.get(name).to_owned();
    // Lines about no book, such as refused calls, are shown where no book is asked for.
    ListActsRequest {
        book: field("book"),
        subject: field("subject"),
        user_id: field("user"),
        rpc: field("rpc"),
        account: field("account"),
        page_size: LINES,
        page_token: field("page"),
        ..Default::default()
    }
}

/// Whether the role reads the log of one user or account at a time, and none is named yet.
fn unnamed(visitor: &Visitor, request: &ListActsRequest) -> bool {
    !access::reads_whole_log(visitor.person.role) && request.user_id.is_empty() && request.account.is_empty()
}

/// Whether a reason was given that is for this. Roles that may not read the log are told so; they are not asked why first.
fn covers(console: &Console, visitor: &Visitor, request: &ListActsRequest) -> bool {
    let owner = chart::account::owner(&request.account);
    let about: Vec<&str> = [Some(request.user_id.as_str()).filter(|user| !user.is_empty()), owner].into_iter().flatten().collect();
    !may(visitor.person.role, LIST_ACTS) || visitor.reason.is_some() && console.sessions.covers(&visitor.secret, &about)
}

fn line(act: &Act, href: String) -> ActView {
    let (service, rpc) = act.rpc.rsplit_once('/').unwrap_or(("", &act.rpc));
    ActView {
        seq: count(act.seq),
        time: TimeView::of(act.time.as_ref()),
        subject: act.subject.clone(),
        href,
        role: act.role.clone(),
        phase: match act.phase() {
            ActPhase::Begun => "begun",
            ActPhase::Ended => "ended",
            ActPhase::Unspecified => "unknown",
        },
        rpc: rpc.to_owned(),
        service: service.rsplit('.').next().unwrap_or_default().to_owned(),
        book: act.book.clone(),
        user: act.user_id.clone(),
        reason: shown(&act.reason).into_owned(),
        request: act.request_json.clone(),
        outcome: act.outcome.clone(),
        hash: act.hash.clone(),
        erased: act.erased,
    }
}
