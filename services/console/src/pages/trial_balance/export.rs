//! The trial balance as a file.
use crate::{
    answer::without_frame,
    export::{self, ExportPage, ExportedList, ExportedView, csv::CsvCell},
    filters::Filters,
    frame::PageFrame,
    parts::Console,
    view::amounts::digits,
    visitor::Visitor,
};
use api::ledger::{GetTrialBalanceRequest, TrialBalanceLine, ledger_service_client::LedgerServiceClient};
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use rpc::MESSAGE_BYTES_MAX;
use tonic::Status;

struct ExportedSums(String);

/// The sums as the page shows them.
pub(crate) async fn export(State(console): State<Console>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let frame = match PageFrame::load(&console, &visitor, "Trial balance", &filters).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    let book = frame.book.clone();
    let fields = [("book", &*book)];
    let view = ExportedView { name: "trial-balance", path: "/trial-balance", fields: &fields, book: &book, moment: export::moment() };
    export::answer(console, visitor, frame, view, ExportedSums(book.clone())).await
}

impl ExportedList for ExportedSums {
    const COLUMNS: &'static [&'static str] =
        &["accounts", "unit", "number", "debits", "credits", "balance", "pending debits", "pending credits", "after event"];

    async fn page(&self, console: &Console, visitor: &Visitor, token: String) -> Result<ExportPage, Status> {
        let mut ledger = LedgerServiceClient::new(console.ledger.clone()).max_decoding_message_size(MESSAGE_BYTES_MAX);
        let request = GetTrialBalanceRequest { book: self.0.clone(), page_size: 0, page_token: token };
        let answer = ledger.get_trial_balance(visitor.request(request)).await?.into_inner();
        Ok(ExportPage {
            rows: answer.lines.iter().map(|line| row(line, answer.seq)).collect(),
            next: answer.next_page_token,
            seq: answer.seq,
        })
    }
}

fn row(line: &TrialBalanceLine, seq: i64) -> Vec<CsvCell> {
    let amount = |number| CsvCell::Amount { number, digits: digits(&line.unit) };
    let balance = line.credits_posted.checked_sub(line.debits_posted).map_or_else(|| CsvCell::text("too large"), amount);
    vec![
        CsvCell::text(&line.accounts),
        CsvCell::text(&line.unit),
        CsvCell::Number(line.count),
        amount(line.debits_posted),
        amount(line.credits_posted),
        balance,
        amount(line.debits_pending),
        amount(line.credits_pending),
        CsvCell::Number(seq),
    ]
}
