//! A purchase service with its neighbours, wired as the program wires them.

use std::sync::Arc;
use std::time::Duration;

use api::ledger::ledger_service_client::LedgerServiceClient;
use api::ledger::ledger_service_server::LedgerServiceServer;
use api::ledger::{
    AccountState, GetAccountRequest, GetPostingRequest, ListEntriesRequest, OpenAccountsRequest, Posting, SetAccountStateRequest,
};
use api::purchase::purchase_service_client::PurchaseServiceClient;
use api::purchase::redeem_purchase_request::Receipt;
use api::purchase::{GetWalletRequest, RedeemPurchaseRequest, RedeemPurchaseResponse};
use identity::{Books, Grant, Issuer, Role, Verifier};
use ledger::store::Mode;
use money::{BookName, UserKey};
use purchase::{Bundle, Config, Deps, Service};
use sandbox::store::Purchase;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Status};
use tower::Layer;
use uuid::Uuid;

use crate::faulty_ledger::FaultyLedger;

pub const BOOK: &str = "test-us";
pub const BUNDLE: &str = "com.example.largesse";

pub struct House {
    pub store: sandbox::store::Store,
    pub ledger: FaultyLedger,
    pub service: Service,
    purchase: rpc::Transport,
    ledger_way: rpc::Transport,
    issuer: Arc<Issuer>,
    shutdown: CancellationToken,
    database: db::Database,
    _dir: tempfile::TempDir,
    _cluster: Option<pgtest::Cluster>,
}

impl Drop for House {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

pub async fn sqlite() -> House {
    let dir = tempfile::tempdir().unwrap();
    let database = db::Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap();
    build(dir, database, None).await
}

pub async fn postgres() -> House {
    let cluster = pgtest::Cluster::start().unwrap();
    let database = db::Database::parse(&cluster.create_database().unwrap()).unwrap();
    build(tempfile::tempdir().unwrap(), database, Some(cluster)).await
}

fn config(store: &sandbox::store::Store) -> Config {
    let bundle = |bundle_id: &str, book: &str| Bundle { bundle_id: bundle_id.to_owned(), book: book.to_owned(), app_apple_id: 1 };
    Config {
        sandbox_roots: vec![store.root_der().to_vec()],
        bundles: vec![bundle(BUNDLE, BOOK), bundle("com.example.japan", "test-jp"), bundle("com.example.live", "live-us")],
        // Tests sweep by hand.
        sweep_interval: Duration::from_secs(24 * 60 * 60),
        ..Config::default()
    }
}

async fn build(dir: tempfile::TempDir, database: db::Database, cluster: Option<pgtest::Cluster>) -> House {
    let store = sandbox::store::Store::open(dir.path()).unwrap();
    let issuer = Arc::new(Issuer::load_or_create(&dir.path().join("identity")).unwrap());
    let shutdown = CancellationToken::new();
    let ledger = FaultyLedger::new(ledger::Service::new(books(&database).await));
    let (service, purchase, ledger_way) = start(&issuer, &ledger, &store, &database, &shutdown).await;
    House { store, ledger, service, purchase, ledger_way, issuer, shutdown, database, _dir: dir, _cluster: cluster }
}

async fn start(
    issuer: &Arc<Issuer>,
    ledger: &FaultyLedger,
    store: &sandbox::store::Store,
    database: &db::Database,
    shutdown: &CancellationToken,
) -> (Service, rpc::Transport, rpc::Transport) {
    let stack = rpc::Stack::try_new(rpc::Options::new(Arc::new(Verifier::new(&[issuer.public_key()])), shutdown.clone())).unwrap();
    let routes = tonic::service::Routes::new(LedgerServiceServer::new(ledger.clone()));
    let ledger_way = rpc::in_process(stack.layer(routes));
    let token = rpc::ServiceToken::minted(issuer.clone(), "purchase").unwrap();
    let deps = Deps { database: database.clone(), ledger: ledger_way.with_token(token), shutdown: shutdown.clone() };
    let service = purchase::start(deps, config(store)).await.unwrap();
    let transport = rpc::in_process(stack.layer(service.routes()));
    (service, transport, ledger_way)
}

/// A ledger with the books that the tests know.
async fn books(database: &db::Database) -> Arc<ledger::Ledger> {
    let store = ledger::open_store(database).await.unwrap();
    let ledger = ledger::Ledger::start(store, ledger::Config::default()).await.unwrap();
    for (name, mode) in [(BOOK, Mode::Test), ("test-jp", Mode::Test), ("live-us", Mode::Live)] {
        ledger.create_book(&BookName::try_new(name).unwrap(), mode, "test").await.unwrap();
    }
    ledger
}

/// What the app of a user with no token would buy.
pub fn seventy() -> Purchase {
    Purchase {
        bundle_id: BUNDLE.to_owned(),
        product_id: "coins.us.app.70".to_owned(),
        app_account_token: None,
        quantity: 1,
        price: 990,
        currency: "USD".to_owned(),
        storefront: "USA".to_owned(),
    }
}

pub fn new_id() -> String {
    Uuid::now_v7().to_string()
}

/// The reason of a refusal.
pub fn reason<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    let status = answer.unwrap_err();
    rpc::reason(&status).unwrap_or_else(|| format!("no reason: {status:?}"))
}

impl House {
    /// The same tables under a new process.
    pub async fn restart(&mut self) {
        self.shutdown.cancel();
        self.shutdown = CancellationToken::new();
        let started = start(&self.issuer, &self.ledger, &self.store, &self.database, &self.shutdown).await;
        (self.service, self.purchase, self.ledger_way) = started;
    }

    pub fn client(&self) -> PurchaseServiceClient<rpc::Transport> {
        PurchaseServiceClient::new(self.purchase.clone())
    }

    /// A request with `user`'s token for the book.
    pub fn from<T>(&self, user: &str, message: T) -> Request<T> {
        self.with_role(user, Role::Viewer, BOOK, message)
    }

    pub fn with_role<T>(&self, user: &str, role: Role, book: &str, message: T) -> Request<T> {
        let books = Books::Only(vec![BookName::try_new(book).unwrap()]);
        let grant = Grant { subject: UserKey::try_new(user).unwrap(), role, app: String::new(), books };
        let token = self.issuer.issue(&grant, Duration::from_secs(600)).unwrap();
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        // Heard of staff only.
        request.metadata_mut().insert(rpc::REASON, "part of a test".parse().unwrap());
        request
    }

    pub async fn redeem(&self, user: &str, id: &str, receipt: &str) -> Result<RedeemPurchaseResponse, Status> {
        let request = self.from(user, redeem_request(id, receipt));
        self.client().redeem_purchase(request).await.map(tonic::Response::into_inner)
    }

    pub async fn token_of(&self, user: &str) -> String {
        let request = self.from(user, GetWalletRequest::default());
        self.client().get_wallet(request).await.unwrap().into_inner().app_account_token
    }

    /// A receipt for 70 coins without a token.
    pub fn receipt(&self) -> String {
        self.store.sell(&seventy()).unwrap().signed_transaction
    }

    pub async fn coins(&self, user: &str) -> i64 {
        self.balance(&format!("viewer/{user}/coins")).await
    }

    /// Credits less debits; 0 for an account that nobody posted to.
    pub async fn balance(&self, account: &str) -> i64 {
        let message = GetAccountRequest { account: account.to_owned(), ..Default::default() };
        let answer = self.books().get_account(self.with_role("finance", Role::Finance, BOOK, message)).await;
        answer.map_or(0, |answer| answer.into_inner().account.unwrap().balance)
    }

    /// The postings that issued coins, in order.
    pub async fn postings(&self) -> Vec<Posting> {
        let message = ListEntriesRequest { account: "house/coins/issued".to_owned(), page_size: 200, ..Default::default() };
        let answer = self.books().list_entries(self.with_role("finance", Role::Finance, BOOK, message)).await;
        let entries = answer.map_or(Vec::new(), |answer| answer.into_inner().entries);
        let mut postings = Vec::new();
        for entry in entries.into_iter().rev() {
            let message = GetPostingRequest { posting_id: entry.posting_id, ..Default::default() };
            let answer = self.books().get_posting(self.with_role("finance", Role::Finance, BOOK, message)).await.unwrap();
            postings.push(answer.into_inner().posting.unwrap());
        }
        postings
    }

    /// Freezes or thaws a user's coins.
    pub async fn set_coins_state(&self, user: &str, state: AccountState) {
        let account = format!("viewer/{user}/coins");
        let message = OpenAccountsRequest { accounts: vec![account.clone()], ..Default::default() };
        self.books().open_accounts(self.with_role("service", Role::Service, BOOK, message)).await.unwrap();
        let message = SetAccountStateRequest { request_id: new_id(), account, state: state.into(), ..Default::default() };
        self.books().set_account_state(self.with_role("support", Role::Service, BOOK, message)).await.unwrap();
    }

    fn books(&self) -> LedgerServiceClient<rpc::Transport> {
        LedgerServiceClient::new(self.ledger_way.clone())
    }
}

pub fn redeem_request(id: &str, receipt: &str) -> RedeemPurchaseRequest {
    RedeemPurchaseRequest {
        request_id: id.to_owned(),
        receipt: Some(Receipt::AppleSignedTransaction(receipt.to_owned())),
        ..RedeemPurchaseRequest::default()
    }
}
