//! What a person changes on the page of the treasury: who has a case, and that a day is closed. Each has a reason of its own, which is recorded.
use crate::{
    answer::{failed, refused, without_frame},
    filters::Filters,
    frame::PageFrame,
    login::REASON_BYTES,
    parts::Console,
    visitor::Visitor,
};
use api::treasury::{AssignCaseRequest, CloseDayRequest};
use axum::{
    body::Bytes,
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;
use money::text::is_plain;
use std::sync::Arc;
use tonic::Status;

pub(super) const ASSIGN_CASE: &str = "largesse.treasury.v1.TreasuryService/AssignCase";
pub(super) const CLOSE_DAY: &str = "largesse.treasury.v1.TreasuryService/CloseDay";
/// What the box says that is ticked before a day is closed.
const FOR_EVER: &str = "yes";

/// What a form sends.
enum SentChange {
    Assign(AssignCaseRequest),
    Close(CloseDayRequest),
}

impl SentChange {
    /// The part of the page on which it is seen, with its account.
    fn shown_at(&self) -> (&'static str, String) {
        match self {
            Self::Assign(_) => ("cases", String::new()),
            Self::Close(sent) => ("closed_days", sent.physical_account.clone()),
        }
    }
}

/// Gives a case to a member of staff, or to nobody.
pub(crate) async fn assign(state: State<Console>, visitor: Visitor, form: Bytes) -> Response {
    let read = |book: String, form: &Filters| {
        if form.get("case").is_empty() {
            return Err("A case is needed. Nothing was changed.");
        }
        Ok(SentChange::Assign(AssignCaseRequest { book, case_id: form.get("case").to_owned(), assignee: form.get("assignee").to_owned() }))
    };
    change(state, visitor, form, read).await
}

/// Closes a day of a bank account for ever.
pub(crate) async fn close(state: State<Console>, visitor: Visitor, form: Bytes) -> Response {
    let read = |book: String, form: &Filters| {
        if form.get("for_ever") != FOR_EVER {
            return Err("A day that is closed is never opened again: the form has a box that says so. Nothing was changed.");
        }
        let (physical_account, day) = (form.get("account").to_owned(), form.get("day").to_owned());
        Ok(SentChange::Close(CloseDayRequest { book, physical_account, day }))
    };
    change(state, visitor, form, read).await
}

async fn change(
    State(console): State<Console>,
    mut visitor: Visitor,
    form: Bytes,
    read: impl Fn(String, &Filters) -> Result<SentChange, &'static str>,
) -> Response {
    let form = Filters::read(&form);
    let frame = match PageFrame::load(&console, &visitor, "Treasury", &form).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    let reason = form.get("reason");
    let sent = match read(frame.book.clone(), &form) {
        Ok(sent) => sent,
        Err(why) => return failed(frame, StatusCode::BAD_REQUEST, "This can't be asked", why),
    };
    if !REASON_BYTES.contains(&reason.len()) || !is_plain(reason) {
        let why = "A change needs a reason of 8 to 500 bytes of text without hidden characters. Nothing was changed.";
        return failed(frame, StatusCode::BAD_REQUEST, "This is no reason", why);
    }
    let (part, account) = sent.shown_at();
    // The reason of a change is its own, and not why the person looked.
    let looked = visitor.reason.replace(Arc::from(reason));
    let done = send(&console, &visitor, sent).await;
    visitor.reason = looked;
    match done {
        // By the page's own address, so that a reload sends nothing again.
        Ok(()) => {
            Redirect::to(&Filters::address("/treasury", &[("book", &frame.book), ("part", part), ("account", &account)])).into_response()
        }
        Err(status) => refused(frame, &visitor, &status),
    }
}

async fn send(console: &Console, visitor: &Visitor, sent: SentChange) -> Result<(), Status> {
    let mut treasury = console.more.treasury_client()?;
    match sent {
        SentChange::Assign(request) => drop(treasury.assign_case(visitor.request(request)).await?),
        SentChange::Close(request) => drop(treasury.close_day(visitor.request(request)).await?),
    }
    Ok(())
}
