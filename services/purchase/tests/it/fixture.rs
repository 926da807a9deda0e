//! A purchase service with the services around it, wired as the program wires them.

use std::path::Path;
use std::time::Duration;

use api::ledger::ledger_service_client::LedgerServiceClient;
use api::ledger::{AccountState, BookMode, GetPostingRequest, ListEntriesRequest, OpenAccountsRequest, Posting, SetAccountStateRequest};
use api::purchase::purchase_service_client::PurchaseServiceClient;
use api::purchase::redeem_purchase_request::Receipt;
use api::purchase::{GetWalletRequest, GooglePurchase, RedeemPurchaseRequest, RedeemPurchaseResponse};
use identity::Role;
use purchase::{Bundle, Config, Deps, GoogleApp, GoogleOptions, PretendApple, SandboxGoogle, Service, ServiceAccountKey};
use sandbox::google::{self, SandboxGooglePlay, SoldProduct};
use sandbox::store::{StoreNeighbours, StorePurchase, server};
use serde_json::json;
use testbed::{FaultyLedger, Storage, Testbed, TestbedOptions};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Status};
use uuid::Uuid;

pub const BOOK: &str = "test-us";
pub const BUNDLE: &str = "com.example.largesse";

pub struct Fixture {
    pub store: sandbox::store::Store,
    /// Google Play, where the test has one.
    pub google: Option<SandboxGooglePlay>,
    config: Config,
    pub ledger: FaultyLedger,
    pub service: Service,
    purchase: rpc::Transport,
    pub bed: Testbed,
    shutdown: CancellationToken,
}

impl Drop for Fixture {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

pub async fn sqlite() -> Fixture {
    on(Storage::sqlite()).await
}

pub async fn postgres() -> Fixture {
    on(Storage::postgres()).await
}

fn config(store: &sandbox::store::Store) -> Config {
    let bundle = |bundle_id: &str, book: &str| Bundle { bundle_id: bundle_id.to_owned(), book: book.to_owned(), app_apple_id: 1 };
    Config {
        sandbox_roots: vec![store.root_der().to_vec()],
        bundles: vec![bundle(BUNDLE, BOOK), bundle("com.example.japan", "test-jp"), bundle("com.example.live", "live-us")],
        // Tests sweep, and read lots, by hand.
        follow_lots: false,
        sweep_interval: Duration::from_secs(24 * 60 * 60),
        order_sweep_interval: Duration::from_secs(24 * 60 * 60),
        ..Config::default()
    }
}

/// Apps at Google Play: by the pretended way for TEST books, by the real one for the LIVE book.
fn at_google(url: &str, dir: &Path, config: Config) -> Config {
    let app = |package_name: &str, book: &str| GoogleApp { package_name: package_name.to_owned(), book: book.to_owned() };
    let account = ServiceAccountKey {
        client_email: google::SERVICE_ACCOUNT.to_owned(),
        private_key_id: google::SERVICE_KEY_ID.to_owned(),
        private_key: sandbox::globalbank::TEST_CLIENT_KEY.to_owned(),
        token_uri: format!("{url}{}", google::TOKEN_PATH),
    };
    let service_account = dir.join("service-account.json");
    let file = json!({
        "type": "service_account",
        "client_email": account.client_email,
        "private_key_id": account.private_key_id,
        "private_key": account.private_key,
        "token_uri": account.token_uri,
    });
    std::fs::write(&service_account, file.to_string()).unwrap();
    let options = |apps| GoogleOptions {
        apps,
        service_account: service_account.clone(),
        api_url: url.to_owned(),
        push_audience: google::PUSH_AUDIENCE.to_owned(),
        push_email: google::PUSH_ACCOUNT.to_owned(),
        push_keys_url: format!("{url}{}", google::KEYS_PATH),
        ..GoogleOptions::default()
    };
    let pretend = options(vec![app(BUNDLE, BOOK), app("com.example.other", BOOK), app("com.example.japan", "test-jp")]);
    let sandbox_google = Some(SandboxGoogle { options: pretend, account });
    Config { google: options(vec![app("com.example.live", "live-us"), app("com.example.testers", BOOK)]), sandbox_google, ..config }
}

pub async fn on(storage: Storage) -> Fixture {
    build(storage, (false, false), |_| ()).await
}

/// With these options changed.
pub async fn with(storage: Storage, change: impl Fn(&mut Config)) -> Fixture {
    build(storage, (false, false), change).await
}

/// With a Google Play on a socket of its own.
pub async fn with_google(storage: Storage) -> Fixture {
    build(storage, (true, false), |_| ()).await
}

/// With an App Store on a socket of its own, which is answered and asked.
pub async fn with_apple(storage: Storage) -> Fixture {
    build(storage, (false, true), |_| ()).await
}

/// With both app stores on sockets of their own.
pub async fn with_app_stores(storage: Storage) -> Fixture {
    build(storage, (true, true), |_| ()).await
}

/// An App Store on a socket, and how it is reached.
async fn serve_store(dir: &Path) -> (sandbox::store::Store, PretendApple) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let apple = PretendApple {
        api_url: format!("http://{}", listener.local_addr().unwrap()),
        issuer_id: server::ISSUER_ID.to_owned(),
        key_id: server::SERVER_KEY_ID.to_owned(),
        private_key: server::SERVER_KEY.to_owned(),
    };
    let store = sandbox::store::start(listener, dir, StoreNeighbours::default(), CancellationToken::new()).await.unwrap();
    (store, apple)
}

async fn build(storage: Storage, (has_google, has_apple): (bool, bool), change: impl Fn(&mut Config)) -> Fixture {
    let (store, apple) = if has_apple {
        let (store, apple) = serve_store(storage.dir.path()).await;
        (store, Some(apple))
    } else {
        (sandbox::store::Store::open(storage.dir.path()).unwrap(), None)
    };
    let mut config = Config { sandbox_apple: apple, ..config(&store) };
    let dir = storage.dir.path().to_owned();
    let books = &[(BOOK, BookMode::Test), ("test-jp", BookMode::Test), ("live-us", BookMode::Live)];
    let bed = Testbed::on(storage, TestbedOptions { books, recorded: false }).await;
    let mut play = None;
    if has_google {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let opened = google::start(listener, &bed.database, CancellationToken::new()).await.unwrap();
        config = at_google(opened.url(), &dir, config);
        play = Some(opened);
    }
    change(&mut config);
    let shutdown = CancellationToken::new();
    let (service, purchase) = start(&bed, &config, &shutdown).await;
    Fixture { store, google: play, config, ledger: bed.fault.clone(), service, purchase, bed, shutdown }
}

async fn start(bed: &Testbed, config: &Config, shutdown: &CancellationToken) -> (Service, rpc::Transport) {
    let deps = Deps { database: bed.database.clone(), ledger: bed.ledger_as("purchase"), shutdown: shutdown.clone() };
    let service = purchase::start(deps, config.clone()).await.unwrap();
    let transport = bed.lay(service.routes());
    (service, transport)
}

/// A purchase in the app by a user without a token.
pub fn seventy() -> StorePurchase {
    StorePurchase {
        bundle_id: BUNDLE.to_owned(),
        product_id: "coins.us.app.70".to_owned(),
        app_account_token: None,
        quantity: 1,
        price: 990,
        currency: "USD".to_owned(),
        storefront: "USA".to_owned(),
    }
}

/// Looks until this holds, where sweeps are a day apart.
pub async fn until(holds: impl AsyncFn() -> bool) {
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    let waited = tokio::time::timeout(Duration::from_secs(120), async {
        while !holds().await {
            ticks.tick().await;
        }
    });
    waited.await.expect("sweeps are a day apart here");
}

pub fn new_id() -> String {
    Uuid::now_v7().to_string()
}

/// The reason of a refusal.
pub fn reason<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    let status = answer.unwrap_err();
    rpc::reason(&status).unwrap_or_else(|| format!("no reason: {status:?}"))
}

impl Fixture {
    /// The same tables under a new process.
    pub async fn restart(&mut self) {
        self.shutdown.cancel();
        self.shutdown = CancellationToken::new();
        (self.service, self.purchase) = start(&self.bed, &self.config, &self.shutdown).await;
    }

    /// The same tables under a process with this account at Stripe.
    pub async fn sell_through(&mut self, stripe: purchase::PretendStripe) {
        self.reconfigure(|config| config.sandbox_stripe = vec![stripe]).await;
    }

    /// The same tables under a process with these options changed.
    pub async fn reconfigure(&mut self, change: impl FnOnce(&mut Config)) {
        change(&mut self.config);
        self.restart().await;
    }

    /// Stops what runs beside calls: from then on nothing is read or finished but by hand.
    pub fn stop_background(&self) {
        self.shutdown.cancel();
    }

    /// The service's tables, for direct access.
    pub async fn pool(&self) -> sqlx::AnyPool {
        self.bed.database.open("purchase", &purchase::store::MIGRATIONS).await.unwrap()
    }

    pub fn client(&self) -> PurchaseServiceClient<rpc::Transport> {
        PurchaseServiceClient::new(self.purchase.clone())
    }

    /// A request with `user`'s token for the book.
    pub fn from<T>(&self, user: &str, message: T) -> Request<T> {
        self.with_role(user, Role::Viewer, BOOK, message)
    }

    pub fn with_role<T>(&self, user: &str, role: Role, book: &str, message: T) -> Request<T> {
        let mut request = self.bed.unexplained(user, role, &[book], message);
        // Used for staff only.
        request.metadata_mut().insert(rpc::REASON, "part of a test".parse().unwrap());
        request
    }

    /// Redeems a purchase at Google Play.
    pub async fn redeem_google(&self, user: &str, id: &str, sold: &SoldProduct) -> Result<RedeemPurchaseResponse, Status> {
        let purchase = GooglePurchase {
            package_name: sold.sale.package_name.clone(),
            product_id: sold.sale.product_id.clone(),
            purchase_token: sold.purchase_token.clone(),
        };
        self.redeem_purchase(user, BOOK, id, purchase).await
    }

    pub async fn redeem_purchase(&self, user: &str, book: &str, id: &str, sent: GooglePurchase) -> Result<RedeemPurchaseResponse, Status> {
        let message =
            RedeemPurchaseRequest { request_id: id.to_owned(), receipt: Some(Receipt::GooglePurchase(sent)), ..Default::default() };
        self.client().redeem_purchase(self.with_role(user, Role::Viewer, book, message)).await.map(tonic::Response::into_inner)
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

    /// Credits less debits; 0 for an account without postings.
    pub async fn balance(&self, account: &str) -> i64 {
        self.bed.balance(account).await
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

    /// Freezes, thaws or closes a user's coins; the reason where that is refused.
    pub async fn set_coins_state(&self, user: &str, state: AccountState) -> Result<(), String> {
        let account = format!("viewer/{user}/coins");
        let message = OpenAccountsRequest { request_id: Uuid::now_v7().to_string(), accounts: vec![account.clone()], ..Default::default() };
        self.books().open_accounts(self.with_role("service", Role::Service, BOOK, message)).await.unwrap();
        let message = SetAccountStateRequest { request_id: new_id(), book: BOOK.to_owned(), account, state: state.into() };
        testbed::reason(LedgerServiceClient::new(self.bed.ledger_as("support")).set_account_state(message).await).map(drop)
    }

    pub fn books(&self) -> LedgerServiceClient<rpc::Transport> {
        LedgerServiceClient::new(self.bed.ledger_transport())
    }
}

pub fn redeem_request(id: &str, receipt: &str) -> RedeemPurchaseRequest {
    RedeemPurchaseRequest {
        request_id: id.to_owned(),
        receipt: Some(Receipt::AppleSignedTransaction(receipt.to_owned())),
        ..RedeemPurchaseRequest::default()
    }
}
