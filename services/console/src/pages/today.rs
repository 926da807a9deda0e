//! Today: what needs a person, what was posted lately, and whether the books are right, check by check.
mod work;

use crate::{
    answer::{failed, page, refused, without_frame},
    figures::{AskedFigures, FiguresPart, GET_FIGURES},
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
use work::{AskedWork, WorkList};

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
    work: WorkList,
    /// Of the book that is chosen; empty if there is none.
    figures: FiguresPart,
    /// The payments of the same book and unit.
    payments: String,
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
    let Some(asked) = AskedWork::read(&filters) else {
        return failed(frame, StatusCode::BAD_REQUEST, "This can't be asked", "There is no such kind of work.");
    };
    let Some(figures) = AskedFigures::read(&frame.book, &filters) else {
        return failed(frame, StatusCode::BAD_REQUEST, "This can't be asked", "There is no such time for charts.");
    };
    let call = |rpc| CallView::new(&console.target, rpc, &json!({}));
    frame.calls = vec![asked.call(&console), call(HEALTH), call(LIST_BOOKS)];
    let Some(audit) = frame.audit.take() else {
        return refused(frame, &visitor, &Status::unavailable("the monitor gives no answer, so nothing can be said about the books"));
    };
    let work = match asked.load(&console, &visitor, |book| frame.book_label(book)).await {
        Ok(work) => work,
        Err(status) => return refused(frame, &visitor, &status),
    };
    let mut part = FiguresPart::default();
    let mut payments = String::new();
    if !frame.book.is_empty() {
        frame.calls.push(CallView::new(&console.target, GET_FIGURES, &figures.message()));
        payments = Filters::address("/payments", &[[("book", &*frame.book)].as_slice(), &figures.fields()].concat());
        part = match figures.load(&console, &visitor).await {
            Ok(part) => part,
            Err(status) => return refused(frame, &visitor, &status),
        };
    }
    let last_run = TimeView::of(audit.last_run_time.as_ref());
    let (books, installation) = (audit.books.iter().map(book).collect(), audit.checks.iter().map(check).collect());
    page(StatusCode::OK, &TodayPage { frame, work, figures: part, payments, books, installation, last_run })
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

#[cfg(test)]
mod tests {
    //! Unit tests of what is shown of the monitor's answers.
    use super::*;
    use crate::pages::samples::{MARKUP, assert_text};
    use api::monitor::{ListWorkResponse, ThingKind, UnitAmount, WorkItem, WorkKind};

    #[test]
    fn markup_in_every_field_is_text() {
        let text = MARKUP.to_owned();
        let found = WorkItem {
            kind: WorkKind::StuckPayout.into(),
            book: text.clone(),
            id: text.clone(),
            thing_kind: ThingKind::Payout.into(),
            summary: text.clone(),
            state: text.clone(),
            amount: Some(UnitAmount { unit: text.clone(), amount: 1 }),
            user_id: text.clone(),
            since_time: None,
            runbook: text.clone(),
        };
        let asked = AskedWork::read(&Filters::default()).unwrap();
        let mut work = asked.list(&ListWorkResponse { items: vec![found], next_page_token: text.clone() }, str::to_owned);
        work.failure = text.clone();
        let (books, installation, last_run) = (Vec::new(), Vec::new(), TimeView::default());
        let (figures, payments) = (FiguresPart::default(), "/payments".to_owned());
        let frame = PageFrame::bare("Today", None);
        assert_text(&TodayPage { frame, work, figures, payments, books, installation, last_run }, 6);
        assert!(AskedWork::read(&Filters::read(b"work=no_such_kind")).is_none());
    }
}
