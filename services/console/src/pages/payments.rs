//! Payments: charts of what was posted, postings as they happen, and the list of purchases and payouts.
pub(crate) mod asked;
mod export;

pub(crate) use export::export;

use crate::{
    answer::{failed, page, refused, without_frame},
    figures::{AskedFigures, FiguresPart, GET_FIGURES},
    filters::Filters,
    frame::{LIST_PAYMENTS, PageFrame},
    live::HOUSE_ONLY,
    parts::Console,
    view::{
        amounts::amount,
        calls::CallView,
        things::{self, UserLink, users},
        times::TimeView,
    },
    visitor::Visitor,
};
use api::monitor::{ListPaymentsResponse, Payment, PaymentKind, ThingKind};
use askama::Template;
use asked::{AskedList, AskedPayments};
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use http::StatusCode;
use money::text::shown;
use serde_json::json;
use tonic::{Code, Status};

const WATCH_PAYMENTS: &str = "largesse.monitor.v1.MonitorService/WatchPayments";

/// A purchase or a payout.
struct PaymentView {
    time: TimeView,
    kind: &'static str,
    href: String,
    id: String,
    user: Vec<UserLink>,
    amount: String,
    coins: String,
    state: String,
    class: &'static str,
    through: String,
    /// From which of the company's accounts to which; empty for what a user pays or gets.
    between: String,
}

/// The list, or why there is none.
#[derive(Default)]
struct PaymentList {
    /// What the monitor refused.
    failure: String,
    payments: Vec<PaymentView>,
    older: String,
    export: String,
}

#[derive(Template)]
#[template(path = "payments.html")]
struct PaymentsPage {
    frame: PageFrame,
    asked: AskedPayments,
    figures: FiguresPart,
    /// Nothing of users is shown before a person says why they look.
    needs_reason: bool,
    /// Where the stream for the script is.
    live: String,
    list: PaymentList,
}

pub(crate) async fn show(State(console): State<Console>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let mut frame = match PageFrame::load(&console, &visitor, "Payments", &filters).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    // With the ledger out of reach no book is known, and figures and list are the monitor's.
    let book = if frame.book.is_empty() { filters.get("book").to_owned() } else { frame.book.clone() };
    let Some(figures) = AskedFigures::read(&book, &filters) else {
        return failed(frame, StatusCode::BAD_REQUEST, "This can't be asked", "There is no such time for charts.");
    };
    let (asked, request) = match AskedList::read(&book, &filters) {
        Ok(read) => read,
        Err(why) => return failed(frame, StatusCode::BAD_REQUEST, "This can't be asked", &why),
    };
    let asked = AskedPayments { figures, list: asked };
    frame.keep("/payments", &asked.fields());
    let call = |rpc, message| CallView::new(&console.target, rpc, &message);
    frame.calls = vec![
        call(GET_FIGURES, asked.figures.message()),
        call(WATCH_PAYMENTS, json!({"book": book, "kinds": asked.figures.kinds(), "houseOnly": asked.list.is_house()})),
        call(LIST_PAYMENTS, asked.list.message(&request)),
    ];
    let figures = match asked.figures.load(&console, &visitor).await {
        Ok(figures) => figures,
        Err(status) => return refused(frame, &visitor, &status),
    };
    let needs_reason = !asked.list.is_covered(&console, &visitor);
    let list = match needs_reason {
        true => PaymentList::default(),
        false => match console.monitor_client().list_payments(visitor.request(request)).await {
            Ok(answer) => list(&asked, &answer.into_inner()),
            Err(status) if matches!(status.code(), Code::InvalidArgument | Code::Unauthenticated | Code::PermissionDenied) => {
                return refused(frame, &visitor, &status);
            }
            // Without it the rest of the page is still worth showing.
            Err(status) => unlisted(&status),
        },
    };
    if needs_reason {
        frame.reason = None;
    }
    let house = if asked.list.is_house() { HOUSE_ONLY } else { "" };
    let shown = [("book", &*book), ("posting", &asked.figures.posting), ("house", house), ("after", &figures.cursor)];
    let live = Filters::address("/payments/live", &shown);
    page(StatusCode::OK, &PaymentsPage { frame, asked, figures, needs_reason, live, list })
}

fn unlisted(status: &Status) -> PaymentList {
    PaymentList { failure: crate::answer::in_words(status), ..PaymentList::default() }
}

fn list(asked: &AskedPayments, answer: &ListPaymentsResponse) -> PaymentList {
    PaymentList {
        failure: String::new(),
        payments: answer.payments.iter().map(|found| payment(&asked.list.book, found)).collect(),
        older: if answer.next_page_token.is_empty() { String::new() } else { asked.address("/payments", &answer.next_page_token) },
        export: Filters::address("/payments.csv", &[[("book", &*asked.list.book)].as_slice(), &asked.list.fields()].concat()),
    }
}

/// The word of a kind.
pub(crate) fn kind(payment: &Payment) -> &'static str {
    match payment.kind() {
        PaymentKind::Purchase => "purchase",
        PaymentKind::Payout => "payout",
        PaymentKind::House => "house",
        PaymentKind::Unspecified => "payment",
    }
}

fn payment(book: &str, payment: &Payment) -> PaymentView {
    let thing = match payment.kind() {
        PaymentKind::Purchase => ThingKind::Purchase,
        PaymentKind::Payout => ThingKind::Payout,
        PaymentKind::House => ThingKind::Posting,
        PaymentKind::Unspecified => ThingKind::Unspecified,
    };
    PaymentView {
        time: TimeView::of(payment.time.as_ref()),
        kind: kind(payment),
        href: things::href(thing, &payment.payment_id, book),
        id: shown(&payment.payment_id).into_owned(),
        user: if payment.user_id.is_empty() { Vec::new() } else { users(std::slice::from_ref(&payment.user_id)) },
        amount: if payment.currency.is_empty() { "price not known".to_owned() } else { amount(&payment.currency, payment.minor_units) },
        coins: if payment.coins == 0 { String::new() } else { amount("COIN", payment.coins) },
        class: match payment.state.as_str() {
            "credited" | "settled" | "posted" => "good",
            "blocked" | "refused" | "rejected" | "returned" | "failed" => "bad",
            _ => "unknown",
        },
        state: shown(&payment.state).replace('_', " "),
        through: shown(&payment.through).into_owned(),
        between: match payment.debit_account.as_str() {
            "" => String::new(),
            debit => format!("{} to {}", shown(debit), shown(&payment.credit_account)),
        },
    }
}

#[cfg(test)]
mod tests {
    //! Unit tests of what is shown of payments.
    use super::*;
    use crate::pages::samples::{MARKUP, assert_text};

    #[test]
    fn markup_in_every_field_is_text() {
        let text = MARKUP.to_owned();
        let found = Payment {
            kind: PaymentKind::Payout.into(),
            payment_id: text.clone(),
            user_id: text.clone(),
            state: text.clone(),
            time: None,
            currency: text.clone(),
            minor_units: -1,
            coins: 1,
            through: text.clone(),
            debit_account: text.clone(),
            credit_account: text.clone(),
        };
        let query: String = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(["posting", "unit", "user", "state", "from", "until"].map(|name| (name, MARKUP)))
            .finish();
        let filters = Filters::read(query.as_bytes());
        assert!(AskedList::read("demo", &filters).is_err(), "no time");
        let only = Filters::read(format!("{}&account={MARKUP}", query.split("&from").next().unwrap()).as_bytes());
        assert!(AskedList::read("demo", &Filters::read(format!("amount_unit={MARKUP}").as_bytes())).is_err(), "no unit");
        let figures = AskedFigures::read("demo", &only).unwrap();
        let asked = AskedPayments { figures, list: AskedList::read("demo", &only).unwrap().0 };
        let shown = list(&asked, &ListPaymentsResponse { payments: vec![found], next_page_token: text });
        let (figures, live) = (FiguresPart { failure: MARKUP.to_owned(), ..FiguresPart::default() }, asked.address("/payments/live", ""));
        assert_text(&PaymentsPage { frame: PageFrame::bare("Payments", None), asked, figures, needs_reason: false, live, list: shown }, 11);
    }
}
