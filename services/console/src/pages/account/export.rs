//! The statement of an account as a file.
use super::AskedAccount;
use crate::{
    answer::{ask_reason, failed, refused, without_frame},
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
use api::ledger::{Entry, ListEntriesRequest, ledger_service_client::LedgerServiceClient};
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use http::StatusCode;
use rpc::ANSWER_BYTES_MAX;
use tonic::Status;

struct ExportedStatement(ListEntriesRequest);

/// The statement as the page shows it with the same filters.
pub(crate) async fn export(State(console): State<Console>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let mut frame = match PageFrame::load(&console, &visitor, "Accounts", &filters).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    let asked = AskedAccount::read(&frame.book, &filters);
    if asked.account.is_empty() {
        return failed(frame, StatusCode::BAD_REQUEST, "This can't be exported", "An export is of an account.");
    }
    if !asked.is_covered(&console, &visitor) {
        frame.reason = None;
        return ask_reason(frame);
    }
    let mut request = match asked.entries() {
        Ok(request) => ListEntriesRequest { page_size: PAGE_ROWS, page_token: String::new(), ..request },
        Err(status) => return refused(frame, &visitor, &status),
    };
    let moment = export::moment();
    request.booked_until = Some(no_later(request.booked_until.as_ref(), moment));
    let fields = asked.fields();
    let view = ExportedView { name: "statement", path: "/accounts", fields: &fields, book: &asked.book, moment };
    export::answer(console, visitor, frame, view, ExportedStatement(request)).await
}

impl ExportedList for ExportedStatement {
    const COLUMNS: &'static [&'static str] =
        &["booked", "effective", "kind", "other account", "debit", "credit", "balance after", "unit", "pending", "event", "posting"];

    async fn page(&self, console: &Console, visitor: &Visitor, token: String) -> Result<ExportPage, Status> {
        let mut ledger = LedgerServiceClient::new(console.ledger.clone()).max_decoding_message_size(ANSWER_BYTES_MAX);
        let answer = ledger.list_entries(visitor.request(ListEntriesRequest { page_token: token, ..self.0.clone() })).await?.into_inner();
        let rows = answer.entries.iter().map(|entry| row(&self.0.account, entry)).collect();
        // The newest is the first.
        Ok(ExportPage { rows, next: answer.next_page_token, seq: answer.entries.first().map_or(0, |entry| entry.seq) })
    }
}

fn row(account: &str, entry: &Entry) -> Vec<CsvCell> {
    let transfer = entry.transfer.clone().unwrap_or_default();
    let is_debit = transfer.debit_account == account;
    let amount = |number| CsvCell::Amount { number, digits: digits(&transfer.unit) };
    let (moved, none) = (amount(transfer.amount), CsvCell::text(""));
    let (debit, credit) = if is_debit { (moved, none) } else { (none, moved) };
    let time = |view: TimeView| CsvCell::Text(view.exact);
    vec![
        time(TimeView::of(entry.commit_time.as_ref())),
        time(TimeView::of(entry.effective_time.as_ref())),
        CsvCell::text(&entry.kind),
        CsvCell::text(if is_debit { &transfer.credit_account } else { &transfer.debit_account }),
        debit,
        credit,
        amount(entry.balance_after),
        CsvCell::text(&transfer.unit),
        CsvCell::text(if transfer.pending { "yes" } else { "no" }),
        CsvCell::Number(entry.seq),
        CsvCell::text(&entry.posting_id),
    ]
}
