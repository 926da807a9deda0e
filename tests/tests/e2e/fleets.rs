//! Fleets to test with: the binary, the databases, and coins for users.
use api::ledger::{PostRequest, Transfer};
use demo::{
    fleet::{Fleet, Options},
    installation::{Installation, authorised},
};
use identity::Role;
use identity::Service;
use money::BookName;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// The binary beside the tests; building the workspace's tests builds it too.
pub fn binary() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let binary = here.parent().and_then(Path::parent).unwrap().join("largesse");
    assert!(binary.exists(), "build the binary first: cargo build --release -p largesse (looked for {})", binary.display());
    binary
}

pub fn book() -> BookName {
    BookName::try_new("demo").unwrap()
}

pub fn options(dir: &Path, database: String, services: &[Service]) -> Options {
    Options {
        binary: binary(),
        database,
        data_dir: dir.to_owned(),
        book: "demo".to_owned(),
        split: true,
        services: services.to_vec(),
        environment: Vec::new(),
        bank_line: None,
    }
}

/// Copies the identity of the processes in `from` to those that are to run in `to`: one database trusts one installation's tokens.
pub fn share_identity(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in [identity::keys::PRIVATE_FILE, identity::keys::PUBLIC_FILE] {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
}

/// A database of each kind, with the servers and directories that they need.
pub struct Databases {
    pub sqlite: String,
    pub postgres: String,
    pub dir: tempfile::TempDir,
    pub cluster: pgtest::Cluster,
}

pub fn databases() -> Databases {
    let dir = tempfile::tempdir().unwrap();
    let cluster = pgtest::Cluster::start().unwrap();
    Databases { sqlite: format!("sqlite:{}", dir.path().display()), postgres: cluster.create_database().unwrap(), dir, cluster }
}

/// Gives a viewer coins as the bench does.
pub async fn fund(installation: &Installation, user: &str, coins: i64) {
    let token = installation.token("bench", Role::Service).unwrap();
    let transfer = Transfer {
        debit_account: "house/coins/issued".to_owned(),
        credit_account: format!("viewer/{user}/coins"),
        amount: coins,
        ..Default::default()
    };
    let request_id = Uuid::now_v7().to_string();
    let request = PostRequest { request_id, kind: "bench.coins".to_owned(), transfers: vec![transfer], ..Default::default() };
    installation.ledger().post(authorised(request, &token).unwrap()).await.unwrap();
}

/// Clients for a fleet that runs only some services.
pub fn partly(fleet: &Fleet, services: &[Service]) -> Installation {
    let urls = services.iter().map(|service| (*service, fleet.url(*service).unwrap())).collect();
    Installation::at(&urls, fleet.data_dir(), book(), String::new(), String::new()).unwrap()
}

pub async fn assert_sound(database: &str) -> monitor::audit::AuditReport {
    let report = monitor::audit::audit(&db::Database::parse(database).unwrap(), None).await.unwrap();
    assert!(report.ok, "{report:?}");
    report
}
