//! The treasury: physical bank accounts, each divided into virtual accounts; cases of reconciliation; closed days.
mod cases;
mod changes;

pub(crate) use changes::{assign, close};

use crate::{
    answer::{ask_reason, failed, page, refused, without_frame},
    filters::Filters,
    frame::{LIST_VIRTUAL_ACCOUNTS, PageFrame},
    parts::{Console, ConsoleParts},
    view::{
        amounts::{amount, count},
        badges::{ChoiceView, choice, choices, word_of},
        calls::{CallView, may},
    },
    visitor::Visitor,
};
use api::treasury::{ListCasesRequest, ListClosedDaysRequest, ListVirtualAccountsRequest, VirtualAccount, VirtualAccountKind};
use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use cases::{CaseView, DayView, LIST_CASES, LIST_CLOSED_DAYS, STATES, case, day, state};
use changes::{ASSIGN_CASE, CLOSE_DAY};
use http::StatusCode;
use identity::Role;
use money::text::shown;
use serde_json::json;
use tonic::Status;

/// Items of a page.
const ITEMS: i32 = 200;
/// Books that are tried where none is asked for; an installation has one for each app.
const BOOKS_TRIED_MAX: usize = 20;
/// What is shown, by the word in the address.
const PARTS: [&str; 3] = ["accounts", "cases", "closed_days"];

/// A physical or virtual account.
struct NodeView {
    id: String,
    name: String,
    /// Steps from the root, as a class.
    depth: String,
    kind: String,
    /// Whose money, and what may be done with it.
    what: String,
    state: String,
    balance: String,
    pending: String,
    /// The bank's cash, if it differs from what is below.
    differs: String,
    numbers: String,
    physical: bool,
}

/// What was asked for.
#[derive(Default)]
struct Listed {
    nodes: Vec<NodeView>,
    cases: Vec<CaseView>,
    days: Vec<DayView>,
    next: String,
    /// A part that needs an account, and none was named.
    needs_account: bool,
}

#[derive(Template)]
#[template(path = "treasury.html")]
struct TreasuryPage {
    frame: PageFrame,
    part: &'static str,
    parts: Vec<ChoiceView>,
    states: Vec<ChoiceView>,
    account: String,
    on: String,
    /// Whether the person may give cases to people, or close days.
    may_change: bool,
    found: Listed,
    more: String,
}

/// What the address asks for.
struct AskedTreasury {
    book: String,
    part: &'static str,
    account: String,
    on: String,
    state: &'static str,
    page: String,
}

pub(crate) async fn show(State(console): State<Console>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let mut frame = match PageFrame::load(&console, &visitor, "Treasury", &filters).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    let (Some(part), Some(state)) = (choice(&PARTS, filters.get("part")), choice(&STATES, filters.get("state"))) else {
        return failed(
            frame,
            StatusCode::BAD_REQUEST,
            "This can't be asked",
            "There is no such part of the treasury, or no such state of a case.",
        );
    };
    let field = |name: &str| filters.get(name).to_owned();
    let mut asked =
        AskedTreasury { book: frame.book.clone(), part, account: field("account"), on: field("on"), state, page: field("page") };
    frame.calls = vec![asked.call(&console)];
    if may(visitor.person.role, LIST_VIRTUAL_ACCOUNTS) && visitor.reason.is_none() {
        return ask_reason(frame);
    }
    let mut loaded = asked.load(&console, &visitor).await;
    // One of the books is the treasury's. Where none is asked for, it is the one that is meant.
    let others: Vec<String> = frame.books.iter().map(|link| link.label.clone()).filter(|book| *book != asked.book).collect();
    for book in others.into_iter().take(BOOKS_TRIED_MAX).filter(|_| filters.get("book").is_empty()) {
        if !is_other_book(&loaded) {
            break;
        }
        asked.book = book;
        loaded = asked.load(&console, &visitor).await;
    }
    match loaded {
        Ok(found) => {
            frame.turn_to(&asked.book);
            frame.calls = vec![asked.call(&console)];
            page(StatusCode::OK, &asked.page(frame, visitor.person.role, found))
        }
        loaded if is_other_book(&loaded) => {
            let why =
                "The treasury keeps a book of its own, and this is another one. Choose the treasury's book above, if your login covers it.";
            failed(frame, StatusCode::NOT_FOUND, "Not the treasury's book", why)
        }
        Err(status) => refused(frame, &visitor, &status),
    }
}

/// Whether the treasury said that the book is not its own.
fn is_other_book(loaded: &Result<Listed, Status>) -> bool {
    loaded.as_ref().err().is_some_and(|status| rpc::reason(status).as_deref() == Some("BOOK_UNKNOWN"))
}

impl AskedTreasury {
    fn call(&self, console: &ConsoleParts) -> CallView {
        let (book, account) = (&self.book, &self.account);
        let (rpc, mut message) = match self.part {
            "cases" => (LIST_CASES, json!({"book": book, "physicalAccount": account, "pageSize": ITEMS})),
            "closed_days" => (LIST_CLOSED_DAYS, json!({"book": book, "physicalAccount": account, "pageSize": ITEMS})),
            _ => (LIST_VIRTUAL_ACCOUNTS, json!({"book": book, "physicalAccount": account, "onDate": self.on, "pageSize": ITEMS})),
        };
        if self.part == "cases" && self.state != STATES[0] {
            message["state"] = json!(state(self.state).as_str_name());
        }
        CallView::new(&console.target, rpc, &message)
    }

    async fn load(&self, console: &ConsoleParts, visitor: &Visitor) -> Result<Listed, Status> {
        let mut treasury = console.more.treasury_client()?;
        let (book, physical_account, page_token) = (self.book.clone(), self.account.clone(), self.page.clone());
        match self.part {
            "cases" => {
                let request = ListCasesRequest { book, physical_account, state: state(self.state).into(), page_size: ITEMS, page_token };
                let answer = treasury.list_cases(visitor.request(request)).await?.into_inner();
                let cases = answer.cases.iter().map(|found| case(&self.book, found)).collect();
                Ok(Listed { cases, next: answer.next_page_token, ..Listed::default() })
            }
            "closed_days" if physical_account.is_empty() => Ok(Listed { needs_account: true, ..Listed::default() }),
            "closed_days" => {
                let request = ListClosedDaysRequest { book, physical_account, page_size: ITEMS, page_token, ..Default::default() };
                let answer = treasury.list_closed_days(visitor.request(request)).await?.into_inner();
                Ok(Listed { days: answer.days.iter().map(day).collect(), next: answer.next_page_token, ..Listed::default() })
            }
            _ => {
                let on_date = self.on.clone();
                let request = ListVirtualAccountsRequest { book, physical_account, on_date, page_size: ITEMS, page_token };
                let answer = treasury.list_virtual_accounts(visitor.request(request)).await?.into_inner();
                Ok(Listed { nodes: answer.virtual_accounts.iter().map(node).collect(), next: answer.next_page_token, ..Listed::default() })
            }
        }
    }

    fn page(&self, frame: PageFrame, role: Role, found: Listed) -> TreasuryPage {
        let fields = [
            ("book", &*self.book),
            ("part", self.part),
            ("account", &self.account),
            ("on", &self.on),
            ("state", self.state),
            ("page", &found.next),
        ];
        TreasuryPage {
            part: self.part,
            parts: choices(&PARTS, self.part),
            states: choices(&STATES, self.state),
            account: self.account.clone(),
            on: self.on.clone(),
            may_change: match self.part {
                "cases" => may(role, ASSIGN_CASE),
                "closed_days" => may(role, CLOSE_DAY) && !self.account.is_empty(),
                _ => false,
            },
            more: if found.next.is_empty() { String::new() } else { Filters::address("/treasury", &fields) },
            found,
            frame,
        }
    }
}

fn node(account: &VirtualAccount) -> NodeView {
    let text = |text: &str| shown(text).into_owned();
    let money = |number: i64| amount(&account.currency_code, number);
    let balance = account.balance.unwrap_or_default();
    let physical = account.kind() == VirtualAccountKind::Physical;
    let funds = match word_of(account.funds_class().as_str_name(), "FUNDS_CLASS_").as_str() {
        "own" => "the company's own",
        "client" => "other people's",
        "blocked" => "blocked by law",
        _ => "",
    };
    let mut what: Vec<String> = [funds.to_owned(), text(&account.entity), text(&account.level)].into();
    what.extend(account.uses.iter().map(|name| text(name).replace('_', " ")));
    what.extend(account.claims.iter().map(|book| format!("covers {}", shown(book))));
    what.retain(|part| !part.is_empty());
    let held = |sign: &str, number: i64| if number == 0 { None } else { Some(format!("{sign}{}", money(number))) };
    let pending: Vec<String> =
        [held("-", balance.pending_debit_minor_units), held("+", balance.pending_credit_minor_units)].into_iter().flatten().collect();
    let left_out = i64::from(account.number_count).saturating_sub(i64::try_from(account.numbers.len()).unwrap_or(0));
    let more = if left_out > 0 { format!(" and {} more", count(left_out)) } else { String::new() };
    let state = word_of(account.state().as_str_name(), "LEAF_STATE_").replace('_', " ");
    NodeView {
        id: text(&account.id),
        name: text(&account.name),
        depth: format!("depth-{}", account.depth.clamp(0, 8)),
        kind: word_of(account.kind().as_str_name(), "VIRTUAL_ACCOUNT_KIND_"),
        what: what.join(", "),
        state: if state == "unspecified" { String::new() } else { state },
        balance: money(balance.booked_minor_units),
        pending: pending.join(" "),
        differs: if physical && balance.cash_minor_units != balance.booked_minor_units {
            money(balance.cash_minor_units)
        } else {
            String::new()
        },
        numbers: account.numbers.iter().map(|number| accounts_end(number)).collect::<Vec<_>>().join(", ") + &more,
        physical,
    }
}

/// A number of an account with all but its end hidden.
fn accounts_end(number: &str) -> String {
    let chars: Vec<char> = shown(number).chars().collect();
    let from = chars.len().saturating_sub(4.min(chars.len() / 2));
    format!("…{}", chars[from..].iter().collect::<String>())
}

#[cfg(test)]
mod tests;
