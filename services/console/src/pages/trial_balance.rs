//! The trial balance of a book: the sums of all accounts by form and unit, which must be equal on both sides.
mod export;

pub(crate) use export::export;

use crate::{
    answer::{page, refused, without_frame},
    filters::Filters,
    frame::{PageFrame, TRIAL_BALANCE},
    parts::Console,
    view::{
        amounts::{amount, count},
        calls::CallView,
    },
    visitor::Visitor,
};
use api::ledger::{GetTrialBalanceRequest, TrialBalanceLine, ledger_service_client::LedgerServiceClient};
use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use http::StatusCode;
use rpc::MESSAGE_BYTES_MAX;
use serde_json::json;

/// A form of accounts.
struct SumView {
    accounts: String,
    /// The statement, if it is one account.
    href: String,
    count: String,
    debits: String,
    credits: String,
    balance: String,
    pending: String,
}

/// All accounts of a unit.
struct UnitView {
    unit: String,
    sums: Vec<SumView>,
    debits: String,
    credits: String,
    balanced: bool,
}

#[derive(Template)]
#[template(path = "trial_balance.html")]
struct TrialBalancePage {
    frame: PageFrame,
    units: Vec<UnitView>,
    seq: String,
    /// The sums as a file.
    export: String,
    more: String,
}

pub(crate) async fn show(State(console): State<Console>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let mut frame = match PageFrame::load(&console, &visitor, "Trial balance", &filters).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    frame.calls = vec![CallView::new(&console.target, TRIAL_BALANCE, &json!({"book": frame.book}))];
    let request = GetTrialBalanceRequest { book: frame.book.clone(), page_size: 0, page_token: filters.get("page").to_owned() };
    let mut ledger = LedgerServiceClient::new(console.ledger.clone()).max_decoding_message_size(MESSAGE_BYTES_MAX);
    let answer = match ledger.get_trial_balance(visitor.request(request)).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => return refused(frame, &visitor, &status),
    };
    let more = match answer.next_page_token.is_empty() {
        true => String::new(),
        false => Filters::address("/trial-balance", &[("book", &frame.book), ("page", &answer.next_page_token)]),
    };
    let units = units(&frame.book, &answer.lines);
    let export = Filters::address("/trial-balance.csv", &[("book", &frame.book)]);
    page(StatusCode::OK, &TrialBalancePage { frame, units, export, seq: count(answer.seq), more })
}

/// The lines by unit, in the ledger's order.
fn units(book: &str, lines: &[TrialBalanceLine]) -> Vec<UnitView> {
    let of_unit = |lines: &[TrialBalanceLine]| {
        let unit = lines.first().map(|line| line.unit.clone()).unwrap_or_default();
        // Sums of a book fit, or the ledger would have refused a posting; a sum that does not is no sum.
        let sum = |of: fn(&TrialBalanceLine) -> i64| lines.iter().try_fold(0_i64, |sum, line| sum.checked_add(of(line)));
        let (debits, credits) = (sum(|line| line.debits_posted), sum(|line| line.credits_posted));
        let shown = |sum: Option<i64>| sum.map_or_else(|| "too large".to_owned(), |sum| amount(&unit, sum));
        UnitView {
            sums: lines.iter().map(|line| sum_view(book, line)).collect(),
            debits: shown(debits),
            credits: shown(credits),
            balanced: debits.is_some() && debits == credits,
            unit,
        }
    };
    lines.chunk_by(|one, other| one.unit == other.unit).map(of_unit).collect()
}

fn sum_view(book: &str, line: &TrialBalanceLine) -> SumView {
    let single = !line.accounts.contains('*');
    let pending = line.debits_pending.saturating_add(line.credits_pending);
    SumView {
        href: if single { Filters::address("/accounts", &[("book", book), ("account", &line.accounts)]) } else { String::new() },
        accounts: line.accounts.clone(),
        count: count(line.count),
        debits: amount(&line.unit, line.debits_posted),
        credits: amount(&line.unit, line.credits_posted),
        balance: line.credits_posted.checked_sub(line.debits_posted).map_or_else(|| "too large".to_owned(), |sum| amount(&line.unit, sum)),
        pending: if pending == 0 { String::new() } else { amount(&line.unit, pending) },
    }
}
