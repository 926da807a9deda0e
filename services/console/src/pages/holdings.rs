//! A user's accounts as the pages of wallets and creators show them: balances, state and limits, now and at a moment, and the newest entries.
//!
//! A page has several parts from several services. One that gives no answer says so in its part; only a session that has ended is the page's.
use crate::{
    answer::in_words,
    filters::Filters,
    frame::LIST_ACTS,
    parts::{Console, ConsoleParts},
    view::{
        amounts::{amount, count},
        badges::{BadgeView, word_of},
        calls::{CallView, may},
        things,
        times::{self, TimeView},
    },
    visitor::Visitor,
};
use api::{
    ledger::{
        Account, AccountState, DebitLimit, Entry, GetAccountRequest, GetBalanceAtRequest, ListEntriesRequest,
        ledger_service_client::LedgerServiceClient,
    },
    monitor::ThingKind,
};
use identity::Role;
use money::{UserKey, text::shown};
use rpc::{ANSWER_BYTES_MAX, Transport, wire::timestamp};
use serde_json::json;
use tonic::{Code, Status};

pub(super) const GET_ACCOUNT: &str = "largesse.ledger.v1.LedgerService/GetAccount";
/// Entries, purchases and the like of a part.
pub(super) const NEWEST: i32 = 10;
/// How often a part is read at most: a read of one kind of entries examines so many, and may give fewer than there are, or none.
const READS_MAX: usize = 5;

/// Whose money an address asks for, and as of when.
pub(super) struct AskedHolder {
    pub(super) book: String,
    /// Nobody yet: the page asks for one.
    pub(super) user: Option<UserKey>,
    /// The moment as the person wrote it; empty: now.
    pub(super) at: String,
    moment: Option<jiff::Timestamp>,
}

/// Rows of a part, or why there are none.
pub(super) struct PagePart<T> {
    pub(super) rows: Vec<T>,
    /// Why it has no answer; empty: it has one.
    pub(super) failure: String,
    /// Where all of them are; empty: these are all.
    pub(super) all: String,
    /// Whether there may be rows among what was not read.
    pub(super) unread: bool,
}

/// An account of the user.
#[derive(Default)]
pub(super) struct HeldView {
    pub(super) account: String,
    /// Its statement; empty if there is no such account yet.
    pub(super) href: String,
    pub(super) balance: String,
    pub(super) available: String,
    pub(super) held: String,
    pub(super) state: Option<BadgeView>,
    pub(super) limits: String,
    /// Its balance at the moment.
    pub(super) then: String,
    /// Why it is not shown.
    pub(super) failure: String,
}

/// An entry of one of them.
pub(super) struct MovedView {
    pub(super) time: TimeView,
    pub(super) kind: String,
    /// The case of its posting.
    pub(super) href: String,
    pub(super) counterparty: String,
    pub(super) amount: String,
    pub(super) after: String,
    pub(super) pending: bool,
}

/// A page about the same user.
pub(super) struct RelatedView {
    pub(super) label: &'static str,
    pub(super) href: String,
}

impl AskedHolder {
    /// Fails for what is no user or no time.
    pub(super) fn read(book: &str, filters: &Filters) -> Result<Self, &'static str> {
        let (id, at) = (filters.get("id"), filters.get("at"));
        let user = UserKey::try_new(id).ok();
        if user.is_none() && !id.is_empty() {
            return Err("No user has such an id.");
        }
        let moment = times::read(at);
        if moment.is_none() && !at.is_empty() {
            return Err("as of: a date or a time in UTC is needed, such as 2026-11-20 23:51");
        }
        Ok(Self { book: book.to_owned(), user, at: at.to_owned(), moment })
    }

    /// The user's id; empty for nobody.
    pub(super) fn id(&self) -> &str {
        self.user.as_ref().map_or("", UserKey::as_str)
    }

    /// Whether a reason was given that is for this user.
    pub(super) fn is_covered(&self, console: &Console, visitor: &Visitor) -> bool {
        visitor.reason.is_some() && console.sessions.covers(&visitor.secret, &[self.id()])
    }

    /// The call of an RPC about this user.
    pub(super) fn call(&self, console: &Console, rpc: &'static str) -> CallView {
        CallView::new(&console.target, rpc, &json!({"book": self.book, "userId": self.id()}))
    }

    /// The call of an RPC about one account.
    pub(super) fn call_of(&self, console: &Console, rpc: &'static str, account: &chart::Account<'_>) -> CallView {
        CallView::new(&console.target, rpc, &json!({"book": self.book, "account": account.name()}))
    }

    /// The other pages about the user that a role may see; `own` is this one.
    pub(super) fn related(&self, role: Role, own: &str) -> Vec<RelatedView> {
        let (book, id) = (&*self.book, self.id());
        let mut all = vec![RelatedView { label: "All that happened", href: Filters::address("/user", &[("id", id), ("book", book)]) }];
        let pages = things::owner_pages(id, book).into_iter().filter(|(path, ..)| *path != own);
        all.extend(pages.map(|(_, label, href)| RelatedView { label, href }));
        let payments = Filters::address("/payments", &[("book", book), ("user", id)]);
        all.push(RelatedView { label: "Purchases and payouts", href: payments });
        if may(role, LIST_ACTS) {
            all.push(RelatedView { label: "What staff did", href: Filters::address("/acts", &[("user", id)]) });
        }
        all
    }

    /// The address of an account's statement, as of the same moment.
    fn statement(&self, account: &str) -> String {
        Filters::address("/accounts", &[("book", &self.book), ("account", account), ("at", &self.at)])
    }
}

impl<T> PagePart<T> {
    /// These rows and no others.
    fn of(rows: Vec<T>) -> Self {
        Self { rows, failure: String::new(), all: String::new(), unread: false }
    }
}

/// A part with these rows, or without an answer. What is not there yet has no rows.
pub(super) fn part<T>(found: Result<Vec<T>, Status>, all: String) -> Result<PagePart<T>, Status> {
    match found {
        Ok(rows) => Ok(PagePart { all, ..PagePart::of(rows) }),
        Err(status) if status.code() == Code::Unauthenticated => Err(status),
        Err(status) if status.code() == Code::NotFound && !is_about("BOOK_UNKNOWN", &status) => Ok(PagePart::of(Vec::new())),
        Err(status) => Ok(PagePart { failure: in_words(&status), ..PagePart::of(Vec::new()) }),
    }
}

/// Whether a service refused because it knows nothing of the user that staff asked about.
pub(super) fn is_user_unknown(status: &Status) -> bool {
    is_about("USER_UNKNOWN", status)
}

/// Whether a service refused for this reason.
fn is_about(reason: &str, status: &Status) -> bool {
    rpc::reason(status).as_deref() == Some(reason)
}

fn ledger(console: &ConsoleParts) -> LedgerServiceClient<Transport> {
    LedgerServiceClient::new(console.ledger.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
}

/// An account as it is now, and at the moment that is asked for.
pub(super) async fn held(
    console: &ConsoleParts,
    visitor: &Visitor,
    asked: &AskedHolder,
    account: &chart::Account<'_>,
) -> Result<HeldView, Status> {
    let (name, unit) = (account.name(), account.unit().to_string());
    let request = GetAccountRequest { book: asked.book.clone(), account: name.clone() };
    let found = match ledger(console).get_account(visitor.request(request)).await {
        Ok(answer) => answer.into_inner().account.unwrap_or_default(),
        Err(status) if status.code() == Code::Unauthenticated => return Err(status),
        Err(status) if is_about("ACCOUNT_UNKNOWN", &status) => return Ok(HeldView { account: name, ..HeldView::default() }),
        Err(status) => return Ok(HeldView { account: name, failure: in_words(&status), ..HeldView::default() }),
    };
    let then = match asked.moment {
        None => String::new(),
        Some(moment) => {
            let request = GetBalanceAtRequest { book: asked.book.clone(), account: name, time: Some(timestamp(moment)) };
            match ledger(console).get_balance_at(visitor.request(request)).await {
                Ok(answer) => amount(&unit, answer.into_inner().balance),
                Err(status) if status.code() == Code::Unauthenticated => return Err(status),
                Err(status) => in_words(&status),
            }
        }
    };
    Ok(held_view(asked, &found, then))
}

pub(super) fn held_view(asked: &AskedHolder, account: &Account, then: String) -> HeldView {
    let unit = &account.unit;
    HeldView {
        href: asked.statement(&account.account),
        balance: amount(unit, account.balance),
        available: amount(unit, account.available),
        held: amount(unit, account.debits_pending),
        state: Some(state(account.state())),
        limits: account.limits.iter().map(|limit| limit_words(unit, limit)).collect::<Vec<_>>().join("; "),
        account: shown(&account.account).into_owned(),
        then,
        failure: String::new(),
    }
}

/// What an account allows.
pub(super) fn state(state: AccountState) -> BadgeView {
    let class = match state {
        AccountState::Open => "good",
        AccountState::Frozen | AccountState::Closed => "bad",
        AccountState::Unspecified => "unknown",
    };
    let word = word_of(state.as_str_name(), "ACCOUNT_STATE_");
    BadgeView { class, word: if state == AccountState::Unspecified { "unknown".to_owned() } else { word } }
}

/// A debit limit in a few words.
pub(super) fn limit_words(unit: &str, limit: &DebitLimit) -> String {
    let window = word_of(limit.window().as_str_name(), "LIMIT_WINDOW_");
    format!("at most {} in a {window} of {}", amount(unit, limit.max_amount), shown(&limit.time_zone))
}

/// The newest entries of an account up to the moment, of one kind or all.
pub(super) async fn newest(
    console: &ConsoleParts,
    visitor: &Visitor,
    asked: &AskedHolder,
    account: &chart::Account<'_>,
    kind: &str,
) -> Result<PagePart<MovedView>, Status> {
    let name = account.name();
    let mut request = ListEntriesRequest {
        book: asked.book.clone(),
        account: name.clone(),
        page_size: NEWEST,
        kind: kind.to_owned(),
        booked_until: asked.moment.map(|moment| timestamp(times::just_after(moment))),
        ..ListEntriesRequest::default()
    };
    let rows_max = usize::try_from(NEWEST).unwrap_or_default();
    let mut rows = Vec::new();
    for _ in 0..READS_MAX {
        let answer = match ledger(console).list_entries(visitor.request(request.clone())).await {
            Ok(answer) => answer.into_inner(),
            Err(status) => return part(Err(status), String::new()),
        };
        rows.extend(answer.entries.iter().map(|entry| moved(&asked.book, &name, entry)));
        request.page_token = answer.next_page_token;
        if rows.len() >= rows_max || request.page_token.is_empty() {
            break;
        }
    }
    rows.truncate(rows_max);
    let unread = !request.page_token.is_empty();
    Ok(PagePart { all: asked.statement(&name), unread, ..PagePart::of(rows) })
}

pub(super) fn moved(book: &str, account: &str, entry: &Entry) -> MovedView {
    let transfer = entry.transfer.clone().unwrap_or_default();
    let is_debit = transfer.debit_account == account;
    let counterparty = if is_debit { &transfer.credit_account } else { &transfer.debit_account };
    MovedView {
        time: TimeView::of(entry.commit_time.as_ref()),
        kind: shown(&entry.kind).into_owned(),
        href: things::href(ThingKind::Posting, &entry.posting_id, book),
        counterparty: shown(counterparty).into_owned(),
        amount: amount(&transfer.unit, if is_debit { transfer.amount.saturating_neg() } else { transfer.amount }),
        after: amount(&transfer.unit, entry.balance_after),
        pending: transfer.pending,
    }
}

/// A number of something, or nothing for none.
pub(super) fn some(number: i64) -> String {
    if number == 0 { String::new() } else { count(number) }
}

#[cfg(test)]
mod tests;
