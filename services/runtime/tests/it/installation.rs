//! Pretend money is kept apart from real money, and no two installations share a database or a directory of heads.
use crate::options;
use api::ledger::{BookMode, CreateBookRequest, ListBooksRequest, ledger_service_client::LedgerServiceClient};
use identity::{BookScope, Grant, Role, Service, issuers::TrustedIssuer};
use money::UserKey;
use runtime::{Error, IdentitySource, Options, Runtime};
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};
use std::{path::Path, time::Duration};

/// The ledger alone, with an external identity.
fn configured(dir: &Path) -> Options {
    let keys = identity::keys::KeyPair::load_or_create(dir).unwrap();
    let token = dir.join("token");
    let grant = Grant { subject: UserKey::try_new("ledger").unwrap(), role: Role::Service, app: String::new(), books: BookScope::All };
    std::fs::write(&token, identity::Issuer::from_keys(&keys).issue(&grant, Duration::from_secs(600)).unwrap()).unwrap();
    let issuers = vec![TrustedIssuer::house(vec![dir.join("identity.pub.pem")])];
    let identity = IdentitySource::Configured { issuers, tokens: [(Service::Ledger, token)].into_iter().collect() };
    Options { identity, services: vec![Service::Ledger], books: Vec::new(), ..options(dir) }
}

async fn books(fixture: &Runtime) -> Vec<String> {
    let mut ledger = LedgerServiceClient::new(fixture.service_transport_for(Service::Ledger, "ledger").unwrap());
    ledger.list_books(ListBooksRequest::default()).await.unwrap().into_inner().books.into_iter().map(|book| book.name).collect()
}

async fn create(fixture: &Runtime, mode: BookMode) {
    let mut ledger = LedgerServiceClient::new(fixture.service_transport_for(Service::Ledger, "ledger").unwrap());
    let book = CreateBookRequest {
        request_id: uuid::Uuid::now_v7().to_string(),
        book: "live1".to_owned(),
        mode: mode.into(),
        region: "eu".to_owned(),
    };
    ledger.create_book(book).await.unwrap();
}

/// A sandbox with a key of its own on that database.
fn sandbox_on(own: &Path, database: &Path) -> Options {
    Options { database: format!("sqlite:{}", database.display()), ..options(own) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_does_not_start_on_live_books_or_on_anothers_database() {
    let (data, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let fixture = Runtime::start(configured(data.path())).await.unwrap();
    create(&fixture, BookMode::Live).await;
    fixture.shutdown().await;
    for services in [Service::ALL.to_vec(), vec![Service::Ledger, Service::Support, Service::Gift]] {
        let error = Runtime::start(Options { services, ..sandbox_on(own.path(), data.path()) }).await.err().unwrap();
        assert!(matches!(&error, Error::LiveBooks { books, .. } if books == "live1"), "{error}");
        assert!(error.to_string().contains("nothing was started or changed"), "{error}");
    }
    // Refused even with the right key, because there is real money.
    let error = Runtime::start(options(data.path())).await.err().unwrap();
    assert!(matches!(error, Error::LiveBooks { .. }), "{error}");
    let fixture = Runtime::start(configured(data.path())).await.unwrap();
    assert_eq!(books(&fixture).await, ["live1"], "no book was made beside it");
    fixture.shutdown().await;

    let data = tempfile::tempdir().unwrap();
    let fixture = Runtime::start(configured(data.path())).await.unwrap();
    create(&fixture, BookMode::Test).await;
    fixture.shutdown().await;
    let error = Runtime::start(sandbox_on(own.path(), data.path())).await.err().unwrap();
    assert!(matches!(error, Error::OtherIdentity { .. }), "{error}");
    // With the right key it may start.
    Runtime::start(sandbox_on(data.path(), data.path())).await.unwrap().shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_before_are_taken_once_and_heads_of_another_never() {
    let (first, second, stranger) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let with_heads = |data: &Path, heads: &Path| {
        let mut options = options(data);
        options.settings.ledger.heads_dir = Some(heads.to_owned());
        options
    };
    let (own, others) = (first.path().join("heads"), second.path().join("heads"));
    Runtime::start(with_heads(first.path(), &own)).await.unwrap().shutdown().await;
    Runtime::start(with_heads(second.path(), &others)).await.unwrap().shutdown().await;
    let error = Runtime::start(with_heads(first.path(), &others)).await.err().unwrap().to_string();
    assert!(error.contains(&others.display().to_string()) && error.contains("nothing was done"), "{error}");
    // The state that an earlier version leaves.
    let mut file = SqliteConnectOptions::new().filename(first.path().join("ledger.db")).connect().await.unwrap();
    sqlx::query("DELETE FROM installation").execute(&mut file).await.unwrap();
    file.close().await.unwrap();
    std::fs::remove_dir_all(&own).unwrap();
    Runtime::start(with_heads(first.path(), &own)).await.unwrap().shutdown().await;
    let error = Runtime::start(sandbox_on(stranger.path(), first.path())).await.err().unwrap();
    assert!(matches!(error, Error::OtherIdentity { .. }), "{error}");
    Runtime::start(with_heads(first.path(), &own)).await.unwrap().shutdown().await;
}
