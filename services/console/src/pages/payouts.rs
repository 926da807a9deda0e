//! Payouts of all users, newest first.
use super::listing::{AskedPayments, PaymentView, row};
use crate::{
    answer::{ask_reason, failed, page, refused, without_frame},
    filters::Filters,
    frame::PageFrame,
    parts::Console,
    view::badges::{ChoiceView, choice, choices},
    visitor::Visitor,
};
use api::monitor::{ListPaymentsResponse, PaymentKind};
use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use http::StatusCode;

/// States by their words in the contract; the first is any.
const STATES: [&str; 13] = [
    "any",
    "requested",
    "held",
    "in_review",
    "queued",
    "submitted",
    "accepted",
    "outcome_unknown",
    "settled",
    "settled_returnable",
    "rejected",
    "cancelled",
    "refused",
];

#[derive(Template)]
#[template(path = "payouts.html")]
struct PayoutsPage {
    frame: PageFrame,
    states: Vec<ChoiceView>,
    user: String,
    rail: String,
    payouts: Vec<PaymentView>,
    /// The list looked at many and may have more that match.
    older: String,
}

pub(crate) async fn show(State(console): State<Console>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let mut frame = match PageFrame::load(&console, &visitor, "Payouts", &filters).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    let Some(state) = choice(&STATES, filters.get("state")) else {
        return failed(frame, StatusCode::BAD_REQUEST, "This can't be asked", "There is no such state of a payout.");
    };
    let field = |name: &str| filters.get(name).to_owned();
    let asked = AskedPayments {
        kind: PaymentKind::Payout,
        book: frame.book.clone(),
        user: field("user"),
        state,
        through: field("rail"),
        page: field("page"),
    };
    frame.calls = vec![asked.call(&console)];
    let about: Vec<&str> = Some(asked.user.as_str()).filter(|user| !user.is_empty()).into_iter().collect();
    if visitor.reason.is_none() || !console.sessions.covers(&visitor.secret, &about) {
        frame.reason = None;
        return ask_reason(frame);
    }
    match asked.load(&console, &visitor).await {
        Ok(answer) => page(StatusCode::OK, &payouts(frame, &asked, &answer)),
        Err(status) => refused(frame, &visitor, &status),
    }
}

fn payouts(frame: PageFrame, asked: &AskedPayments, answer: &ListPaymentsResponse) -> PayoutsPage {
    let fields = [("book", &*asked.book), ("user", &asked.user), ("state", asked.state), ("rail", &asked.through)];
    let older = Filters::address("/payouts", &[fields.as_slice(), &[("page", &answer.next_page_token)]].concat());
    PayoutsPage {
        states: choices(&STATES, asked.state),
        user: asked.user.clone(),
        rail: asked.through.clone(),
        payouts: answer.payments.iter().map(|payment| row(&asked.book, payment)).collect(),
        older: if answer.next_page_token.is_empty() { String::new() } else { older },
        frame,
    }
}

#[cfg(test)]
mod tests {
    //! Unit tests of the list.
    use super::*;
    use crate::pages::samples::{MARKUP, assert_text};
    use api::monitor::Payment;

    #[test]
    fn markup_in_every_field_is_text() {
        let text = MARKUP.to_owned();
        let payment = Payment {
            kind: PaymentKind::Payout.into(),
            payment_id: text.clone(),
            user_id: text.clone(),
            state: text.clone(),
            currency: text.clone(),
            through: text.clone(),
            ..Payment::default()
        };
        let answer = ListPaymentsResponse { payments: vec![payment], next_page_token: text.clone() };
        let asked = AskedPayments {
            kind: PaymentKind::Payout,
            book: text.clone(),
            user: text.clone(),
            state: "any",
            through: text.clone(),
            page: text,
        };
        assert_text(&payouts(PageFrame::bare("Payouts", None), &asked, &answer), 5);
    }
}
