//! Answers: a page, or why there is none.
use crate::{
    frame::{NoFrame, PageFrame},
    visitor::Visitor,
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

/// What a person must do before they decide something.
#[derive(Template)]
#[template(path = "step_up.html")]
struct StepUpPage {
    frame: PageFrame,
    why: String,
    begin: String,
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
        NoFrame::SignedOut(status) => not_accepted(visitor, &status),
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
    if reason == "STEP_UP_REQUIRED" {
        let why = match facts(status).remove("login_age_max_s") {
            Some(seconds) => {
                format!("Who decides this must have signed in within the last {seconds} seconds, and your login is older or does not say.")
            }
            None => "Who decides this must have signed in lately.".to_owned(),
        };
        return page(StatusCode::FORBIDDEN, &StepUpPage { frame, why, begin: visitor.step_up() });
    }
    let (code, what) = match status.code() {
        Code::Unauthenticated => return not_accepted(visitor, status),
        Code::PermissionDenied => (StatusCode::FORBIDDEN, "Your role may not see this"),
        Code::NotFound => (StatusCode::NOT_FOUND, "Nothing of this name"),
        Code::InvalidArgument | Code::OutOfRange | Code::FailedPrecondition => (StatusCode::BAD_REQUEST, "This can't be asked"),
        Code::ResourceExhausted => (StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
        Code::DeadlineExceeded => (StatusCode::GATEWAY_TIMEOUT, "The answer took too long"),
        Code::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "A service can't be reached"),
        _ => (StatusCode::BAD_GATEWAY, "A service failed"),
    };
    let trace = facts(status).remove("trace").unwrap_or_default();
    let why = explained(status, &reason);
    page(code, &FailurePage { frame, what: what.to_owned(), why, reason, trace })
}

/// Why a service did not answer, for a part of a page, a file or a stream: never where it is.
pub(crate) fn in_words(status: &Status) -> String {
    explained(status, &reason(status).unwrap_or_default())
}

/// Why a service gave no answer. What is about the question is shown; what is about services is said in words of ours, because its text may name addresses,
/// processes and what a transport reported, which is for the log.
fn explained(status: &Status, reason: &str) -> String {
    let is_about_question = matches!(
        status.code(),
        Code::PermissionDenied
            | Code::NotFound
            | Code::InvalidArgument
            | Code::OutOfRange
            | Code::FailedPrecondition
            | Code::ResourceExhausted
    );
    if is_about_question && !reason.is_empty() {
        // The reason has a line of its own.
        let why = status.message().strip_prefix(&format!("{reason}: ")).unwrap_or(status.message());
        return shown(why).into_owned();
    }
    tracing::warn!(code = ?status.code(), message = status.message(), "a page had no answer");
    let why = match status.code() {
        Code::Unavailable if reason == "OUTCOME_UNKNOWN" => {
            "The answer was lost. If you sent something, it may or may not have been done: look before you send it again."
        }
        Code::DeadlineExceeded => "If you sent something, it may or may not have been done: look before you send it again.",
        Code::Unavailable => "Nothing was done. Try again in a while.",
        _ => "What happened is in the console's log.",
    };
    why.to_owned()
}

/// The services do not accept the session's token. One that they accepted before has expired, and the person signs in again; of another it is said why, because
/// signing in again would end here again.
fn not_accepted(visitor: &Visitor, status: &Status) -> Response {
    if visitor.accepted {
        return visitor.sign_in();
    }
    tracing::warn!(message = status.message(), subject = %visitor.person.subject, "the services do not accept the token of a login");
    let token = facts(status).remove("token").unwrap_or_default();
    let why = format!(
        "You are signed in, and the services do not accept your login's token ({}). Signing in again changes that only if the reason is gone; the console's \
         administrator finds it in the log.",
        if token.is_empty() { "no reason given" } else { &token }
    );
    let frame = PageFrame::bare("Not accepted", Some(&visitor.person));
    let (what, reason) = ("Your login is not accepted".to_owned(), reason(status).unwrap_or_default());
    page(StatusCode::BAD_GATEWAY, &FailurePage { frame, what, why: shown(&why).into_owned(), reason, trace: String::new() })
}

#[cfg(test)]
mod tests {
    //! Unit tests of what is said where there is no page.
    use super::*;
    use rpc::errors::{outcome_unknown, peer_unreachable};

    #[test]
    fn no_page_says_where_services_are() {
        let cause = std::io::Error::other("tcp connect error: 10.1.2.3:7070");
        let all = [
            peer_unreachable("http://ledger.internal:7070", &cause),
            outcome_unknown("the answer of http://ledger.internal:7070 was lost: tcp connect error: 10.1.2.3:7070"),
            Status::unavailable("tcp connect error: 10.1.2.3:7070"),
            Status::unknown("h2 protocol error at ledger.internal"),
            Status::internal("10.1.2.3:7070"),
            Status::deadline_exceeded("10.1.2.3:7070"),
            Status::permission_denied("10.1.2.3:7070 is a proxy that refuses"),
        ];
        for status in all {
            let said = in_words(&status);
            assert!(!said.contains("10.1.2.3") && !said.contains("internal") && !said.is_empty(), "{status:?}: {said}");
        }
        assert!(in_words(&outcome_unknown("x")).contains("may or may not have been done"));
        let about = rpc::refused(Code::NotFound, "BOOK_UNKNOWN", "no such book".to_owned(), &[("book", "x".to_owned())]);
        assert_eq!(in_words(&about), "no such book (book=x)");
    }
}
