//! The earnings service over the real ledger, on a database of either engine, with a clock that the test moves.
use api::{
    earnings::{AcceptQuoteRequest, CreateQuoteRequest, Quote, earnings_service_client::EarningsServiceClient},
    ledger::{
        BookMode, CreateBookRequest, GetAccountRequest, PostRequest, Transfer, VerifyBookRequest,
        ledger_service_client::LedgerServiceClient,
    },
};
use db::Database;
use earnings::{Config, Deps};
use identity::{Books, Grant, Issuer, Role, Verifier};
use ledger::Ledger;
use money::{BookName, UserKey};
use rpc::{Options, ServiceToken, Stack, Transport};
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tonic::{Request, service::Routes};
use tower::Layer;
use uuid::Uuid;

pub const BOOK: &str = "tiktok-us";

pub struct House {
    _dir: TempDir,
    _cluster: Option<pgtest::Cluster>,
    ledger: Arc<Ledger>,
    issuer: Arc<Issuer>,
    ledger_way: Transport,
    earnings_way: Transport,
    /// Seconds by which the service's clock is ahead.
    ahead: Arc<AtomicU64>,
    pub database: Database,
}

/// Both engines, each with an installation of its own.
pub async fn both() -> Vec<House> {
    vec![House::start(None, None).await, House::start(Some(pgtest::Cluster::start().unwrap()), None).await]
}

impl House {
    pub async fn start(cluster: Option<pgtest::Cluster>, rate_card: Option<PathBuf>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let sqlite = Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap();
        let database = cluster.as_ref().map_or(sqlite.clone(), |cluster| Database::parse(&cluster.create_database().unwrap()).unwrap());
        // The ledger's own engines are tested with it; here it only has to be there.
        let ledger = Ledger::start(ledger::open_store(&sqlite).await.unwrap(), ledger::Config::default()).await.unwrap();
        let issuer = Arc::new(Issuer::load_or_create(dir.path()).unwrap());
        let stack = Stack::try_new(Options::new(Arc::new(Verifier::new(&[issuer.public_key()])), CancellationToken::new()));
        let stack = stack.unwrap();
        let token = ServiceToken::minted(issuer.clone(), "earnings").unwrap();
        let ledger_server = ledger::Service::new(ledger.clone()).server();
        let ledger_way = rpc::in_process(stack.layer(Routes::new(ledger_server))).with_token(token);
        let ahead = Arc::new(AtomicU64::new(0));
        let shift = Arc::clone(&ahead);
        let deps = Deps {
            ledger: ledger_way.clone(),
            database: database.clone(),
            clock: Arc::new(move || SystemTime::now() + Duration::from_secs(shift.load(Ordering::SeqCst))),
            shutdown: CancellationToken::new(),
        };
        let service = earnings::start(deps, Config { rate_card }).await.unwrap();
        let earnings_way = rpc::in_process(stack.layer(service.routes()));
        let house = Self { _dir: dir, _cluster: cluster, ledger, issuer, ledger_way, earnings_way, ahead, database };
        let book = CreateBookRequest { book: BOOK.to_owned(), mode: BookMode::Test.into(), region: "us".to_owned() };
        house.ledger().create_book(book).await.unwrap();
        house
    }

    pub fn ledger(&self) -> LedgerServiceClient<Transport> {
        LedgerServiceClient::new(self.ledger_way.clone())
    }

    pub fn earnings(&self) -> EarningsServiceClient<Transport> {
        EarningsServiceClient::new(self.earnings_way.clone())
    }

    pub fn later(&self, seconds: u64) {
        self.ahead.fetch_add(seconds, Ordering::SeqCst);
    }

    /// A request of this user.
    pub fn by<T>(&self, user: &str, role: Role, message: T) -> Request<T> {
        let books = Books::Only(vec![BookName::try_new(BOOK).unwrap()]);
        let grant = Grant { subject: UserKey::try_new(user).unwrap(), role, app: String::new(), books };
        let token = self.issuer.issue(&grant, Duration::from_secs(600)).unwrap();
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        // Heard of staff only.
        request.metadata_mut().insert(rpc::REASON, "part of a test".parse().unwrap());
        request
    }

    pub async fn give(&self, user: &str, diamonds: i64) {
        let transfer = Transfer {
            debit_account: "house/diamonds/issued".to_owned(),
            credit_account: format!("creator/{user}/diamonds"),
            amount: diamonds,
            ..Transfer::default()
        };
        let post = PostRequest {
            book: BOOK.to_owned(),
            request_id: Uuid::now_v7().to_string(),
            kind: "gift".to_owned(),
            transfers: vec![transfer],
            ..PostRequest::default()
        };
        self.ledger().post(post).await.unwrap();
    }

    pub async fn quote(&self, user: &str, request: CreateQuoteRequest) -> Result<(Quote, bool), String> {
        match self.earnings().create_quote(self.by(user, Role::Creator, request)).await {
            Ok(response) => {
                let response = response.into_inner();
                Ok((response.quote.unwrap(), response.replayed))
            }
            Err(status) => Err(rpc::reason(&status).unwrap()),
        }
    }

    pub async fn accept(&self, user: &str, request: AcceptQuoteRequest) -> Result<api::earnings::AcceptQuoteResponse, String> {
        match self.earnings().accept_quote(self.by(user, Role::Creator, request)).await {
            Ok(response) => Ok(response.into_inner()),
            Err(status) => Err(rpc::reason(&status).unwrap()),
        }
    }

    pub async fn balance(&self, account: &str) -> i64 {
        let request = GetAccountRequest { book: BOOK.to_owned(), account: account.to_owned() };
        self.ledger().get_account(request).await.map_or(0, |response| response.into_inner().account.unwrap().balance)
    }

    /// The books are right.
    pub async fn verify(&self) {
        let verified = self.ledger().verify_book(VerifyBookRequest { book: BOOK.to_owned() }).await.unwrap().into_inner();
        assert!(verified.ok, "{}", verified.problem);
        self.ledger.shutdown().await;
    }
}

pub fn ask(diamonds: i64, currency: &str) -> CreateQuoteRequest {
    CreateQuoteRequest {
        request_id: Uuid::now_v7().to_string(),
        diamonds,
        currency_code: currency.to_owned(),
        ..CreateQuoteRequest::default()
    }
}

pub fn take(quote: &Quote) -> AcceptQuoteRequest {
    AcceptQuoteRequest { request_id: Uuid::now_v7().to_string(), quote_id: quote.quote_id.clone(), ..AcceptQuoteRequest::default() }
}
