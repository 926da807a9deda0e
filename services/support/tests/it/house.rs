//! A ledger and the support service behind one stack, on both engines.
use api::{
    ledger::{
        BookMode, CreateBookRequest, GetAccountRequest, PostRequest, Transfer, ledger_service_client::LedgerServiceClient,
        ledger_service_server::LedgerServiceServer,
    },
    support::{
        Adjustment, AdjustmentTransfer, ApproveRequest, Proposal, ProposeRequest, RejectRequest, propose_request,
        support_service_client::SupportServiceClient,
    },
};
use db::Database;
use identity::{Books, Grant, Issuer, Role, Verifier, keys::KeyPair};
use ledger::Ledger;
use money::{BookName, UserKey};
use rpc::{Options, ServiceToken, Stack, Transport};
use std::{sync::Arc, time::Duration};
use support::{Deps, Service};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, service::Routes};
use tower::Layer as _;
use uuid::Uuid;

pub const BOOK: &str = "demo";

/// A database of each kind; what they live on comes with them.
pub struct Databases {
    pub all: Vec<Database>,
    _dir: tempfile::TempDir,
    _cluster: pgtest::Cluster,
}

pub fn databases() -> Databases {
    let dir = tempfile::tempdir().unwrap();
    let cluster = pgtest::Cluster::start().unwrap();
    let urls = [format!("sqlite:{}", dir.path().display()), cluster.create_database().unwrap()];
    Databases { all: urls.iter().map(|url| Database::parse(url).unwrap()).collect(), _dir: dir, _cluster: cluster }
}

pub struct House {
    pub database: Database,
    issuer: Arc<Issuer>,
    stack: Stack,
    pub ledger: Arc<Ledger>,
    pub heads_dir: tempfile::TempDir,
    way: Transport,
    ledger_way: Transport,
    shutdown: CancellationToken,
}

impl House {
    pub async fn start(database: &Database) -> Self {
        let issuer = Arc::new(Issuer::from_keys(&KeyPair::generate().unwrap()));
        let options = Options { recorded: true, ..Options::new(Arc::new(Verifier::new(&[issuer.public_key()])), CancellationToken::new()) };
        let stack = Stack::try_new(options).unwrap();
        let ledger = Ledger::start(ledger::open_store(database).await.unwrap(), ledger::Config::default()).await.unwrap();
        let server = LedgerServiceServer::new(ledger::Service::new(ledger.clone()));
        let ledger_way = rpc::in_process(stack.layer(Routes::new(server).prepare()));
        let token = |name: &str| ServiceToken::minted(issuer.clone(), name).unwrap();
        let book = CreateBookRequest { book: BOOK.to_owned(), mode: BookMode::Test.into(), region: "local".to_owned() };
        LedgerServiceClient::new(ledger_way.with_token(token("test"))).create_book(book).await.unwrap();
        let shutdown = CancellationToken::new();
        let heads_dir = tempfile::tempdir().unwrap();
        let deps = Deps {
            ledger: ledger_way.with_token(token("support")),
            database: database.clone(),
            heads_dir: Some(heads_dir.path().to_owned()),
            shutdown: shutdown.clone(),
        };
        let service: Service = support::start(deps).await.unwrap();
        let way = rpc::in_process(stack.layer(service.routes().prepare()));
        stack.record_with(way.with_token(token("largesse")));
        Self { database: database.clone(), issuer, stack, ledger, heads_dir, way, ledger_way, shutdown }
    }

    /// As a process that ends.
    pub async fn stop(self) {
        self.shutdown.cancel();
        self.ledger.shutdown().await;
    }

    /// A second support service on the same tables.
    pub async fn another(&self) -> SupportServiceClient<Transport> {
        let token = ServiceToken::minted(self.issuer.clone(), "support").unwrap();
        let deps = Deps {
            ledger: self.ledger_way.with_token(token),
            database: self.database.clone(),
            heads_dir: None,
            shutdown: self.shutdown.clone(),
        };
        SupportServiceClient::new(rpc::in_process(self.stack.layer(support::start(deps).await.unwrap().routes().prepare())))
    }

    pub fn support(&self) -> SupportServiceClient<Transport> {
        SupportServiceClient::new(self.way.clone())
    }

    pub fn books(&self) -> LedgerServiceClient<Transport> {
        LedgerServiceClient::new(self.ledger_way.clone())
    }

    /// A request of somebody in a role, who says why.
    pub fn by<T>(&self, subject: &str, role: Role, message: T) -> Request<T> {
        let mut request = self.unexplained(subject, role, message);
        request.metadata_mut().insert(rpc::REASON, "ticket 4711".parse().unwrap());
        request
    }

    pub fn unexplained<T>(&self, subject: &str, role: Role, message: T) -> Request<T> {
        let books = Books::Only(vec![BookName::try_new(BOOK).unwrap()]);
        let grant = Grant { subject: UserKey::try_new(subject).unwrap(), role, app: String::new(), books };
        let token = self.issuer.issue(&grant, Duration::from_secs(600)).unwrap();
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        request
    }

    /// Coins for a viewer, as the purchase service would; the posting.
    pub async fn give(&self, user: &str, coins: i64) -> String {
        let transfer = Transfer {
            debit_account: "house/coins/issued".to_owned(),
            credit_account: format!("viewer/{user}/coins"),
            amount: coins,
            ..Default::default()
        };
        let post = PostRequest { request_id: new_id(), kind: "purchase".to_owned(), transfers: vec![transfer], ..Default::default() };
        let posted = self.books().post(self.by("purchase", Role::Service, post)).await.unwrap();
        posted.into_inner().posting.unwrap().posting_id
    }

    pub async fn coins(&self, user: &str) -> i64 {
        let request = GetAccountRequest { account: format!("viewer/{user}/coins"), ..Default::default() };
        let answer = self.books().get_account(self.by("test", Role::Service, request)).await;
        answer.map_or(0, |answer| answer.into_inner().account.unwrap().balance)
    }

    pub async fn propose(&self, by: &str, act: propose_request::Act) -> Proposal {
        let request = ProposeRequest { request_id: new_id(), act: Some(act), ..Default::default() };
        let answer = self.support().propose(self.by(by, Role::Support, request)).await.unwrap();
        answer.into_inner().proposal.unwrap()
    }

    pub async fn approve(&self, by: &str, proposal: &Proposal) -> Result<Proposal, String> {
        let request = ApproveRequest { proposal_id: proposal.proposal_id.clone(), ..Default::default() };
        told(self.support().approve(self.by(by, Role::Finance, request)).await).map(|answer| answer.proposal.unwrap())
    }

    pub async fn reject(&self, (by, role): (&str, Role), proposal: &Proposal) -> Result<Proposal, String> {
        let request = RejectRequest { proposal_id: proposal.proposal_id.clone(), ..Default::default() };
        told(self.support().reject(self.by(by, role, request)).await).map(|answer| answer.proposal.unwrap())
    }
}

/// The answer, or the reason of its refusal.
pub fn told<T>(answer: Result<Response<T>, Status>) -> Result<T, String> {
    answer.map(Response::into_inner).map_err(|status| rpc::reason(&status).unwrap_or_else(|| status.to_string()))
}

pub fn new_id() -> String {
    Uuid::now_v7().to_string()
}

/// Coins given to a viewer by hand.
pub fn gift_of(user: &str, coins: i64) -> propose_request::Act {
    let transfer = AdjustmentTransfer {
        debit_account: "house/coins/issued".to_owned(),
        credit_account: format!("viewer/{user}/coins"),
        amount: coins,
    };
    propose_request::Act::Adjustment(Adjustment { transfers: vec![transfer] })
}
