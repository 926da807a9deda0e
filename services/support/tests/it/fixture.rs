//! Test fixture: a ledger and the support service behind one stack, on both engines.
use api::{
    ledger::{BookMode, ledger_service_client::LedgerServiceClient},
    support::{
        Adjustment, AdjustmentTransfer, ApproveRequest, Proposal, ProposeRequest, RejectRequest, propose_request,
        support_service_client::SupportServiceClient,
    },
};
use db::Database;
use identity::Role;
use rpc::Transport;
use support::{Deps, Service};
use testbed::{Testbed, TestbedOptions};
use tokio_util::sync::CancellationToken;
use tonic::Request;

pub use testbed::{new_id, reason as told};

pub const BOOK: &str = "demo";

/// A database of each kind, with the servers and directories that they need.
pub struct Databases {
    pub all: Vec<Database>,
    _storage: [testbed::Storage; 2],
}

pub fn databases() -> Databases {
    let storage = testbed::both();
    Databases { all: storage.iter().map(|storage| storage.database.clone()).collect(), _storage: storage }
}

pub struct Fixture {
    pub database: Database,
    pub bed: Testbed,
    pub heads_dir: tempfile::TempDir,
    pub service: Service,
    way: Transport,
    shutdown: CancellationToken,
}

impl Fixture {
    pub async fn start(database: &Database) -> Self {
        let bed = Testbed::over(database, TestbedOptions { books: &[(BOOK, BookMode::Test)], recorded: true }).await;
        let shutdown = CancellationToken::new();
        let heads_dir = tempfile::tempdir().unwrap();
        let stopped = CancellationToken::new();
        stopped.cancel();
        let deps = Deps {
            ledger: bed.ledger_alone("support"),
            database: database.clone(),
            heads_dir: Some(heads_dir.path().to_owned()),
            // Without background work: the tests run it themselves.
            shutdown: stopped,
        };
        let service: Service = support::start(deps).await.unwrap();
        let way = bed.lay(service.routes());
        let services = identity::Service::ALL.into_iter().filter(|service| service.grpc_name().is_some()).map(identity::Service::as_str);
        bed.stack.record_by(services.map(|service| (service, way.with_token(bed.service_token(service)))).collect());
        Self { database: database.clone(), bed, heads_dir, service, way, shutdown }
    }

    /// Stops everything, as at the end of a process.
    pub async fn stop(self) {
        self.shutdown.cancel();
        self.bed.ledger.shutdown().await;
    }

    /// What the sweeper does when it runs this many seconds from now.
    pub async fn sweep_after(&self, seconds: i64) -> usize {
        self.sweep_since(money::time::now_ms(), seconds).await
    }

    /// The same when it runs this many seconds after a moment, however long it took to get here.
    pub async fn sweep_since(&self, moment_ms: i64, seconds: i64) -> usize {
        self.service.sweep(moment_ms + seconds * 1_000).await.unwrap()
    }

    /// A second support service on the same tables, with background work.
    pub async fn another(&self) -> SupportServiceClient<Transport> {
        let deps = Deps {
            ledger: self.bed.ledger_alone("support"),
            database: self.database.clone(),
            heads_dir: None,
            shutdown: self.shutdown.clone(),
        };
        SupportServiceClient::new(self.bed.lay(support::start(deps).await.unwrap().routes()))
    }

    pub fn support(&self) -> SupportServiceClient<Transport> {
        SupportServiceClient::new(self.way.clone())
    }

    pub fn books(&self) -> LedgerServiceClient<Transport> {
        LedgerServiceClient::new(self.bed.ledger_transport())
    }

    /// A request by a person in a role, with a reason.
    pub fn by<T>(&self, subject: &str, role: Role, message: T) -> Request<T> {
        let mut request = self.unexplained(subject, role, message);
        request.metadata_mut().insert(rpc::REASON, "ticket 4711".parse().unwrap());
        request
    }

    pub fn unexplained<T>(&self, subject: &str, role: Role, message: T) -> Request<T> {
        self.bed.unexplained(subject, role, &[BOOK], message)
    }

    /// Credits coins to a viewer, as the purchase service would; returns the posting.
    pub async fn give(&self, user: &str, coins: i64) -> String {
        self.bed.post("purchase", "house/coins/issued", &format!("viewer/{user}/coins"), coins).await
    }

    pub async fn coins(&self, user: &str) -> i64 {
        self.bed.balance(&format!("viewer/{user}/coins")).await
    }

    pub async fn propose(&self, by: &str, act: propose_request::Act) -> Proposal {
        let request = ProposeRequest { request_id: new_id(), act: Some(act), ..Default::default() };
        let answer = self.support().propose(self.by(by, Role::Support, request)).await.unwrap();
        answer.into_inner().proposal.unwrap()
    }

    pub async fn approve(&self, by: &str, proposal: &Proposal) -> Result<Proposal, String> {
        let request = ApproveRequest {
            request_id: uuid::Uuid::now_v7().to_string(),
            proposal_id: proposal.proposal_id.clone(),
            ..Default::default()
        };
        told(self.support().approve(self.by(by, Role::Finance, request)).await).map(|answer| answer.proposal.unwrap())
    }

    pub async fn reject(&self, (by, role): (&str, Role), proposal: &Proposal) -> Result<Proposal, String> {
        let request =
            RejectRequest { request_id: uuid::Uuid::now_v7().to_string(), proposal_id: proposal.proposal_id.clone(), ..Default::default() };
        told(self.support().reject(self.by(by, role, request)).await).map(|answer| answer.proposal.unwrap())
    }
}

/// A proposal to give coins to a viewer by hand.
pub fn gift_of(user: &str, coins: i64) -> propose_request::Act {
    let transfer = AdjustmentTransfer {
        debit_account: "house/coins/issued".to_owned(),
        credit_account: format!("viewer/{user}/coins"),
        amount: coins,
    };
    propose_request::Act::Adjustment(Adjustment { transfers: vec![transfer] })
}
