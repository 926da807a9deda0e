//! Today: whether the books are right, check by check.
use crate::{
    answer::{page, refused, without_frame},
    filters::Filters,
    frame::{HEALTH, LIST_BOOKS, PageFrame},
    parts::Console,
    view::{amounts::count, calls::CallView, times::TimeView},
    visitor::Visitor,
};
use api::monitor::{BookHealth, CheckOutcome, HealthCheck};
use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use http::StatusCode;
use money::text::shown;
use serde_json::json;
use tonic::Status;

/// A check and its result.
struct CheckView {
    name: String,
    class: &'static str,
    outcome: &'static str,
    detail: String,
    passed: TimeView,
}

/// A book with its checks.
struct BookHealthView {
    name: String,
    class: &'static str,
    word: &'static str,
    checked: String,
    committed: TimeView,
    behind: String,
    checks: Vec<CheckView>,
}

#[derive(Template)]
#[template(path = "today.html")]
struct TodayPage {
    frame: PageFrame,
    books: Vec<BookHealthView>,
    installation: Vec<CheckView>,
    last_run: TimeView,
}

pub(crate) async fn show(State(console): State<Console>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let mut frame = match PageFrame::load(&console, &visitor, "Today", &filters).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    frame.calls = vec![CallView::new(&console.target, HEALTH, &json!({})), CallView::new(&console.target, LIST_BOOKS, &json!({}))];
    let Some(audit) = frame.audit.take() else {
        return refused(frame, &visitor, &Status::unavailable("the monitor gives no answer, so nothing can be said about the books"));
    };
    let last_run = TimeView::of(audit.last_run_time.as_ref());
    let (books, installation) = (audit.books.iter().map(book).collect(), audit.checks.iter().map(check).collect());
    page(StatusCode::OK, &TodayPage { frame, books, installation, last_run })
}

fn book(book: &BookHealth) -> BookHealthView {
    let mut checks: Vec<CheckView> = book.checks.iter().map(check).collect();
    // What failed comes first; otherwise the order is the monitor's.
    checks.sort_by_key(|check| check.class != "bad");
    let (class, word) = match (book.healthy, checks.iter().any(|check| check.class == "bad")) {
        (true, _) => ("good", "right"),
        (false, true) => ("bad", "wrong"),
        (false, false) => ("unknown", "not known yet"),
    };
    BookHealthView {
        name: book.book.clone(),
        class,
        word,
        checked: count(book.checked_seq),
        committed: TimeView::of(book.checked_commit_time.as_ref()),
        behind: count(book.events_behind),
        checks,
    }
}

fn check(check: &HealthCheck) -> CheckView {
    let (class, outcome) = match check.outcome() {
        CheckOutcome::Passed => ("good", "passed"),
        CheckOutcome::Failed => ("bad", "failed"),
        CheckOutcome::Pending | CheckOutcome::Unspecified => ("unknown", "no result yet"),
        CheckOutcome::NotCompared => ("unknown", "not compared"),
    };
    CheckView {
        name: check.name.replace('_', " "),
        class,
        outcome,
        detail: shown(&check.detail).into_owned(),
        passed: TimeView::of(check.last_passed_time.as_ref()),
    }
}
