//! The shared test installation: a real ledger behind the real stack, on a database of either engine, with people and services that have real tokens. Each
//! service's tests add their service to it.
//!
//! - [`storage`]: databases that are removed with the test.
//! - [`faulty`]: the ledger with injected faults. [`insides`]: answers full of details that no user may see.
//! - [`collector`]: receives what processes export over OTLP. [`crash()`] and [`crash_at`]: drop what is done at any await.
//! - [`authority`]: a certificate authority. [`lying_line`]: a line to the bank that lies. [`bank_messages`]: what a bank's answers are made of.
#![allow(clippy::unwrap_used)]
pub mod authority;
pub mod bank_messages;
pub mod collector;
mod crash;
pub mod faulty;
pub mod insides;
pub mod lying_line;
pub mod storage;

pub use crash::{Crash, crash, crash_at};
pub use faulty::{Fault, FaultyLedger};
pub use ledger::clock::LedgerClock;
pub use storage::{Storage, both};

use api::ledger::{
    BookMode, CreateBookRequest, GetAccountRequest, PostRequest, Transfer, VerifyBookRequest, ledger_service_client::LedgerServiceClient,
    ledger_service_server::LedgerServiceServer,
};
use db::Database;
use identity::{BookScope, Grant, Issuer, Role, Verifier, keys::KeyPair};
use ledger::Ledger;
use money::{BookName, UserKey};
use rpc::{ApproverToken, Options, ServiceToken, Stack, Transport};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, service::Routes};
use tower::Layer as _;
use uuid::Uuid;

/// How long the tokens of tests are valid.
const TOKEN_LIFE: Duration = Duration::from_secs(600);
/// The service name of the test itself, which acts in place of services.
const TESTER: &str = "test";

/// The options of the installation.
#[derive(Debug, Clone, Copy)]
pub struct TestbedOptions {
    /// The books; requests use the first.
    pub books: &'static [(&'static str, BookMode)],
    /// Whether staff actions are recorded; if so, the test adds the support service to the stack.
    pub recorded: bool,
}

/// A ledger with everything that a service needs around it.
pub struct Testbed {
    /// The database for services' tables.
    pub database: Database,
    /// The middleware that every call passes.
    pub stack: Stack,
    /// The fault injector before the ledger.
    pub fault: FaultyLedger,
    /// The ledger itself.
    pub ledger: Arc<Ledger>,
    /// Cancelled when the installation is about to stop.
    pub closing: CancellationToken,
    issuer: Arc<Issuer>,
    book: &'static str,
    ledger_transport: Transport,
    _storage: Option<Storage>,
}

impl Testbed {
    /// Starts an installation on storage that is removed with it.
    pub async fn on(storage: Storage, options: TestbedOptions) -> Self {
        let database = storage.database.clone();
        Self { _storage: Some(storage), ..Self::over(&database, options).await }
    }

    /// The same with a ledger whose time the test sets.
    pub async fn at(storage: Storage, options: TestbedOptions, clock: LedgerClock) -> Self {
        let database = storage.database.clone();
        Self { _storage: Some(storage), ..Self::begin(&database, options, clock).await }
    }

    /// Starts an installation on a database that the caller keeps.
    pub async fn over(database: &Database, options: TestbedOptions) -> Self {
        Self::begin(database, options, LedgerClock::System).await
    }

    async fn begin(database: &Database, options: TestbedOptions, clock: LedgerClock) -> Self {
        let issuer = Arc::new(Issuer::from_keys(&KeyPair::generate().unwrap()));
        let verifier = Arc::new(Verifier::new(&[issuer.public_key()]));
        let closing = CancellationToken::new();
        let stack = Options { recorded: options.recorded, ..Options::new(verifier, closing.clone()) };
        let stack = Stack::try_new(stack).unwrap();
        // Services may post only what their rows allow; the test itself may post anything.
        let config = ledger::Config { unbounded: vec![TESTER.to_owned()], clock, ..ledger::Config::default() };
        let ledger = Ledger::start(books::store::open_store(database).await.unwrap(), config).await.unwrap();
        let fault = FaultyLedger::new(ledger::Service::new(ledger.clone()));
        let ledger_transport = rpc::in_process(stack.layer(Routes::new(LedgerServiceServer::new(fault.clone())).prepare()));
        let (book, database) = (options.books[0].0, database.clone());
        let bed = Self { database, stack, fault, ledger, closing, issuer, book, ledger_transport, _storage: None };
        for (name, mode) in options.books {
            let request = CreateBookRequest {
                request_id: Uuid::now_v7().to_string(),
                book: (*name).to_owned(),
                mode: (*mode).into(),
                region: "test".to_owned(),
            };
            bed.client().create_book(request).await.unwrap();
        }
        bed
    }

    /// A connection to the ledger for a service of this name. SupportService's carries the token of an approver, so that a test can act in its place.
    #[must_use]
    pub fn ledger_as(&self, service: &str) -> Transport {
        let alone = self.ledger_alone(service);
        if service != "support" {
            return alone;
        }
        alone.approved_by(&ApproverToken::of(&self.unexplained("approver", Role::Finance, &[self.book], ())).unwrap())
    }

    /// The same with the service's token and nothing else.
    #[must_use]
    pub fn ledger_alone(&self, service: &str) -> Transport {
        self.ledger_transport.with_token(self.service_token(service))
    }

    /// A connection to the ledger without a token: callers add their own.
    #[must_use]
    pub fn ledger_transport(&self) -> Transport {
        self.ledger_transport.clone()
    }

    /// A token of a service.
    #[must_use]
    pub fn service_token(&self, service: &str) -> ServiceToken {
        ServiceToken::minted(self.issuer.clone(), service).unwrap()
    }

    /// A client of the ledger with the test's own service token.
    #[must_use]
    pub fn client(&self) -> LedgerServiceClient<Transport> {
        LedgerServiceClient::new(self.ledger_as(TESTER))
    }

    /// A connection to a service through the stack.
    #[must_use]
    pub fn lay(&self, routes: Routes) -> Transport {
        rpc::in_process(self.stack.layer(routes.prepare()))
    }

    /// A request of a person in a role and in all books given, without a reason.
    pub fn unexplained<T>(&self, subject: &str, role: Role, books: &[&str], message: T) -> Request<T> {
        self.for_a_while(subject, role, (books, TOKEN_LIFE), message)
    }

    /// The same with a token of this lifetime.
    pub fn for_a_while<T>(&self, subject: &str, role: Role, (books, life): (&[&str], Duration), message: T) -> Request<T> {
        let books = BookScope::Only(books.iter().map(|book| BookName::try_new(book).unwrap()).collect());
        let grant = Grant { subject: UserKey::try_new(subject).unwrap(), role, app: String::new(), books };
        let token = self.issuer.issue(&grant, life).unwrap();
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        request
    }

    /// A request of a person in a role and in the first book. The reason is read only for staff.
    pub fn by<T>(&self, subject: &str, role: Role, message: T) -> Request<T> {
        let mut request = self.unexplained(subject, role, &[self.book], message);
        request.metadata_mut().insert(rpc::REASON, "part of a test".parse().unwrap());
        request
    }

    /// Moves an amount, as a service would; returns the posting's id.
    pub async fn post(&self, kind: &str, debit: &str, credit: &str, amount: i64) -> String {
        let transfer = Transfer { debit_account: debit.to_owned(), credit_account: credit.to_owned(), amount, ..Transfer::default() };
        let post = PostRequest {
            book: self.book.to_owned(),
            request_id: new_id(),
            kind: kind.to_owned(),
            transfers: vec![transfer],
            ..PostRequest::default()
        };
        self.client().post(post).await.unwrap().into_inner().posting.unwrap().posting_id
    }

    /// Balance and available balance; zero for an account that was never used.
    pub async fn balances(&self, account: &str) -> (i64, i64) {
        let request = GetAccountRequest { book: self.book.to_owned(), account: account.to_owned() };
        match self.client().get_account(request).await {
            Ok(answer) => answer.into_inner().account.map(|account| (account.balance, account.available)).unwrap(),
            Err(status) => {
                assert_eq!(rpc::reason(&status).as_deref(), Some("ACCOUNT_UNKNOWN"), "{status:?}");
                (0, 0)
            }
        }
    }

    /// Credits less debits.
    pub async fn balance(&self, account: &str) -> i64 {
        self.balances(account).await.0
    }

    /// Verifies the books, and stops the ledger.
    pub async fn verify(&self) {
        let verified = self.client().verify_book(VerifyBookRequest { book: self.book.to_owned() }).await.unwrap().into_inner();
        assert!(verified.ok, "{}", verified.problem);
        self.ledger.shutdown().await;
    }

    /// The same for a book that takes longer to verify than a call may.
    pub async fn verify_large(&self) {
        let (store, name) = (&**self.ledger.store(), self.book);
        let book = store.books().await.unwrap().into_iter().find(|book| book.name.as_str() == name).unwrap();
        let problem = books::verify::verify(store, &book).await.unwrap().problem;
        assert!(problem.is_none(), "{:?}", problem.map(|problem| (problem.seq, problem.what)));
        self.ledger.shutdown().await;
    }
}

/// A new request id.
#[must_use]
pub fn new_id() -> String {
    Uuid::now_v7().to_string()
}

/// The answer, or the reason of its refusal.
pub fn reason<T>(answer: Result<Response<T>, Status>) -> Result<T, String> {
    answer.map(Response::into_inner).map_err(|status| rpc::reason(&status).unwrap_or_else(|| status.to_string()))
}
