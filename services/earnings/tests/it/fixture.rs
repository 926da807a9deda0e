//! The earnings service over the real ledger, on a database of either engine, with a clock that the test moves.
use api::{
    earnings::{AcceptQuoteRequest, CreateQuoteRequest, Quote, earnings_service_client::EarningsServiceClient},
    ledger::{BookMode, ledger_service_client::LedgerServiceClient},
};
use db::Database;
use earnings::{Config, Deps, Service};
use identity::Role;
use rpc::Transport;
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};
use testbed::{Storage, Testbed, TestbedOptions};
use tokio_util::sync::CancellationToken;
use tonic::Request;
use uuid::Uuid;

pub const BOOK: &str = "tiktok-us";

pub struct Fixture {
    pub bed: Testbed,
    pub service: Service,
    earnings_way: Transport,
    /// Seconds by which the service's clock is ahead.
    ahead: Arc<AtomicU64>,
    pub database: Database,
    _tables: Storage,
}

/// Both engines, each with an installation of its own.
pub async fn both() -> Vec<Fixture> {
    vec![Fixture::start(Storage::sqlite(), None).await, Fixture::start(Storage::postgres(), None).await]
}

impl Fixture {
    pub async fn start(tables: Storage, rate_card: Option<PathBuf>) -> Self {
        // The ledger's own engines are tested with the ledger; here it only has to run.
        let options = TestbedOptions { books: &[(BOOK, BookMode::Test)], recorded: false };
        let bed = Testbed::on(Storage::sqlite(), options).await;
        let ahead = Arc::new(AtomicU64::new(0));
        let shift = Arc::clone(&ahead);
        let database = tables.database.clone();
        let deps = Deps {
            ledger: bed.ledger_as("earnings"),
            database: database.clone(),
            clock: Arc::new(move || SystemTime::now() + Duration::from_secs(shift.load(Ordering::SeqCst))),
            shutdown: CancellationToken::new(),
        };
        let service = earnings::start(deps, Config { rate_card }).await.unwrap();
        let earnings_way = bed.lay(service.routes());
        Self { bed, service, earnings_way, ahead, database, _tables: tables }
    }

    pub fn ledger(&self) -> LedgerServiceClient<Transport> {
        self.bed.client()
    }

    pub fn earnings(&self) -> EarningsServiceClient<Transport> {
        EarningsServiceClient::new(self.earnings_way.clone())
    }

    pub fn later(&self, seconds: u64) {
        self.ahead.fetch_add(seconds, Ordering::SeqCst);
    }

    /// A request of this user.
    pub fn by<T>(&self, user: &str, role: Role, message: T) -> Request<T> {
        self.bed.by(user, role, message)
    }

    pub async fn give(&self, user: &str, diamonds: i64) {
        self.bed.post("gift", "house/diamonds/issued", &format!("creator/{user}/diamonds"), diamonds).await;
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
        self.bed.balance(account).await
    }

    /// Checks the books.
    pub async fn verify(&self) {
        self.bed.verify().await;
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
