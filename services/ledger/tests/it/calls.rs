//! The ledger behind the middleware stack that every call passes, in one process, on either store.
use crate::book::{Databases, config, databases};
use api::ledger::{
    BookMode, CreateBookRequest, PostBatchRequest, PostRequest, PostResponse, Transfer, ledger_service_client::LedgerServiceClient,
    post_batch_outcome::Outcome,
};
use db::Database;
use identity::{BookScope, Grant, Issuer, Role, Verifier};

use books::{store::Store, store::open_store};

use ledger::{Config, Ledger, Service};
use money::{BookName, UserKey};
use rpc::{Options, ServiceToken, Stack, Transport};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Status, service::Routes};
use tower::Layer;
use uuid::Uuid;

pub const BOOK: &str = "demo";
/// The subject of the tokens of [`Fixture::by`].
pub const SOMEBODY: &str = "somebody";

/// A running ledger and a client connection to it.
pub struct Fixture {
    pub ledger: Arc<Ledger>,
    issuer: Arc<Issuer>,
    way: Transport,
    bare: Transport,
    _keys: tempfile::TempDir,
}

impl Fixture {
    pub async fn start(database: &Database, config: Config) -> Self {
        Self::over(open_store(database).await.unwrap(), config).await
    }

    pub async fn over(store: Arc<dyn Store>, config: Config) -> Self {
        // Most tests are about what a posting does, not about who may make it.
        let unbounded = ["gift", SOMEBODY].map(str::to_owned).to_vec();
        Self::strict(store, Config { unbounded, ..config }).await
    }

    /// One in which each caller may post only what its rows allow.
    pub async fn strict(store: Arc<dyn Store>, config: Config) -> Self {
        let ledger = Ledger::start(store, config).await.unwrap();
        let keys = tempfile::tempdir().unwrap();
        let issuer = Arc::new(Issuer::load_or_create(keys.path()).unwrap());
        let options = Options::new(Arc::new(Verifier::new(&[issuer.public_key()])), CancellationToken::new());
        let bare = rpc::in_process(Stack::try_new(options).unwrap().layer(Routes::new(Service::new(ledger.clone()).server())));
        let way = bare.clone().with_token(ServiceToken::minted(issuer.clone(), "gift").unwrap());
        let fixture = Self { ledger, issuer, way, bare, _keys: keys };
        fixture.create_book(BOOK).await;
        fixture
    }

    pub async fn create_book(&self, book: &str) {
        let request = CreateBookRequest {
            request_id: Uuid::now_v7().to_string(),
            book: book.to_owned(),
            mode: BookMode::Test.into(),
            region: "us".to_owned(),
        };
        self.client().create_book(request).await.unwrap();
    }

    /// A client with a service's token.
    pub fn client(&self) -> LedgerServiceClient<Transport> {
        LedgerServiceClient::new(self.way.clone()).max_decoding_message_size(rpc::MESSAGE_BYTES_MAX)
    }

    /// A client that sends each request with the request's own token.
    pub fn anyone(&self) -> LedgerServiceClient<Transport> {
        LedgerServiceClient::new(self.bare.clone())
    }

    /// A request of a person with this role.
    pub fn by<T>(&self, role: Role, message: T) -> Request<T> {
        self.of(SOMEBODY, role, message)
    }

    /// A request of this subject with this role.
    pub fn of<T>(&self, subject: &str, role: Role, message: T) -> Request<T> {
        self.for_a_while((subject, role), Duration::from_secs(600), message)
    }

    /// The same, with a token of this lifetime.
    pub fn for_a_while<T>(&self, (subject, role): (&str, Role), life: Duration, message: T) -> Request<T> {
        let books = BookScope::Only(vec![BookName::try_new(BOOK).unwrap()]);
        let grant = Grant { subject: UserKey::try_new(subject).unwrap(), role, app: String::new(), books };
        let token = self.issuer.issue(&grant, life).unwrap();
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        // Used for staff only.
        request.metadata_mut().insert(rpc::REASON, "part of a test".parse().unwrap());
        request
    }

    /// A request of SupportService that carries out what this person approved, in this book.
    pub fn approved<T>(&self, (person, role, book): (&str, Role, &str), message: T) -> Request<T> {
        let books = BookScope::Only(vec![BookName::try_new(book).unwrap()]);
        let grant = Grant { subject: UserKey::try_new(person).unwrap(), role, app: String::new(), books };
        let token = self.issuer.issue(&grant, Duration::from_secs(600)).unwrap();
        let mut request = self.of("support", Role::Service, message);
        request.metadata_mut().insert("largesse-approver", format!("Bearer {token}").parse().unwrap());
        request
    }

    /// A connection with this service's token, for every book.
    pub fn way_of(&self, service: &str) -> Transport {
        self.bare.clone().with_token(ServiceToken::minted(self.issuer.clone(), service).unwrap())
    }

    pub async fn post(&self, request: PostRequest) -> PostResponse {
        self.client().post(request).await.unwrap().into_inner()
    }

    /// Posts in batches; every posting must be accepted.
    pub async fn post_all(&self, mut posts: Vec<PostRequest>) {
        while !posts.is_empty() {
            let rest = posts.split_off(posts.len().min(1_000));
            let batch = PostBatchRequest { book: BOOK.to_owned(), posts, brief: true };
            let outcomes = self.client().post_batch(batch).await.unwrap().into_inner().outcomes;
            assert!(outcomes.iter().all(|outcome| matches!(outcome.outcome, Some(Outcome::Accepted(_)))), "{:?}", outcomes[0]);
            posts = rest;
        }
    }
}

/// Runs a test on both stores.
pub async fn on_both(test: impl AsyncFn(&Database, &Databases)) {
    let databases = databases();
    for database in &databases.all {
        test(database, &databases).await;
    }
}

/// No lease: tests start one ledger after another on the same store.
pub async fn fixture(database: &Database) -> Fixture {
    Fixture::start(database, config()).await
}

pub fn transfer(debit: &str, credit: &str, amount: i64) -> Transfer {
    Transfer { debit_account: debit.to_owned(), credit_account: credit.to_owned(), amount, ..Default::default() }
}

pub fn post(kind: &str, transfers: Vec<Transfer>) -> PostRequest {
    PostRequest { book: BOOK.to_owned(), request_id: Uuid::now_v7().to_string(), kind: kind.to_owned(), transfers, ..Default::default() }
}

/// Coins for a viewer.
pub fn coins(user: &str, amount: i64) -> PostRequest {
    post("top_up", vec![transfer("house/coins/issued", &format!("viewer/{user}/coins"), amount)])
}

/// A gift: a viewer's coins become a creator's diamonds.
pub fn gift(user: &str, creator: &str, amount: i64) -> PostRequest {
    let diamonds = transfer("house/diamonds/issued", &format!("creator/{creator}/diamonds"), amount);
    post("gift", vec![transfer(&format!("viewer/{user}/coins"), "house/coins/redeemed", amount), diamonds])
}

pub fn reason(status: &Status) -> String {
    rpc::reason(status).unwrap_or_else(|| format!("{status:?}"))
}
