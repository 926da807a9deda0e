//! Answers: a page, or why there is none.
use crate::{
    frame::{NoFrame, PageFrame},
    visitor::{Visitor, sign_in},
};
use askama::Template;
use axum::response::{Html, IntoResponse as _, Response};
use http::StatusCode;
use money::text::shown;
use rpc::{facts, reason};
use tonic::{Code, Status};

/// A page that says why there is no other.
#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage {
    frame: PageFrame,
    what: String,
    why: String,
    /// The reason in capitals, to look up in the runbook; empty if there is none.
    reason: String,
    /// What to quote when it is reported; empty if there is nothing.
    trace: String,
}

/// The form in which a person says why they look, before they see anything.
#[derive(Template)]
#[template(path = "reason.html")]
struct ReasonPage {
    frame: PageFrame,
}

/// A page as an answer.
pub(crate) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page can't be written");
            (StatusCode::INTERNAL_SERVER_ERROR, "this page can't be written; nothing was changed\n").into_response()
        }
    }
}

/// Why there is no frame.
pub(crate) fn without_frame(why: NoFrame, visitor: &Visitor) -> Response {
    match why {
        NoFrame::SignedOut => sign_in(&visitor.address),
        NoFrame::NoBook(frame) => {
            let why = "There is no such book, or your login does not cover it. Choose one of those above.";
            failed(*frame, StatusCode::NOT_FOUND, "No such book", why)
        }
    }
}

/// A page that says in words of the console why there is no other.
pub(crate) fn failed(frame: PageFrame, status: StatusCode, what: &str, why: &str) -> Response {
    let (what, why) = (what.to_owned(), why.to_owned());
    page(status, &FailurePage { frame, what, why, reason: String::new(), trace: String::new() })
}

/// Asks why the person looks; the page comes after that.
pub(crate) fn ask_reason(frame: PageFrame) -> Response {
    page(StatusCode::PRECONDITION_REQUIRED, &ReasonPage { frame })
}

/// What a service refused, with its reason.
pub(crate) fn refused(frame: PageFrame, visitor: &Visitor, status: &Status) -> Response {
    let reason = reason(status).unwrap_or_default();
    if reason == "REASON_REQUIRED" {
        return ask_reason(frame);
    }
    let (code, what) = match status.code() {
        Code::Unauthenticated => return sign_in(&visitor.address),
        Code::PermissionDenied => (StatusCode::FORBIDDEN, "Your role may not see this"),
        Code::NotFound => (StatusCode::NOT_FOUND, "Nothing of this name"),
        Code::InvalidArgument | Code::OutOfRange | Code::FailedPrecondition => (StatusCode::BAD_REQUEST, "This can't be asked"),
        Code::ResourceExhausted => (StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
        Code::DeadlineExceeded => (StatusCode::GATEWAY_TIMEOUT, "The answer took too long"),
        Code::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "A service can't be reached"),
        _ => (StatusCode::BAD_GATEWAY, "A service failed"),
    };
    let trace = facts(status).remove("trace").unwrap_or_default();
    // The reason has a line of its own.
    let why = status.message().strip_prefix(&format!("{reason}: ")).unwrap_or(status.message());
    let why = shown(why).into_owned();
    page(code, &FailurePage { frame, what: what.to_owned(), why, reason, trace })
}
