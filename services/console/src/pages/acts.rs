//! The audit log: what staff did, who, when and why.
mod export;

pub(crate) use export::export;

use crate::{
    answer::{ask_reason, failed, page, refused, without_frame},
    filters::Filters,
    frame::{LIST_ACTS, PageFrame},
    parts::Console,
    view::{
        amounts::count,
        badges::{ChoiceView, choice, choices},
        calls::{CallView, changes, may},
        times::{self, TimeView},
    },
    visitor::Visitor,
};
use api::support::{Act, ActPhase, ListActsRequest};
use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use http::StatusCode;
use identity::access;
use jiff::civil::Date;
use money::{
    text::shown,
    time::{moment_ms, now_ms, rfc3339, utc_day},
};
use rpc::wire::timestamp;
use serde_json::{Value, json};
use tonic::Status;

/// Lines of a page.
const LINES: i32 = 50;
/// Of changes alone: lines of a read, how many reads a page makes at most, and after how many changes it makes no more.
const LINES_READ: i32 = 200;
const READS_MAX: usize = 5;
const LINES_ENOUGH: usize = 50;
/// What is shown, by the word in the address; the first is everything.
const WHATS: [&str; 2] = ["everything", CHANGES];
const CHANGES: &str = "changes";
/// The fields of the address that filter.
const FIELDS: [&str; 8] = ["book", "subject", "user", "account", "rpc", "from", "until", "what"];

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

/// The changes of a day.
struct DayView {
    label: &'static str,
    href: String,
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
    from: String,
    until: String,
    whats: Vec<ChoiceView>,
    days: Vec<DayView>,
    lines: Vec<ActView>,
    older: String,
}

pub(crate) async fn show(State(console): State<Console>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let mut frame = match PageFrame::load(&console, &visitor, "Audit log", &filters).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    let (what, request) = match read(&filters) {
        Ok(read) => read,
        Err(why) => return failed(frame, StatusCode::BAD_REQUEST, "This can't be asked", &why),
    };
    frame.calls = vec![CallView::new(&console.target, LIST_ACTS, &message(&filters, &request))];
    if unnamed(&visitor, &request) {
        let unnamed = log(frame, &filters, what, &[], "");
        return page(StatusCode::OK, &ActsPage { export: String::new(), unnamed: true, ..unnamed });
    }
    if !covers(&console, &visitor, &request) {
        frame.reason = None;
        return ask_reason(frame);
    }
    match load(&console, &visitor, request, what).await {
        Ok((acts, next)) => page(StatusCode::OK, &log(frame, &filters, what, &acts, &next)),
        Err(status) => refused(frame, &visitor, &status),
    }
}

fn log(frame: PageFrame, filters: &Filters, what: &'static str, acts: &[Act], next: &str) -> ActsPage {
    let field = |name: &str| filters.get(name).to_owned();
    let today = utc_day(moment_ms(now_ms()));
    let changes_of = |label, day: Option<Date>| {
        let (from, until) = (day.map(|day| day.to_string())?, day?.tomorrow().ok()?.to_string());
        let fields = [("book", filters.get("book")), ("from", &*from), ("until", &*until), ("what", CHANGES)];
        Some(DayView { label, href: Filters::address("/acts", &fields) })
    };
    ActsPage {
        frame,
        export: address("/acts.csv", filters, &[]),
        subject: field("subject"),
        user: field("user"),
        account: field("account"),
        rpc: field("rpc"),
        from: field("from"),
        until: field("until"),
        unnamed: false,
        whats: choices(&WHATS, what),
        days: [("Changes of today", Some(today)), ("Changes of yesterday", today.yesterday().ok())]
            .into_iter()
            .filter_map(|(label, day)| changes_of(label, day))
            .collect(),
        lines: acts.iter().map(|act| line(act, address("/acts", filters, &[("subject", &act.subject)]))).collect(),
        older: if next.is_empty() { String::new() } else { address("/acts", filters, &[("page", next)]) },
    }
}

/// An address with the same filters, but for these.
fn address(path: &str, filters: &Filters, other: &[(&'static str, &str)]) -> String {
    let value = |name: &'static str| other.iter().find(|(of, _)| *of == name).map_or_else(|| filters.get(name), |(_, value)| value);
    let page = other.iter().filter(|(name, _)| *name == "page");
    let fields: Vec<(&str, &str)> = FIELDS.into_iter().map(|name| (name, value(name))).chain(page.copied()).collect();
    Filters::address(path, &fields)
}

/// What is shown, and the call for it; or what is wrong with the address.
fn read(filters: &Filters) -> Result<(&'static str, ListActsRequest), String> {
    let field = |name: &str| filters.get(name).to_owned();
    let what = choice(&WHATS, filters.get("what")).ok_or("Everything is shown, or changes alone.")?;
    let time = |name: &str| match (filters.get(name), times::read(filters.get(name))) {
        ("", _) => Ok(None),
        (_, Some(moment)) => Ok(Some(timestamp(moment))),
        (_, None) => Err(format!("{name}: a date or a time in UTC is needed, such as 2026-11-20 23:51")),
    };
    // Lines about no book, such as refused calls, are shown where no book is asked for.
    let request = ListActsRequest {
        book: field("book"),
        subject: field("subject"),
        user_id: field("user"),
        rpc: field("rpc"),
        account: field("account"),
        recorded_from: time("from")?,
        recorded_until: time("until")?,
        page_size: if what == CHANGES { LINES_READ } else { LINES },
        page_token: field("page"),
    };
    Ok((what, request))
}

/// The call's message.
fn message(filters: &Filters, request: &ListActsRequest) -> Value {
    let mut message = json!({"book": request.book, "subject": request.subject, "userId": request.user_id, "rpc": request.rpc,
        "account": request.account, "pageSize": request.page_size});
    for (name, field) in [("recordedFrom", "from"), ("recordedUntil", "until")] {
        if let Some(moment) = times::read(filters.get(field)) {
            message[name] = json!(rfc3339(moment));
        }
    }
    message
}

/// Whether a line is of what is shown.
fn is_shown(what: &str, act: &Act) -> bool {
    what != CHANGES || changes(&act.rpc)
}

/// A page of the log, and the token of the next. Of changes alone it reads on until there are enough of them, because most lines are of looking.
async fn load(console: &Console, visitor: &Visitor, mut request: ListActsRequest, what: &str) -> Result<(Vec<Act>, String), Status> {
    let mut support = console.support_client();
    let mut acts = Vec::new();
    for _ in 0..READS_MAX {
        let answer = support.list_acts(visitor.request(request.clone())).await?.into_inner();
        acts.extend(answer.acts.into_iter().filter(|act| is_shown(what, act)));
        request.page_token = answer.next_page_token;
        if what != CHANGES || acts.len() >= LINES_ENOUGH || request.page_token.is_empty() {
            break;
        }
    }
    Ok((acts, request.page_token))
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
