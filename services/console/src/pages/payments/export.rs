//! The list of purchases and payouts as a file.
use super::{asked::AskedList, kind};
use crate::{
    answer::{ask_reason, failed, without_frame},
    export::{self, ExportPage, ExportedList, ExportedView, PAGE_ROWS, csv::CsvCell},
    filters::Filters,
    frame::PageFrame,
    parts::Console,
    view::{
        amounts::digits,
        times::{TimeView, no_later},
    },
    visitor::Visitor,
};
use api::monitor::{ListPaymentsRequest, Payment};
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use http::StatusCode;
use tonic::Status;

struct ExportedPayments(ListPaymentsRequest);

/// The list as the page shows it with the same filters.
pub(crate) async fn export(State(console): State<Console>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let mut frame = match PageFrame::load(&console, &visitor, "Payments", &filters).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    let (asked, request) = match AskedList::read(&frame.book, &filters) {
        Ok(read) => read,
        Err(why) => return failed(frame, StatusCode::BAD_REQUEST, "This can't be exported", &why),
    };
    if !asked.is_covered(&console, &visitor) {
        frame.reason = None;
        return ask_reason(frame);
    }
    let mut request = ListPaymentsRequest { page_size: PAGE_ROWS, page_token: String::new(), ..request };
    let moment = export::moment();
    request.to = Some(no_later(request.to.as_ref(), moment));
    let book = [("book", &*asked.book)];
    let fields = [book.as_slice(), &asked.fields()].concat();
    let view = ExportedView { name: "payments", path: "/payments", fields: &fields, book: &asked.book, moment };
    export::answer(console, visitor, frame, view, ExportedPayments(request)).await
}

impl ExportedList for ExportedPayments {
    const COLUMNS: &'static [&'static str] =
        &["asked for", "what", "id", "user", "amount", "currency", "coins", "state", "through", "from account", "to account"];

    async fn page(&self, console: &Console, visitor: &Visitor, token: String) -> Result<ExportPage, Status> {
        let request = ListPaymentsRequest { page_token: token, ..self.0.clone() };
        let answer = console.monitor_client().list_payments(visitor.request(request)).await?.into_inner();
        Ok(ExportPage { rows: answer.payments.iter().map(row).collect(), next: answer.next_page_token, seq: 0 })
    }
}

fn row(payment: &Payment) -> Vec<CsvCell> {
    let priced = !payment.currency.is_empty();
    let amount = CsvCell::Amount { number: payment.minor_units, digits: digits(&payment.currency) };
    vec![
        CsvCell::Text(TimeView::of(payment.time.as_ref()).exact),
        CsvCell::text(kind(payment)),
        CsvCell::text(&payment.payment_id),
        CsvCell::text(&payment.user_id),
        if priced { amount } else { CsvCell::text("") },
        CsvCell::text(&payment.currency),
        CsvCell::Number(payment.coins),
        CsvCell::text(&payment.state),
        CsvCell::text(&payment.through),
        CsvCell::text(&payment.debit_account),
        CsvCell::text(&payment.credit_account),
    ]
}
