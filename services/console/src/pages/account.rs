//! One account: its balances, now and at a moment, and its statement with the balance after every entry.
mod export;

pub(crate) use export::export;

use super::holdings::{limit_words, state};
use crate::{
    answer::{ask_reason, page, refused, without_frame},
    filters::Filters,
    frame::{LIST_ENTRIES, PageFrame},
    parts::Console,
    view::{
        amounts::{amount, count},
        badges::BadgeView,
        calls::CallView,
        things,
        times::{self, TimeView},
    },
    visitor::Visitor,
};
use api::{
    ledger::{
        Account, Entry, GetAccountRequest, GetBalanceAtRequest, GetBalanceAtResponse, ListEntriesRequest,
        ledger_service_client::LedgerServiceClient,
    },
    monitor::ThingKind,
};
use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use http::StatusCode;
use rpc::{ANSWER_BYTES_MAX, wire::timestamp};
use serde_json::{Value, json};
use tonic::Status;

const GET_ACCOUNT: &str = "largesse.ledger.v1.LedgerService/GetAccount";
const GET_BALANCE_AT: &str = "largesse.ledger.v1.LedgerService/GetBalanceAt";
/// Entries of a page.
const ENTRIES: i32 = 50;

/// An entry as its account sees it.
struct EntryView {
    booked: TimeView,
    kind: String,
    counterparty: String,
    href: String,
    debit: String,
    credit: String,
    after: String,
    pending: bool,
    seq: String,
    posting: String,
    /// The case of its posting.
    case: String,
    /// The statement as of its moment.
    then: String,
}

/// An account's balances.
struct AccountView {
    state: BadgeView,
    balance: String,
    available: String,
    held: String,
    limits: String,
    /// As of the moment that was asked for.
    at: String,
    held_at: String,
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    frame: PageFrame,
    /// The statement as a file.
    export: String,
    account: String,
    from: String,
    until: String,
    at: String,
    /// The page of its owner: its name and its address.
    owner: Option<(&'static str, String)>,
    /// The statement as it is now, if it is as of a moment.
    now: String,
    found: Option<AccountView>,
    entries: Vec<EntryView>,
    older: String,
}

/// What the address asks for.
#[derive(Clone)]
struct AskedAccount {
    book: String,
    account: String,
    from: String,
    until: String,
    at: String,
    page: String,
}

pub(crate) async fn show(State(console): State<Console>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let mut frame = match PageFrame::load(&console, &visitor, "Accounts", &filters).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    let asked = AskedAccount::read(&frame.book, &filters);
    let call = |rpc, message: Value| CallView::new(&console.target, rpc, &message);
    frame.calls = vec![
        call(GET_ACCOUNT, json!({"book": asked.book, "account": asked.account})),
        call(LIST_ENTRIES, json!({"book": asked.book, "account": asked.account, "pageSize": ENTRIES})),
    ];
    if !asked.at.is_empty() {
        frame.calls.push(call(GET_BALANCE_AT, json!({"book": asked.book, "account": asked.account, "time": asked.at})));
    }
    if asked.account.is_empty() {
        return page(StatusCode::OK, &asked.page(frame, None, Vec::new(), String::new()));
    }
    if !asked.is_covered(&console, &visitor) {
        frame.reason = None;
        return ask_reason(frame);
    }
    match load(&console, &visitor, &asked).await {
        Ok((found, entries, older)) => page(StatusCode::OK, &asked.page(frame, Some(found), entries, older)),
        Err(status) => refused(frame, &visitor, &status),
    }
}

impl AskedAccount {
    fn read(book: &str, filters: &Filters) -> Self {
        let field = |name: &str| filters.get(name).to_owned();
        let (account, from, until, at, page) = (field("account"), field("from"), field("until"), field("at"), field("page"));
        Self { book: book.to_owned(), account, from, until, at, page }
    }

    /// Whether a reason was given that is for this: it is for one user, and for the company's accounts besides.
    fn is_covered(&self, console: &Console, visitor: &Visitor) -> bool {
        let owner: Vec<&str> = chart::account::owner(&self.account).into_iter().collect();
        visitor.reason.is_some() && console.sessions.covers(&visitor.secret, &owner)
    }

    /// The call for the entries. A statement as of a moment has none after it.
    fn entries(&self) -> Result<ListEntriesRequest, Status> {
        let then = moment("as of", &self.at)?.map(times::just_after);
        let until = [moment("until", &self.until)?, then].into_iter().flatten().min();
        Ok(ListEntriesRequest {
            book: self.book.clone(),
            account: self.account.clone(),
            page_size: ENTRIES,
            page_token: self.page.clone(),
            booked_from: moment("from", &self.from)?.map(timestamp),
            booked_until: until.map(timestamp),
            ..Default::default()
        })
    }

    fn fields(&self) -> [(&'static str, &str); 5] {
        [("book", &self.book), ("account", &self.account), ("from", &self.from), ("until", &self.until), ("at", &self.at)]
    }

    fn page(self, frame: PageFrame, found: Option<AccountView>, entries: Vec<EntryView>, older: String) -> AccountPage {
        let export = if found.is_some() { Filters::address("/accounts.csv", &self.fields()) } else { String::new() };
        let owner = things::owner_page(&self.account, &self.book);
        let now = if self.at.is_empty() { String::new() } else { Self { at: String::new(), ..self.clone() }.address("") };
        let Self { account, from, until, at, .. } = self;
        AccountPage { frame, export, account, from, until, at, owner, now, found, entries, older }
    }

    /// The same statement as of a moment.
    fn as_of(&self, moment: &str) -> String {
        Self { at: moment.to_owned(), page: String::new(), ..self.clone() }.address("")
    }

    /// The same statement from another page on.
    fn address(&self, page: &str) -> String {
        Filters::address("/accounts", &[self.fields().as_slice(), &[("page", page)]].concat())
    }
}

/// A time in a field; nothing for an empty one.
fn moment(name: &str, text: &str) -> Result<Option<jiff::Timestamp>, Status> {
    match (text.is_empty(), times::read(text)) {
        (true, _) => Ok(None),
        (false, Some(moment)) => Ok(Some(moment)),
        (false, None) => Err(Status::invalid_argument(format!("{name}: a date or a time in UTC is needed, such as 2026-11-20 23:51"))),
    }
}

async fn load(console: &Console, visitor: &Visitor, asked: &AskedAccount) -> Result<(AccountView, Vec<EntryView>, String), Status> {
    let (book, account) = (asked.book.clone(), asked.account.clone());
    let (request, at) = (asked.entries()?, moment("as of", &asked.at)?);
    let mut ledger = LedgerServiceClient::new(console.ledger.clone()).max_decoding_message_size(ANSWER_BYTES_MAX);
    let found = ledger.get_account(visitor.request(GetAccountRequest { book: book.clone(), account: account.clone() })).await?;
    let found = found.into_inner().account.unwrap_or_default();
    let then = match at {
        None => None,
        Some(moment) => {
            let request = GetBalanceAtRequest { book, account, time: Some(timestamp(moment)) };
            Some(ledger.get_balance_at(visitor.request(request)).await?.into_inner())
        }
    };
    let listed = ledger.list_entries(visitor.request(request)).await?.into_inner();
    let entries = listed.entries.iter().map(|entry| entry_view(asked, entry)).collect();
    let older = if listed.next_page_token.is_empty() { String::new() } else { asked.address(&listed.next_page_token) };
    Ok((account_view(&found, then.as_ref()), entries, older))
}

fn account_view(account: &Account, then: Option<&GetBalanceAtResponse>) -> AccountView {
    let shown = |number: i64| amount(&account.unit, number);
    AccountView {
        state: state(account.state()),
        balance: shown(account.balance),
        available: shown(account.available),
        held: shown(account.debits_pending),
        limits: account.limits.iter().map(|limit| limit_words(&account.unit, limit)).collect::<Vec<_>>().join("; "),
        at: then.map(|then| shown(then.balance)).unwrap_or_default(),
        held_at: then.map(|then| shown(then.debits_pending)).unwrap_or_default(),
    }
}

fn entry_view(asked: &AskedAccount, entry: &Entry) -> EntryView {
    let transfer = entry.transfer.clone().unwrap_or_default();
    let is_debit = transfer.debit_account == asked.account;
    let shown = amount(&transfer.unit, transfer.amount);
    let counterparty = if is_debit { transfer.credit_account } else { transfer.debit_account };
    let booked = TimeView::of(entry.commit_time.as_ref());
    EntryView {
        case: things::href(ThingKind::Posting, &entry.posting_id, &asked.book),
        then: asked.as_of(&booked.exact),
        booked,
        kind: entry.kind.clone(),
        href: Filters::address("/accounts", &[("book", &asked.book), ("account", &counterparty)]),
        counterparty,
        debit: if is_debit { shown.clone() } else { String::new() },
        credit: if is_debit { String::new() } else { shown },
        after: amount(&transfer.unit, entry.balance_after),
        pending: transfer.pending,
        seq: count(entry.seq),
        posting: entry.posting_id.clone(),
    }
}
