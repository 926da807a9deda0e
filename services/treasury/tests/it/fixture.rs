//! The treasury service over the real ledger, on a database of either engine, with a clock that the test moves.
use api::{
    ledger::BookMode,
    treasury::{
        ApplyStructureRequest, ApplyStructureResponse, ListVirtualAccountsRequest, ListVirtualAccountsResponse, PlanStructureRequest,
        PlanStructureResponse, VirtualAccount, treasury_service_client::TreasuryServiceClient,
    },
};
use identity::Role;
use rpc::Transport;
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};
use testbed::{LedgerClock, Storage, Testbed, TestbedOptions};
use tokio::sync::watch;
use tonic::{Request, Status};
use treasury::{Config, Deps};

const DAY_SECONDS: u64 = 24 * 3600;
/// The treasury's book.
pub const BOOK: &str = "treasury";
/// The book of another app, beside `app`.
pub const SECOND_APP: &str = "app-two";

pub struct Fixture {
    pub bed: Testbed,
    way: Transport,
    service: treasury::Service,
    ahead: Arc<AtomicU64>,
    pub clock: treasury::Clock,
    config: Config,
    pub tables: Storage,
    /// Microseconds since the Unix epoch, of a ledger whose time goes with this service's.
    ledger_time: Option<watch::Sender<i64>>,
    /// Where the clock stands before it is moved, if it stands.
    stands_at: Arc<OnceLock<SystemTime>>,
}

/// Both engines, each with an installation of its own.
pub async fn both() -> Vec<Fixture> {
    vec![Fixture::start(Storage::sqlite(), BookMode::Test).await, Fixture::start(Storage::postgres(), BookMode::Test).await]
}

fn unix_us(time: SystemTime) -> i64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros().try_into().unwrap()
}

impl Fixture {
    /// The service in a second process over the same tables.
    pub async fn second_service(&self) -> treasury::Service {
        let deps = Deps { ledger: self.bed.ledger_as("treasury"), database: self.tables.database.clone(), clock: Arc::clone(&self.clock) };
        treasury::start(deps, self.config.clone()).await.unwrap()
    }

    /// A client of such a process.
    pub async fn second(&self) -> TreasuryServiceClient<Transport> {
        TreasuryServiceClient::new(self.bed.lay(self.second_service().await.routes()))
    }

    /// The service's tables, opened by somebody else.
    pub async fn store(&self) -> treasury::store::Store {
        treasury::store::Store::open(&self.tables.database).await.unwrap()
    }

    /// An installation with one app's book of this mode, and no treasury book yet.
    pub async fn start(tables: Storage, mode: BookMode) -> Self {
        Self::agreed((tables, mode), Config::default(), 0).await
    }

    /// The same with these options, some days ago.
    pub async fn agreed((tables, mode): (Storage, BookMode), config: Config, days_ago: u64) -> Self {
        let books: &[(&str, BookMode)] = match mode {
            BookMode::Live => &[("app", BookMode::Live)],
            _ => &[("app", BookMode::Test), (SECOND_APP, BookMode::Test)],
        };
        let bed = Testbed::on(Storage::sqlite(), TestbedOptions { books, recorded: false }).await;
        Self::around(bed, tables, config, days_ago).await
    }

    /// The same with a ledger whose clock [`Fixture::days_later`] moves too.
    pub async fn on_one_clock(tables: Storage) -> Self {
        Self::standing(tables, Config::default()).await
    }

    /// The same with these options; once its books are there, its clocks stand at a moment in the future until the test moves them.
    pub async fn standing(tables: Storage, config: Config) -> Self {
        let (sender, time) = watch::channel(unix_us(SystemTime::now()));
        let options = TestbedOptions { books: &[("app", BookMode::Test)], recorded: false };
        let bed = Testbed::at(Storage::sqlite(), options, LedgerClock::Manual(time)).await;
        Self { ledger_time: Some(sender), ..Self::around(bed, tables, config, 0).await }
    }

    /// Stops the clocks at a moment.
    pub fn stand_at(&self, moment: &str) {
        self.stands_at.set(moment.parse::<jiff::Timestamp>().unwrap().into()).unwrap();
        self.later(0);
    }

    async fn around(bed: Testbed, tables: Storage, config: Config, days_ago: u64) -> Self {
        let ahead = Arc::new(AtomicU64::new(0));
        let shift = Arc::clone(&ahead);
        let past = Duration::from_secs(days_ago * DAY_SECONDS);
        let stands_at: Arc<OnceLock<SystemTime>> = Arc::default();
        let stands = Arc::clone(&stands_at);
        let from = move || stands.get().copied().unwrap_or_else(SystemTime::now);
        let clock: treasury::Clock = Arc::new(move || from() - past + Duration::from_secs(shift.load(Ordering::SeqCst)));
        let deps = Deps { ledger: bed.ledger_as("treasury"), database: tables.database.clone(), clock: Arc::clone(&clock) };
        let service = treasury::start(deps, config.clone()).await.unwrap();
        let way = bed.lay(service.routes());
        Self { bed, way, service, ahead, clock, config, tables, ledger_time: None, stands_at }
    }

    /// A follower of apps' books, as a process has it after its start.
    pub fn follower(&self) -> treasury::twins::TwinFollower {
        self.service.follower()
    }

    /// Posts what is decided and not known to be posted, as the service does every minute.
    pub async fn post_unheard(&self) -> Result<(), treasury::error::Error> {
        self.service.post_unheard().await
    }

    /// What the metrics say is short or not over.
    pub async fn unfinished(&self) -> Vec<telemetry::unfinished::UnfinishedCount> {
        self.service.unfinished().await.unwrap()
    }

    /// Moves the clock to a later day.
    pub fn days_later(&self, days: u64) {
        self.later(days * DAY_SECONDS);
    }

    /// Moves the clock by seconds.
    pub fn later(&self, seconds: u64) {
        let ahead = Duration::from_secs(self.ahead.fetch_add(seconds, Ordering::SeqCst) + seconds);
        if let Some(time) = &self.ledger_time {
            time.send(unix_us(self.stands_at.get().copied().unwrap_or_else(SystemTime::now) + ahead)).unwrap();
        }
    }

    /// An id of this moment: the ledger takes none that is far from its own.
    fn new_id(&self) -> String {
        let id = testbed::new_id();
        if self.stands_at.get().is_none() {
            return id;
        }
        let (millis, id) = (unix_us((self.clock)()) / 1_000, uuid::Uuid::parse_str(&id).unwrap());
        let random = id.as_bytes().last_chunk::<10>().unwrap();
        uuid::Builder::from_unix_timestamp_millis(millis.try_into().unwrap(), random).into_uuid().to_string()
    }

    /// The day now, as YYYY-MM-DD, some days later.
    pub fn day(&self, days: i64) -> String {
        let now = jiff::Timestamp::try_from((self.clock)()).unwrap().to_zoned(jiff::tz::TimeZone::UTC).date();
        now.checked_add(jiff::Span::new().days(days)).unwrap().to_string()
    }

    pub fn by<T>(&self, message: T) -> Request<T> {
        self.by_finance_of(&[BOOK], message)
    }

    /// A request of a member of staff in these books.
    pub fn by_finance_of<T>(&self, books: &[&str], message: T) -> Request<T> {
        let mut request = self.bed.unexplained("fay", Role::Finance, books, message);
        request.metadata_mut().insert(rpc::REASON, "part of a test".parse().unwrap());
        request
    }

    pub fn client(&self) -> TreasuryServiceClient<Transport> {
        TreasuryServiceClient::new(self.way.clone())
    }

    /// A client with the payout service's token.
    pub fn as_payout(&self) -> TreasuryServiceClient<Transport> {
        self.service_client(self.bed.service_token("payout"))
    }

    /// A client with a service's token.
    pub fn service_client(&self, token: rpc::ServiceToken) -> TreasuryServiceClient<Transport> {
        TreasuryServiceClient::new(self.way.with_token(token))
    }

    pub async fn plan(&self, file: &str) -> Result<PlanStructureResponse, Status> {
        let request = PlanStructureRequest { book: BOOK.to_owned(), file: file.to_owned() };
        self.client().plan_structure(self.by(request)).await.map(tonic::Response::into_inner)
    }

    pub async fn apply(&self, file: &str, hash: &str) -> Result<ApplyStructureResponse, Status> {
        let request = ApplyStructureRequest { book: BOOK.to_owned(), file: file.to_owned(), hash: hash.to_owned() };
        self.client().apply_structure(self.by(request)).await.map(tonic::Response::into_inner)
    }

    /// Plans and applies.
    pub async fn change(&self, file: &str) -> Result<ApplyStructureResponse, Status> {
        let plan = self.plan(file).await?;
        self.apply(file, &plan.hash).await
    }

    /// Closes a leaf in the tables, as a program did that did not look for money that may come back.
    pub async fn close_leaf(&self, leaf: &str, other: &str) {
        let pool = self.tables.database.open("treasury", &treasury::store::MIGRATIONS).await.unwrap();
        let closed = sqlx::query("UPDATE leaf_state SET state = 'closed' WHERE node_id = $1").bind(leaf).execute(&pool).await.unwrap();
        assert!(closed.rows_affected() > 0, "{leaf}");
        // So that the structure is read again.
        self.change(other).await.unwrap();
    }

    pub async fn page(&self, request: ListVirtualAccountsRequest) -> Result<ListVirtualAccountsResponse, Status> {
        let request = ListVirtualAccountsRequest { book: BOOK.to_owned(), ..request };
        self.client().list_virtual_accounts(self.by(request)).await.map(tonic::Response::into_inner)
    }

    /// All items, now or on a day.
    pub async fn list(&self, on_date: &str) -> Vec<VirtualAccount> {
        let request = ListVirtualAccountsRequest { on_date: on_date.to_owned(), ..Default::default() };
        self.page(request).await.unwrap().virtual_accounts
    }

    /// Books an adjustment in the treasury's book, as two members of staff would.
    pub async fn adjust(&self, debit: &str, credit: &str, amount: i64) {
        self.booked_as("adjustment", debit, credit, amount).await;
    }

    /// Books a posting of this kind in the treasury's book.
    pub async fn booked_as(&self, kind: &str, debit: &str, credit: &str, amount: i64) {
        self.booked_at(kind, (debit, credit, amount), None).await;
    }

    /// Books an adjustment that counts from this time.
    pub async fn adjust_at(&self, debit: &str, credit: &str, amount: i64, at: Option<SystemTime>) {
        self.booked_at("adjustment", (debit, credit, amount), at).await;
    }

    async fn booked_at(&self, kind: &str, (debit, credit, amount): (&str, &str, i64), at: Option<SystemTime>) {
        let transfer =
            api::ledger::Transfer { debit_account: debit.to_owned(), credit_account: credit.to_owned(), amount, ..Default::default() };
        let post = api::ledger::PostRequest {
            book: BOOK.to_owned(),
            request_id: self.new_id(),
            kind: kind.to_owned(),
            transfers: vec![transfer],
            effective_time: at.map(Into::into),
            ..Default::default()
        };
        self.bed.client().post(post).await.unwrap();
    }
}
