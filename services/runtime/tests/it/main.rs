//! Runtimes as users start them: in one process, split, restarted, and wrongly configured.
#![allow(clippy::unwrap_used)]

mod ach;
mod blocked;
mod console;
mod installation;
mod matrix;
mod reserving;
mod sheets;
mod wallets;

use api::{
    earnings::{GetEarningsRequest, earnings_service_client::EarningsServiceClient},
    gift::{ListGiftsRequest, SendGiftRequest, gift_service_client::GiftServiceClient},
    ledger::{BookMode, CreateBookRequest, ListBooksRequest, ledger_service_client::LedgerServiceClient},
    payout::{ListPayoutsRequest, payout_service_client::PayoutServiceClient},
    purchase::{GetWalletRequest, purchase_service_client::PurchaseServiceClient},
};
use identity::Service;
use identity::{BookScope, Grant, Role, issuers::TrustedIssuer};
use money::{BookName, UserKey};
use runtime::{Error, IdentitySource, Options, Runtime};
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};
use std::{net::SocketAddr, path::Path, time::Duration};
use tonic::{Code, Request};

fn free_port() -> Option<SocketAddr> {
    Some(SocketAddr::from(([127, 0, 0, 1], 0)))
}

fn options(dir: &Path) -> Options {
    Options { listen: free_port(), http: free_port(), ..Options::sandbox(dir.to_owned()) }
}

fn signed<T>(fixture: &Runtime, role: Role, message: T) -> Request<T> {
    signed_for(fixture, role, BookScope::Only(vec![BookName::try_new("demo").unwrap()]), message)
}

fn signed_for<T>(fixture: &Runtime, role: Role, books: BookScope, message: T) -> Request<T> {
    let grant = Grant { subject: UserKey::try_new("u1").unwrap(), role, app: String::new(), books };
    let token = fixture.issuer().unwrap().issue(&grant, Duration::from_secs(60)).unwrap();
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

fn gift(gift_id: i64) -> SendGiftRequest {
    let request_id = uuid::Uuid::now_v7().to_string();
    SendGiftRequest { request_id, room_id: "r1".into(), creator_id: "c1".into(), gift_id, ..Default::default() }
}

async fn http(fixture: &Runtime, path: &str) -> u16 {
    let client = http_client::local().build().unwrap();
    client.get(format!("http://{}{path}", fixture.address("http").unwrap())).send().await.unwrap().status().as_u16()
}

/// A call of a viewer without coins reaches the ledger, which refuses it.
async fn a_poor_viewer_is_told_by_the_ledger(fixture: &Runtime) {
    let mut gifts = GiftServiceClient::new(fixture.transport_for(Service::Gift).unwrap());
    let list = gifts.list_gifts(signed(fixture, Role::Viewer, ListGiftsRequest::default())).await.unwrap().into_inner();
    let cheapest = list.gifts.iter().find(|gift| gift.cost_coins > 0).unwrap().gift_id;
    let status = gifts.send_gift(signed(fixture, Role::Viewer, gift(cheapest))).await.unwrap_err();
    assert_eq!((status.code(), rpc::reason(&status).as_deref()), (Code::FailedPrecondition, Some("INSUFFICIENT_FUNDS")), "{status:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_house_serves_and_its_books_outlive_it() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let fixture = Runtime::start(options(dir.path())).await.unwrap();
        assert_eq!((http(&fixture, "/healthz").await, http(&fixture, "/readyz").await), (200, 200));
        let mut ledger = LedgerServiceClient::new(fixture.service_transport_for(Service::Ledger, "test").unwrap());
        let books = ledger.list_books(ListBooksRequest::default()).await.unwrap().into_inner().books;
        assert_eq!(books.iter().map(|book| book.name.as_str()).collect::<Vec<_>>(), ["demo"]);
        a_poor_viewer_is_told_by_the_ledger(&fixture).await;
        fixture.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_tells_its_bank_where_callbacks_go_also_after_a_move() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        // Without an address for HTTP, it has a free port.
        let fixture = Runtime::start(Options::sandbox(dir.path().to_owned())).await.unwrap();
        let address = fixture.address("http").unwrap();
        fixture.shutdown().await;
        let mut file = SqliteConnectOptions::new().filename(dir.path().join("sandbox_bank.db")).connect().await.unwrap();
        let receivers: Vec<String> = sqlx::query_scalar("SELECT url FROM receiver").fetch_all(&mut file).await.unwrap();
        assert_eq!(receivers, [format!("http://{address}/webhooks/bank/sandbox")]);
        file.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_that_may_not_write_is_not_ready_until_it_may() {
    let dir = tempfile::tempdir().unwrap();
    let first = Runtime::start(options(dir.path())).await.unwrap();
    let second = Runtime::start(options(dir.path())).await.unwrap();
    assert_eq!((http(&first, "/readyz").await, http(&second, "/readyz").await), (200, 503));
    assert_eq!(http(&second, "/healthz").await, 200);
    first.shutdown().await;
    while http(&second, "/readyz").await != 200 {
        tokio::task::yield_now().await;
    }
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_too_old_for_a_book_is_not_ready_and_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = Runtime::start(options(dir.path())).await.unwrap();
    a_poor_viewer_is_told_by_the_ledger(&fixture).await;
    fixture.shutdown().await;
    let mut file = SqliteConnectOptions::new().filename(dir.path().join("ledger.db")).connect().await.unwrap();
    assert!(sqlx::query("UPDATE \"commit\" SET format = 1000").execute(&mut file).await.unwrap().rows_affected() > 0);
    file.close().await.unwrap();
    let fixture = Runtime::start(options(dir.path())).await.unwrap();
    let client = http_client::local().build().unwrap();
    let ready = client.get(format!("http://{}/readyz", fixture.address("http").unwrap())).send().await.unwrap();
    assert_eq!(ready.status().as_u16(), 503);
    let told = ready.text().await.unwrap();
    assert!(told.contains("book demo") && told.contains("format 1000") && told.contains("newer program"), "{told}");
    fixture.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_service_of_a_house_answers_its_users() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = Runtime::start(options(dir.path())).await.unwrap();
    let way = |service| fixture.transport_for(service).unwrap();
    let wallet = signed(&fixture, Role::Viewer, GetWalletRequest::default());
    let wallet = PurchaseServiceClient::new(way(Service::Purchase)).get_wallet(wallet).await.unwrap().into_inner();
    assert_eq!((wallet.coin_balance, wallet.app_account_token.len()), (0, 36));
    let earnings = signed(&fixture, Role::Creator, GetEarningsRequest::default());
    let earnings = EarningsServiceClient::new(way(Service::Earnings)).get_earnings(earnings).await.unwrap().into_inner();
    assert_eq!(earnings.diamonds, 0);
    let payouts = signed(&fixture, Role::Creator, ListPayoutsRequest::default());
    let payouts = PayoutServiceClient::new(way(Service::Payout)).list_payouts(payouts).await.unwrap().into_inner();
    assert!(payouts.payouts.is_empty());
    fixture.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_its_socket_it_answers_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = Runtime::start(options(dir.path())).await.unwrap();
    let url = format!("http://{}", fixture.address("grpc").unwrap());
    let mut gifts = GiftServiceClient::new(rpc::connect(&url).unwrap());
    assert_eq!(gifts.list_gifts(ListGiftsRequest::default()).await.unwrap_err().code(), Code::Unauthenticated);
    let mut ledger = LedgerServiceClient::new(rpc::connect(&url).unwrap());
    let status = ledger.list_books(signed(&fixture, Role::Viewer, ListBooksRequest::default())).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    gifts.list_gifts(signed(&fixture, Role::Viewer, ListGiftsRequest::default())).await.unwrap();
    fixture.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn apart_each_process_opens_its_own_store_only() {
    let (key_dir, ledger_dir, gift_dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let database = |dir: &Path| format!("sqlite:{}", dir.display());
    let shared = options(key_dir.path());
    let ledger = Options { services: vec![Service::Ledger], database: database(ledger_dir.path()), ..shared.clone() };
    let ledger = Runtime::start(ledger).await.unwrap();
    let url = format!("http://{}", ledger.address("grpc").unwrap());
    let gift =
        Options { services: vec![Service::Gift], peers: [(Service::Ledger, url)].into(), database: database(gift_dir.path()), ..shared };
    let gift = Runtime::start(gift).await.unwrap();
    a_poor_viewer_is_told_by_the_ledger(&gift).await;
    ledger.shutdown().await;
    let mut gifts = GiftServiceClient::new(gift.transport_for(Service::Gift).unwrap());
    let status = gifts.send_gift(signed(&gift, Role::Viewer, self::gift(5655))).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    gift.shutdown().await;
    let files = |dir: &Path| std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
    assert!(files(gift_dir.path()).iter().all(|name| name.to_string_lossy().starts_with("gift")), "{:?}", files(gift_dir.path()));
    assert!(files(ledger_dir.path()).iter().all(|name| name.to_string_lossy().starts_with("ledger")), "{:?}", files(ledger_dir.path()));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_configuration_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let alone = Options { services: vec![Service::Gift], ..options(dir.path()) };
    let error = Runtime::start(alone).await.err().unwrap();
    assert!(matches!(error, Error::PeerMissing { service: Service::Gift, needed: Service::Ledger }), "{error}");
    assert!(error.to_string().contains("--ledger-url"), "{error}");

    let keys = identity::keys::KeyPair::load_or_create(dir.path()).unwrap();
    let token = |service: Service| {
        let file = dir.path().join(format!("{service}.token"));
        let subject = UserKey::try_new(service.as_str()).unwrap();
        let grant = Grant { subject, role: Role::Service, app: String::new(), books: BookScope::All };
        std::fs::write(&file, identity::Issuer::from_keys(&keys).issue(&grant, Duration::from_secs(600)).unwrap()).unwrap();
        (service, file)
    };
    let tokens = [Service::Ledger, Service::Gift, Service::Payout].map(token).into_iter().collect();
    let issuers = vec![TrustedIssuer::house(vec![dir.path().join("identity.pub.pem")])];
    let identity = IdentitySource::Configured { issuers, tokens };
    let error = Runtime::start(Options { identity: identity.clone(), ..options(dir.path()) }).await.err().unwrap();
    assert!(error.to_string().contains("--sandbox only"), "{error}");

    let unsealed = Options { identity: identity.clone(), services: vec![Service::Ledger, Service::Payout], ..options(dir.path()) };
    let error = Runtime::start(unsealed).await.err().unwrap();
    assert!(error.to_string().contains("--payout-key-file"), "{error}");
    let bankless = Options { services: vec![Service::Ledger, Service::Payout], ..options(dir.path()) };
    let error = Runtime::start(bankless).await.err().unwrap();
    assert!(error.to_string().contains("--sandbox-url"), "{error}");

    let live = Options { identity, services: vec![Service::Ledger, Service::Gift], books: Vec::new(), ..options(dir.path()) };
    let fixture = Runtime::start(live.clone()).await.unwrap();
    let nameless = fixture.service_transport_for(Service::Ledger, "purchase").err().unwrap();
    assert!(nameless.to_string().contains("identity.service_tokens.purchase"), "{nameless}");
    let mut ledger = LedgerServiceClient::new(fixture.service_transport_for(Service::Ledger, "gift").unwrap());
    assert!(ledger.list_books(ListBooksRequest::default()).await.unwrap().into_inner().books.is_empty());
    // Once a LIVE book is there, what is built in is not sold to it, and a list of one's own is.
    let book = CreateBookRequest {
        request_id: uuid::Uuid::now_v7().to_string(),
        book: "real".to_owned(),
        mode: BookMode::Live.into(),
        region: "eu".to_owned(),
    };
    ledger.create_book(book).await.unwrap();
    fixture.shutdown().await;
    let error = Runtime::start(live.clone()).await.err().unwrap();
    assert!(matches!(&error, Error::ListBuiltIn { book, .. } if book == "real"), "{error}");
    assert!(error.to_string().contains("gift.catalogue") && error.to_string().contains("largesse lists"), "{error}");
    let own = dir.path().join("gifts.toml");
    std::fs::write(&own, "version = \"1\"\ngifts = [{ id = 1, name = \"Pear\", cost_coins = 5 }]\n").unwrap();
    let mut named = live;
    named.settings.gift.catalogue = Some(own);
    Runtime::start(named).await.unwrap().shutdown().await;

    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let listen = Some(address);
    let error = Runtime::start(Options { listen, ..options(dir.path()) }).await.err().unwrap();
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_payout_key_is_named_with_what_to_do_and_none_is_made_in_its_place() {
    let dir = tempfile::tempdir().unwrap();
    Runtime::start(options(dir.path())).await.unwrap().shutdown().await;
    let key_file = runtime::payout_key_file(dir.path());
    let key = std::fs::read(&key_file).unwrap();
    std::fs::remove_file(&key_file).unwrap();
    let told = async || Runtime::start(options(dir.path())).await.err().unwrap().to_string();
    let error = told().await;
    assert!(error.contains(&key_file.display().to_string()) && error.contains("RECOVERY.md"), "{error}");
    assert!(!key_file.exists(), "a key that fits nothing was left");
    std::fs::copy(dir.path().join("identity.key.pem"), dir.path().join("mode-of-a-key")).unwrap();
    std::fs::rename(dir.path().join("mode-of-a-key"), &key_file).unwrap();
    std::fs::write(&key_file, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
    let error = told().await;
    assert!(error.contains(&key_file.display().to_string()) && error.contains("another"), "{error}");
    assert!(key_file.exists(), "somebody's key was removed");
    std::fs::write(&key_file, key).unwrap();
    Runtime::start(options(dir.path())).await.unwrap().shutdown().await;
}
