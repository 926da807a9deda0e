//! The RPCs: who, decode, call, encode.
use crate::{
    activity::{self, ActivityAsked, ActivityPosition},
    audit::ReadFault,
    case::{self, CaseAsked, CasePosition},
    config::Config,
    error::{self, Error},
    explain::{self, SoughtId, StoryScope, StoryTables, tables::KeptTables},
    export::{ExportRange, JournalPages, fields::FieldSources},
    exporting::{self, EXPORTS_MAX, ExportJournalStream, ExportPatience, READER_PATIENCE},
    find,
    health::{CheckHistory, CheckResult, Health, HealthOfBook},
    house, listing,
    payments::Payments,
    store::{LINKS_MAX, LinkOutcome, LinkedUser, Store},
    wire,
    work::{self, WorkAsked, WorkPosition},
};
use api::monitor::{
    BookHealth, CheckOutcome, ExplainCaseRequest, ExplainCaseResponse, ExportJournalRequest, FindRequest, FindResponse, GetFiguresRequest,
    GetFiguresResponse, GetHealthOfMoneyRequest, GetHealthOfMoneyResponse, HealthCheck, LinkPersonRequest, LinkPersonResponse,
    ListActivityRequest, ListActivityResponse, ListPaymentsRequest, ListPaymentsResponse, ListWorkRequest, ListWorkResponse,
    UnlinkPersonRequest, UnlinkPersonResponse, WatchPaymentsRequest, WatchPaymentsResponse, monitor_service_server::MonitorService,
};
use futures::{Stream, stream};
use identity::{BookScope, Role};
use money::{BookName, UserKey};
use prost::Message;
use prost_types::Timestamp;
use rpc::{
    Violations,
    page::{PageSizes, PagedList, rows_to_read},
    wire::TimeRange,
};
use std::{
    pin::Pin,
    sync::{Arc, PoisonError, RwLock},
    time::SystemTime,
};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::Instant,
};
use tonic::{Code, Request, Response, Status};

/// The messages sent to a viewer of payments.
pub type WatchPaymentsStream = Pin<Box<dyn Stream<Item = Result<WatchPaymentsResponse, Status>> + Send>>;

/// Calls that read the tables of services at once; more wait for their turn, until their deadline. Each may read what the ledger has not written behind yet.
const READS_MAX: usize = 8;

/// Rows per page.
const PAGE: PageSizes = PageSizes { default: 50, max: 200 };

/// The tonic service.
#[derive(Clone)]
pub struct Handlers {
    pub(crate) health: Arc<RwLock<Health>>,
    pub(crate) tables: Arc<KeptTables>,
    pub(crate) reads: Arc<Semaphore>,
    /// `None`: the monitor has no connection to the ledger.
    pub(crate) payments: Option<Arc<Payments>>,
    /// The monitor's own tables.
    pub(crate) own: Store,
    pub(crate) config: Config,
    /// Places for exports.
    pub(crate) exports: Arc<Semaphore>,
}

/// The places for reads of a monitor.
pub(crate) fn reads() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(READS_MAX))
}

/// The places for exports of a monitor.
pub(crate) fn exports() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(EXPORTS_MAX))
}

impl Handlers {
    /// A place among the calls that read, given back when it is dropped.
    async fn reading(&self) -> Result<SemaphorePermit<'_>, Status> {
        self.reads.acquire().await.map_err(|closed| rpc::internal(&closed))
    }

    fn payments(&self) -> Result<&Payments, Error> {
        self.payments.as_deref().ok_or(Error::LedgerNotConfigured)
    }

    /// The links of a user in these books that the caller may follow. Users only with a token of several books: its issuer vouches that their `sub` is one person, and
    /// the `sub` of another token may be a person's key by chance.
    async fn links(&self, caller: &rpc::Caller, user: &UserKey, books: &BookScope) -> Result<Vec<LinkedUser>, Status> {
        let spans = match &caller.principal.books {
            BookScope::All => true,
            BookScope::Only(names) => names.iter().any(|name| Some(name) != names.first()),
        };
        if matches!(caller.principal.role, Role::Viewer | Role::Creator) && !spans {
            return Ok(Vec::new());
        }
        let links = self.own.links_of(user).await.map_err(Error::Store)?;
        Ok(links.into_iter().filter(|link| BookName::try_new(&link.book).is_ok_and(|book| books.covers(&book))).collect())
    }

    /// The tables, and which books a request means: the one it names, or all that the token covers.
    async fn scope(&self, caller: &rpc::Caller, book: &str) -> Result<(StoryTables, BookScope), Status> {
        let unreadable = |fault: ReadFault| error::unreadable(&fault);
        let named = if book.is_empty() { None } else { Some(caller.book(book)?) };
        let tables = self.tables.get().await.map_err(unreadable)?;
        let Some(name) = named else { return Ok((tables, caller.principal.books.clone())) };
        let known = tables.ledger.books().await.map_err(|fault| unreadable(fault.into()))?;
        if !known.iter().any(|known| known.name == name.as_str()) {
            return Err(error::book_unknown(book));
        }
        Ok((tables, BookScope::Only(vec![name])))
    }
}

#[tonic::async_trait]
impl MonitorService for Handlers {
    async fn get_health_of_money(&self, request: Request<GetHealthOfMoneyRequest>) -> Result<Response<GetHealthOfMoneyResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let name = request.into_inner().book;
        let asked = if name.is_empty() { None } else { Some(caller.book(&name)?) };
        let health = self.health.read().unwrap_or_else(PoisonError::into_inner).clone();
        let books = &caller.principal.books;
        let shown = |name: &str| match &asked {
            Some(asked) => asked.as_str() == name,
            None => BookName::try_new(name).is_ok_and(|name| books.covers(&name)),
        };
        let found: Vec<(&String, &HealthOfBook)> = health.books.iter().filter(|(name, _)| shown(name)).collect();
        if let (Some(asked), true) = (&asked, found.is_empty()) {
            let why = "the audit has not found this book".to_owned();
            return Err(rpc::refused(Code::NotFound, "BOOK_UNKNOWN", why, &[("book", asked.to_string())]));
        }
        // The installation's own checks are shown only to callers who may see all books.
        let whole = asked.is_none() && matches!(books, BookScope::All);
        let checks = if whole { checks(&health.checks) } else { Vec::new() };
        let healthy = if whole {
            health.is_healthy()
        } else {
            health.fault.is_none() && !found.is_empty() && found.iter().all(|(_, book)| book.is_healthy())
        };
        Ok(Response::new(GetHealthOfMoneyResponse {
            healthy,
            books: found.into_iter().map(|(name, found)| book(name, found)).collect(),
            checks,
            last_run_time: health.looked_at.map(Timestamp::from),
        }))
    }

    async fn find(&self, request: Request<FindRequest>) -> Result<Response<FindResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let _reading = self.reading().await?;
        let mut wrong = Violations::default();
        let sought =
            wrong.take(SoughtId::parse(request.text.trim()).map_err(|why| rpc::malformed("text", &format!("must be an id: {why}"))));
        let user = wrong.take(asked_user(&request.user_id));
        let scope = wrong.take(self.scope(&caller, &request.book).await);
        let (Some(sought), Some(user), Some((tables, books))) = (sought, user, scope) else { return Err(wrong.into_status()) };
        let scope = StoryScope { books, user, most: 0 };
        let found = find::find(&tables, &sought, &scope, caller.principal.role).await;
        Ok(Response::new(wire::find::found(found.map_err(|fault| error::unreadable(&fault))?)))
    }

    async fn list_work(&self, request: Request<ListWorkRequest>) -> Result<Response<ListWorkResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let _reading = self.reading().await?;
        let list = list_of("ListWork", &caller, ListWorkRequest { page_size: 0, page_token: String::new(), ..request.clone() });
        let mut wrong = Violations::default();
        let scope = wrong.take(self.scope(&caller, &request.book).await);
        let size = wrong.take(page_size(request.page_size));
        let class = wrong.take(wire::find::work_class(request.kind));
        let after = wrong.take(list.position::<WorkPosition>(&request.page_token).map_err(|_| rpc::errors::page_token()));
        let (Some(size), Some(class), Some(after), Some((tables, books))) = (size, class, after, scope) else {
            return Err(wrong.into_status());
        };
        let health = self.health.read().unwrap_or_else(PoisonError::into_inner).clone();
        let asked = WorkAsked {
            whole: request.book.is_empty() && matches!(books, BookScope::All),
            scope: StoryScope { books, user: None, most: 0 },
            class,
            role: caller.principal.role,
            after,
            rows: rows_to_read(size),
            patience_ms: i64::try_from(self.config.unknown_max_s.saturating_mul(1_000)).unwrap_or(i64::MAX),
            now_ms: money::time::now_ms(),
        };
        let found = work::work(&tables, &health, &asked).await.map_err(|fault| error::unreadable(&fault))?;
        let rows = found.into_iter().map(|item| (item.position, item)).map(|(position, item)| (wire::find::work_item(item), position));
        let (items, next_page_token) = list.cut_to_fit(rows.collect(), size);
        Ok(Response::new(ListWorkResponse { items, next_page_token }))
    }

    async fn list_activity(&self, request: Request<ListActivityRequest>) -> Result<Response<ListActivityResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let _reading = self.reading().await?;
        let mut wrong = Violations::default();
        let user = wrong.take(caller.acting_for(&request.user_id));
        let size = wrong.take(page_size(request.page_size));
        let times = wrong.take(TimeRange::read(["from", "until"], request.from, request.until));
        let scope = wrong.take(self.scope(&caller, &request.book).await);
        let (Some(user), Some(size), Some(times), Some((tables, books))) = (user, size, times, scope) else {
            return Err(wrong.into_status());
        };
        // A page of the caller's own activity and one of that user's by name are the same.
        let asked = ListActivityRequest { user_id: user.to_string(), page_size: 0, page_token: String::new(), ..request.clone() };
        let list = list_of("ListActivity", &caller, asked);
        let after = list.position::<ActivityPosition>(&request.page_token).map_err(|_| rpc::errors::page_token())?;
        let links = self.links(&caller, &user, &books).await?;
        let scope = StoryScope { books, user: None, most: 0 };
        let own = matches!(caller.principal.role, Role::Viewer | Role::Creator);
        let users = wire::links::users(user, &links);
        let asked = ActivityAsked { users: &users, own, times, after, rows: size.saturating_add(1) };
        let found = activity::activity(&tables, &scope, asked).await;
        let found = found.map_err(|fault| error::unreadable(&fault))?;
        let user = &users.user;
        if found.is_empty() && links.is_empty() && after.is_none() && caller.principal.role.is_staff() {
            // A name that was mistyped is not a user to whom nothing happened.
            let known = explain::knows(&tables, &scope, user).await.map_err(|fault| error::unreadable(&fault))?;
            if !known {
                return Err(rpc::errors::user_unknown(user.as_str()));
            }
        }
        let rows = found.into_iter().map(|line| (line.position, line)).map(|(position, line)| (wire::find::activity_line(line), position));
        let (lines, next_page_token) = list.cut_to_fit(rows.collect(), size);
        Ok(Response::new(ListActivityResponse { lines, next_page_token, links: links.into_iter().map(wire::links::link).collect() }))
    }

    async fn link_person(&self, request: Request<LinkPersonRequest>) -> Result<Response<LinkPersonResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let wanted = wire::links::wanted(&caller, &request.into_inner(), money::time::now_ms())?;
        match self.own.link(&wanted).await.map_err(Error::Store)? {
            LinkOutcome::Linked(link) => Ok(Response::new(LinkPersonResponse { link: Some(wire::links::link(link)) })),
            LinkOutcome::OtherPerson => Err(Error::OtherPerson.into()),
            LinkOutcome::Full => Err(Error::PersonLinksFull { links_max: LINKS_MAX }.into()),
        }
    }

    async fn unlink_person(&self, request: Request<UnlinkPersonRequest>) -> Result<Response<UnlinkPersonResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let (book, user) = wire::links::unlinked(&caller, &request.into_inner())?;
        let by = caller.principal.subject.as_str();
        let unlinked = self.own.unlink(&book, &user, by, money::time::now_ms()).await.map_err(Error::Store)?;
        Ok(Response::new(UnlinkPersonResponse { unlinked }))
    }

    async fn explain_case(&self, request: Request<ExplainCaseRequest>) -> Result<Response<ExplainCaseResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let _reading = self.reading().await?;
        let list = list_of("ExplainCase", &caller, ExplainCaseRequest { page_size: 0, page_token: String::new(), ..request.clone() });
        let mut wrong = Violations::default();
        let scope = wrong.take(self.scope(&caller, &request.book).await);
        let sought = wrong.take(SoughtId::parse(request.id.trim()).map_err(|why| rpc::malformed("id", &format!("must be an id: {why}"))));
        let kind = wrong.take(wire::find::asked_kind(request.kind));
        let size = wrong.take(page_size(request.page_size));
        let after = wrong.take(list.position::<CasePosition>(&request.page_token).map_err(|_| rpc::errors::page_token()));
        let (Some(sought), Some(kind), Some(size), Some(after), Some((tables, books))) = (sought, kind, size, after, scope) else {
            return Err(wrong.into_status());
        };
        let unreadable = |fault: ReadFault| error::unreadable(&fault);
        let tellers = explain::tellers(&tables, &StoryScope { books, user: None, most: 0 }).await.map_err(unreadable)?;
        let asked = CaseAsked { sought: &sought, kind, role: caller.principal.role, after, rows: size.saturating_add(1) };
        let found = case::case(tellers, &asked).await.map_err(unreadable)?.ok_or_else(error::id_unknown)?;
        let rows = found.steps.into_iter().map(|(step, position)| (wire::find::case_step(step), position));
        let (steps, next_page_token) = list.cut_to_fit(rows.collect(), size);
        Ok(Response::new(ExplainCaseResponse { thing: Some(wire::find::thing(found.thing)), steps, next_page_token }))
    }
    type WatchPaymentsStream = WatchPaymentsStream;

    async fn watch_payments(&self, request: Request<WatchPaymentsRequest>) -> Result<Response<Self::WatchPaymentsStream>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let asked = wire::payments::watch(caller.book(&request.book), request)?;
        // A token is valid for the messages sent before it expires.
        let left = caller.principal.expires_at.duration_since(SystemTime::now()).unwrap_or_default();
        let viewer = self.payments()?.watch(&asked.book, asked.after, left).await?;
        let messages = stream::unfold((viewer, asked.filter), move |(mut viewer, mut filter)| {
            let book = asked.book.clone();
            async move {
                loop {
                    let message = match viewer.next().await? {
                        Ok(news) => wire::payments::news(&book, &news, &mut filter).map(Ok),
                        Err(error) => Some(Err(Status::from(error))),
                    };
                    if let Some(message) = message {
                        viewer.sent();
                        return Some((message, (viewer, filter)));
                    }
                }
            }
        });
        Ok(Response::new(Box::pin(messages)))
    }

    async fn get_figures(&self, request: Request<GetFiguresRequest>) -> Result<Response<GetFiguresResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let asked = wire::figures::asked(caller.book(&request.book), request)?;
        let read = self.payments()?.figures(&asked.book, asked.length, asked.range).await?;
        Ok(Response::new(wire::figures::fitting(wire::figures::figures(&asked, read))?))
    }

    async fn list_payments(&self, request: Request<ListPaymentsRequest>) -> Result<Response<ListPaymentsResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let asked = wire::listing::asked(caller.book(&request.book), request)?;
        let _reading = self.reading().await?;
        let tables = self.tables.get().await.map_err(Error::Tables)?;
        if let Some(filter) = &asked.house {
            let page = house::list_page(&tables, filter, asked.after, asked.size).await.map_err(Error::Tables)?;
            let page = page.ok_or_else(|| Error::AccountUnknown(filter.account.clone()))?;
            return Ok(Response::new(wire::listing::house_page(&asked, page)));
        }
        let page = listing::list_page(&tables, &asked.filter, asked.after, asked.size).await.map_err(Error::Tables)?;
        Ok(Response::new(wire::listing::page(&asked, page)))
    }
    type ExportJournalStream = ExportJournalStream;

    async fn export_journal(&self, request: Request<ExportJournalRequest>) -> Result<Response<Self::ExportJournalStream>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let asked = wire::export::asked(caller.book(&request.book), request)?;
        let place = self.exports.clone().try_acquire_owned().map_err(|_| Error::TooManyExports { exports_max: EXPORTS_MAX })?;
        let unreadable = |fault: ReadFault| error::unreadable(&fault);
        let tables = self.tables.get().await.map_err(unreadable)?;
        let books = tables.ledger.books().await.map_err(|fault| unreadable(fault.into()))?;
        let book = books.into_iter().find(|known| known.name == asked.book.as_str());
        let book = book.ok_or(Error::BookUnknown(asked.book))?;
        let range = ExportRange::of_times(&*tables.ledger, &book, asked.from_us, asked.until_us).await.map_err(unreadable)?;
        let fields = asked.fields.then(|| FieldSources::of(&tables));
        let account = asked.account.clone().unwrap_or_default();
        let range = ExportRange { account: asked.account, fields, ..range };
        let pages = JournalPages::begin(tables.ledger.clone(), book, range).await;
        let pages = pages.map_err(|fault| exporting::refusal(&fault, &account))?;
        // A token is valid for the messages sent before it expires.
        let left = caller.principal.expires_at.duration_since(SystemTime::now()).unwrap_or_default();
        let patience = ExportPatience { expires: Instant::now() + left, reader: READER_PATIENCE };
        Ok(Response::new(exporting::messages(pages, patience, place)))
    }
}

/// The list that a request asks for; its size and token are cleared. A token of other books is another list's.
fn list_of(rpc: &str, caller: &rpc::Caller, request: impl Message) -> PagedList {
    let books = match &caller.principal.books {
        BookScope::All => String::new(),
        BookScope::Only(names) => names.iter().map(BookName::as_str).collect::<Vec<_>>().join(" "),
    };
    PagedList::of_request(rpc, &books, &request)
}

fn page_size(asked: i32) -> Result<usize, Status> {
    PAGE.read(asked).map_err(|error| rpc::malformed("page_size", &error.to_string()))
}

/// A user that a request may name.
fn asked_user(user_id: &str) -> Result<Option<UserKey>, Status> {
    let named = (!user_id.is_empty()).then(|| UserKey::try_new(user_id).map_err(|error| rpc::malformed("user_id", &error.must())));
    named.transpose()
}

fn book(name: &str, found: &HealthOfBook) -> BookHealth {
    BookHealth {
        book: name.to_owned(),
        healthy: found.is_healthy(),
        checked_seq: found.checked_seq,
        checked_commit_time: (found.checked_time > 0).then(|| rpc::wire::timestamp_us(found.checked_time)),
        events_behind: found.behind,
        checks: checks(&found.checks),
    }
}

fn checks(found: &crate::health::ChecksByName) -> Vec<HealthCheck> {
    found.iter().map(|(name, found)| check(name, found)).collect()
}

fn check(name: &str, found: &CheckHistory) -> HealthCheck {
    let (outcome, detail) = match &found.outcome {
        CheckResult::Passed => (CheckOutcome::Passed, String::new()),
        CheckResult::Noted(what) => (CheckOutcome::Passed, what.clone()),
        CheckResult::Failed(why) => (CheckOutcome::Failed, why.clone()),
        CheckResult::Pending(why) => (CheckOutcome::Pending, why.clone()),
        CheckResult::NotCompared(why) => (CheckOutcome::NotCompared, (*why).to_owned()),
    };
    HealthCheck { name: name.to_owned(), outcome: outcome.into(), detail, last_passed_time: found.held_at.map(Timestamp::from) }
}
