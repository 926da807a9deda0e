//! What is around every page: where the person is, in which book, with which money, whether the books are right, and why they look.
use crate::{
    assets,
    filters::Filters,
    parts::ConsoleParts,
    playground::drives,
    session::{Glance, Person},
    view::{
        calls::{CallView, may},
        health::{HealthView, health},
        times::{self, TimeView},
    },
    visitor::Visitor,
};
use api::{
    ledger::{Book, BookMode, ListBooksRequest, ledger_service_client::LedgerServiceClient},
    monitor::{GetHealthOfMoneyRequest, GetHealthOfMoneyResponse},
};
use std::sync::Arc;
use tonic::{Code, Status};

pub(crate) const LIST_BOOKS: &str = "largesse.ledger.v1.LedgerService/ListBooks";
pub(crate) const HEALTH: &str = "largesse.monitor.v1.MonitorService/GetHealthOfMoney";
pub(crate) const FIND: &str = "largesse.monitor.v1.MonitorService/Find";
pub(crate) const LIST_ACTIVITY: &str = "largesse.monitor.v1.MonitorService/ListActivity";
pub(crate) const LIST_PAYMENTS: &str = "largesse.monitor.v1.MonitorService/ListPayments";
pub(crate) const TRIAL_BALANCE: &str = "largesse.ledger.v1.LedgerService/GetTrialBalance";
pub(crate) const LIST_ENTRIES: &str = "largesse.ledger.v1.LedgerService/ListEntries";
pub(crate) const LIST_GIFTS: &str = "largesse.gift.v1.GiftService/ListGifts";
pub(crate) const PAYOUT_REPORT: &str = "largesse.payout.v1.PayoutService/GetPayoutReport";
pub(crate) const LIST_REVIEWS: &str = "largesse.payout.v1.PayoutService/ListReviews";
pub(crate) const LIST_VIRTUAL_ACCOUNTS: &str = "largesse.treasury.v1.TreasuryService/ListVirtualAccounts";
pub(crate) const LIST_PROPOSALS: &str = "largesse.support.v1.SupportService/ListProposals";
pub(crate) const LIST_ACTS: &str = "largesse.support.v1.SupportService/ListActs";

/// The most books that are listed.
const BOOKS_MAX: i32 = 200;

/// The pages: path, name, and the RPC without which there is nothing to see.
const PAGES: [(&str, &str, &str); 15] = [
    ("/", "Today", HEALTH),
    ("/find", "Find", FIND),
    ("/payments", "Payments", LIST_PAYMENTS),
    ("/user", "Users", LIST_ACTIVITY),
    ("/accounts", "Accounts", LIST_ENTRIES),
    ("/books", "Books", LIST_BOOKS),
    ("/trial-balance", "Trial balance", TRIAL_BALANCE),
    ("/purchases", "Purchases", LIST_PAYMENTS),
    ("/gifts", "Gifts", LIST_GIFTS),
    ("/payouts", "Payouts", LIST_PAYMENTS),
    ("/reviews", "Reviews", LIST_REVIEWS),
    ("/rails", "Rails", PAYOUT_REPORT),
    ("/treasury", "Treasury", LIST_VIRTUAL_ACCOUNTS),
    ("/proposals", "Proposals", LIST_PROPOSALS),
    ("/acts", "Audit log", LIST_ACTS),
];

/// Pages that are over all books unless one is asked for, or find theirs.
const ACROSS_BOOKS: [&str; 4] = ["/find", "/user", "/books", "/treasury"];

/// A link, and whether it is to the page that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LinkView {
    pub(crate) href: String,
    pub(crate) label: String,
    pub(crate) current: bool,
}

/// Whether the money is real, in a word and a class; never by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ModeView {
    pub(crate) word: &'static str,
    pub(crate) says: &'static str,
    pub(crate) class: &'static str,
}

const TEST: ModeView = ModeView { word: "TEST", says: "pretend money", class: "test" };
const LIVE: ModeView = ModeView { word: "LIVE", says: "real money", class: "live" };
const MIXED: ModeView = ModeView { word: "LIVE AND TEST", says: "every line names its book and which money it is", class: "live" };
const NONE: ModeView = ModeView { word: "NO BOOK", says: "no book is chosen", class: "none" };

/// Everything around a page.
#[derive(Debug, Clone)]
pub(crate) struct PageFrame {
    pub(crate) title: String,
    pub(crate) pages: Vec<LinkView>,
    pub(crate) books: Vec<LinkView>,
    pub(crate) book: String,
    pub(crate) mode: ModeView,
    pub(crate) health: HealthView,
    pub(crate) subject: String,
    pub(crate) role: &'static str,
    pub(crate) reason: Option<String>,
    pub(crate) calls: Vec<CallView>,
    pub(crate) style: String,
    pub(crate) script: String,
    /// The page's own address, to come back to.
    pub(crate) address: String,
    pub(crate) now: TimeView,
    /// The zone that times are shown in.
    pub(crate) zone: String,
    /// Whether the person may look ids up, so that every page has a field for it.
    pub(crate) may_find: bool,
    /// All books that are known to the person, each with its mode.
    known: Vec<(String, ModeView)>,
    /// The health as the monitor said it.
    pub(crate) audit: Option<GetHealthOfMoneyResponse>,
}

/// Why there is no frame with a book for a page.
pub(crate) enum NoFrame {
    /// The services do not accept the session's token.
    SignedOut(Box<Status>),
    /// The book is unknown, or the token does not cover it: the two look the same.
    NoBook(Box<PageFrame>),
}

impl PageFrame {
    /// The frame of a page, for the book in its address or the only one.
    pub(crate) async fn load(console: &ConsoleParts, visitor: &Visitor, title: &str, filters: &Filters) -> Result<Self, NoFrame> {
        let TopOfPage { glance, books_failed, audit } = top(console, visitor).await.map_err(NoFrame::SignedOut)?;
        let known = &glance.books;
        let asked = filters.get("book");
        let chosen = if asked.is_empty() { known.first() } else { known.iter().find(|book| book.name == asked) };
        let name = chosen.map(|book| book.name.clone()).unwrap_or_default();
        let path = visitor.path();
        let link = |href: String, label: &str, current: bool| LinkView { href, label: label.to_owned(), current };
        let role = visitor.person.role;
        let sandbox = ("/sandbox", "Sandbox");
        let mut frame = Self {
            title: title.to_owned(),
            pages: PAGES
                .into_iter()
                .filter(|(_, _, rpc)| may(role, rpc))
                .map(|(to, label, _)| {
                    let book = if ACROSS_BOOKS.contains(&to) { "" } else { &*name };
                    link(Filters::address(to, &[("book", book)]), label, to == path)
                })
                .collect(),
            books: known.iter().map(|book| link(Filters::address(path, &[("book", &book.name)]), &book.name, book.name == name)).collect(),
            mode: chosen.map_or(NONE, mode),
            may_find: may(role, FIND),
            known: known.iter().map(|book| (book.name.clone(), mode(book))).collect(),
            health: glance.health.clone(),
            book: name,
            audit,
            reason: visitor.reason.as_deref().map(str::to_owned),
            address: visitor.address.clone(),
            ..Self::bare(title, Some(&visitor.person))
        };
        if console.sandbox.is_some() && drives(role) {
            frame.pages.push(link(Filters::address(sandbox.0, &[("book", &frame.book)]), sandbox.1, path == sandbox.0));
        }
        // With the ledger out of reach every book is unknown, which is no reason to say that this one is.
        if chosen.is_none() && !asked.is_empty() && !books_failed { Err(NoFrame::NoBook(Box::new(frame))) } else { Ok(frame) }
    }

    /// The frame of a page that needs no session, or can't have more.
    pub(crate) fn bare(title: &str, person: Option<&Person>) -> Self {
        Self {
            title: title.to_owned(),
            pages: Vec::new(),
            books: Vec::new(),
            book: String::new(),
            mode: NONE,
            health: HealthView { class: "unknown", word: "not checked", detail: String::new() },
            subject: person.map(|person| person.subject.to_string()).unwrap_or_default(),
            role: person.map(|person| person.role.as_str()).unwrap_or_default(),
            reason: None,
            calls: Vec::new(),
            style: assets::style(),
            script: assets::script(),
            address: "/".to_owned(),
            now: TimeView::at(money::time::moment_ms(money::time::now_ms())),
            zone: times::zone_name(),
            may_find: false,
            known: Vec::new(),
            audit: None,
        }
    }

    /// Makes this the frame of a page over all books, which says of which money they are together.
    pub(crate) fn across_books(&mut self) {
        self.book = String::new();
        let mut modes = self.known.iter().map(|(_, mode)| *mode);
        let first = modes.next().unwrap_or(NONE);
        self.mode = if modes.all(|mode| mode == first) { first } else { MIXED };
        self.books.iter_mut().for_each(|link| link.current = false);
    }

    /// Makes this the frame of what is in a book, whatever its address said.
    pub(crate) fn turn_to(&mut self, book: &str) {
        self.book = book.to_owned();
        self.mode = self.known.iter().find(|(name, _)| name == book).map_or(NONE, |(_, mode)| *mode);
        self.books.iter_mut().for_each(|link| link.current = link.label == book);
    }

    /// Makes the links to other books keep what this page is about.
    pub(crate) fn keep(&mut self, path: &str, fields: &[(&'static str, &str)]) {
        for link in &mut self.books {
            link.href = Filters::address(path, &[&[("book", &*link.label)], fields].concat());
        }
    }

    /// A book's name for a line of a page over several: with its mode, as far as it is known.
    pub(crate) fn book_label(&self, book: &str) -> String {
        match self.known.iter().find(|(name, _)| name == book) {
            Some((_, mode)) => format!("{book} ({})", mode.word),
            None => book.to_owned(),
        }
    }
}

/// What every page shows at its top.
struct TopOfPage {
    glance: Arc<Glance>,
    /// The ledger did not say which books there are.
    books_failed: bool,
    /// The health as the monitor said it just now.
    audit: Option<GetHealthOfMoneyResponse>,
}

/// The books and their health, as kept for this session or as the services answer now. Page Today asks anew. Fails if they do not accept the session's token.
async fn top(console: &ConsoleParts, visitor: &Visitor) -> Result<TopOfPage, Box<Status>> {
    if let Some(glance) = console.sessions.glance(&visitor.secret).filter(|_| !visitor.is_at("/")) {
        return Ok(TopOfPage { glance, books_failed: false, audit: None });
    }
    let (books, audit) = tokio::join!(books(console, visitor), audit(console, visitor));
    let refused = [books.as_ref().err(), audit.as_ref().err()].into_iter().flatten().find(|status| status.code() == Code::Unauthenticated);
    if let Some(status) = refused {
        return Err(Box::new(status.clone()));
    }
    console.sessions.accepted(&visitor.secret);
    let (books_failed, answered) = (books.is_err(), books.is_ok() && audit.is_ok());
    let audit = audit.ok();
    // Of the answer about the books' health, which is as long as there are books and checks, only the summary is kept.
    let glance = Arc::new(Glance { books: books.unwrap_or_default(), health: health(audit.as_ref()) });
    if answered {
        console.sessions.keep_glance(&visitor.secret, glance.clone());
    }
    Ok(TopOfPage { glance, books_failed, audit })
}

async fn books(console: &ConsoleParts, visitor: &Visitor) -> Result<Vec<Book>, Status> {
    let mut ledger = LedgerServiceClient::new(console.ledger.clone());
    let request = ListBooksRequest { page_size: BOOKS_MAX, ..Default::default() };
    Ok(ledger.list_books(visitor.request(request)).await?.into_inner().books)
}

async fn audit(console: &ConsoleParts, visitor: &Visitor) -> Result<GetHealthOfMoneyResponse, Status> {
    Ok(console.monitor_client().get_health_of_money(visitor.request(GetHealthOfMoneyRequest::default())).await?.into_inner())
}

/// Which money a book has.
pub(crate) fn mode(book: &Book) -> ModeView {
    match book.mode() {
        BookMode::Live => LIVE,
        BookMode::Test => TEST,
        BookMode::Unspecified => NONE,
    }
}
