//! TLS from the callers' side: who may connect, which tokens count on which connection, and certificates that are replaced.
use crate::{
    MANY,
    fixture::{Fixture, Way, room},
};
use api::{gift::gift_service_client::GiftServiceClient, ledger::GetAccountRequest, ledger::ledger_service_client::LedgerServiceClient};
use identity::Role;
use rpc::{
    Tls, Transport, facts, reason,
    tls::{ClientCertificate, Config},
};
use std::{path::PathBuf, time::Duration};
use tempfile::TempDir;
use testbed::authority::{Age, Authority};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tonic::Code;

const GIFT: &str = "spiffe://test/gift";
const STRANGER: &str = "spiffe://test/stranger";

/// A testbed whose gift service shows `GIFT`'s certificate, and callers' certificates beside it.
struct Secured {
    fixture: Fixture,
    tls: Tls,
    ca: Authority,
    /// The authority of a bank's callbacks, which come to another listener.
    bank: Authority,
    dir: TempDir,
}

async fn secured() -> Secured {
    let dir = tempfile::tempdir().unwrap();
    let (ca, bank) = (Authority::new(dir.path(), "ca"), Authority::new(dir.path(), "bank"));
    let (certificate, key) = ca.sign("house", GIFT, Age::Now);
    let client = |identity: &str, subjects: &[&str]| ClientCertificate {
        identity: identity.to_owned(),
        role: Role::Service,
        subjects: subjects.iter().map(|subject| (*subject).to_owned()).collect(),
    };
    let config = Config {
        certificate,
        key,
        client_ca: dir.path().join("ca.pem"),
        peer_ca: dir.path().join("ca.pem"),
        callback_cas: vec![dir.path().join("bank.pem")],
        clients: vec![client(GIFT, &["gift"]), client("CN=payout", &["payout"])],
        ..Config::default()
    };
    let tls = Tls::load(config).unwrap();
    Secured { fixture: Fixture::start_with(Way::Socket, MANY, Some(tls.clone())).await, tls, ca, bank, dir }
}

impl Secured {
    /// A transport that shows this certificate, or none, and trusts the server's CA.
    fn way(&self, shown: Option<(PathBuf, PathBuf)>) -> Transport {
        let (certificate, key) = shown.unwrap_or_default();
        let config = Config { certificate, key, peer_ca: self.dir.path().join("ca.pem"), ..Config::default() };
        rpc::connect_with(&self.fixture.url, &Tls::load(config).unwrap()).unwrap()
    }

    /// The ledger's answer to a service's token over this transport.
    async fn ask(&self, way: Transport) -> Result<(), (Code, String)> {
        let answer = LedgerServiceClient::new(way).get_account(self.fixture.signed(Role::Service, GetAccountRequest::default())).await;
        answer.map(drop).map_err(|status| (status.code(), facts(&status).get("certificate").cloned().unwrap_or_default()))
    }
}

#[tokio::test]
async fn users_need_no_certificate_and_services_have_theirs() {
    let secured = secured().await;
    let mut gifts = GiftServiceClient::new(secured.way(None));
    gifts.send_gift(secured.fixture.signed(Role::Viewer, room("r"))).await.unwrap();
    let seen = secured.fixture.seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 1, "the gift service's own call was let in by its certificate");
    assert_eq!((seen[0].subject.as_str(), seen[0].role), ("gift", Role::Service));
}

#[tokio::test]
async fn a_service_token_is_worth_nothing_without_its_certificate() {
    let secured = secured().await;
    let unauthenticated = |word: &str| Err((Code::Unauthenticated, word.to_owned()));
    assert_eq!(secured.ask(secured.way(None)).await, unauthenticated("missing"));
    let stranger = secured.ca.sign("stranger", STRANGER, Age::Now);
    assert_eq!(secured.ask(secured.way(Some(stranger))).await, unauthenticated("unknown"));
    // Known by its common name, and for another service's tokens.
    let another = secured.ca.sign("payout", STRANGER, Age::Now);
    assert_eq!(secured.ask(secured.way(Some(another))).await, unauthenticated("another"));
}

#[tokio::test]
async fn certificates_of_others_are_refused_at_the_door() {
    let secured = secured().await;
    let other_dir = tempfile::tempdir().unwrap();
    let foreign = Authority::new(other_dir.path(), "ca").sign("gift", GIFT, Age::Now);
    let expired = secured.ca.sign("old", GIFT, Age::Over);
    let of_bank = secured.bank.sign("gift", GIFT, Age::Now);
    for shown in [foreign, expired, of_bank] {
        let (code, _) = secured.ask(secured.way(Some(shown))).await.unwrap_err();
        assert_eq!(code, Code::Unavailable, "no call was possible on such a connection");
    }
    // The other way round: a caller that trusts another CA does not talk to the server.
    let config = Config { peer_ca: other_dir.path().join("ca.pem"), ..Config::default() };
    let way = rpc::connect_with(&secured.fixture.url, &Tls::load(config).unwrap()).unwrap();
    let status = GiftServiceClient::new(way).send_gift(secured.fixture.signed(Role::Viewer, room("r"))).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_deref()), (Code::Unavailable, Some("PEER_UNREACHABLE")), "{status:?}");
    assert!(status.message().contains("certificate"), "{status:?}");
}

#[tokio::test]
async fn plain_text_on_a_secured_listener_gets_nothing() {
    let secured = secured().await;
    let address = secured.fixture.url.trim_start_matches("https://").to_owned();
    let plain = rpc::connect(&format!("http://{address}")).unwrap();
    let status = GiftServiceClient::new(plain).send_gift(secured.fixture.signed(Role::Viewer, room("r"))).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    let mut socket = tokio::net::TcpStream::connect(&address).await.unwrap();
    socket.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut told = Vec::new();
    // An alert or nothing at all, then the end.
    let _ = tokio::time::timeout(Duration::from_secs(120), socket.read_to_end(&mut told)).await.expect("the connection ends");
    assert!(!told.starts_with(b"HTTP"), "{told:?}");
}

#[tokio::test]
async fn somebody_who_never_shakes_hands_keeps_nobody_out() {
    let secured = secured().await;
    let address = secured.fixture.url.trim_start_matches("https://").to_owned();
    let mut silent = Vec::new();
    // More than the limit of concurrent handshakes.
    for _ in 0..400 {
        silent.push(tokio::net::TcpStream::connect(&address).await.unwrap());
    }
    let mut gifts = GiftServiceClient::new(secured.way(None));
    gifts.send_gift(secured.fixture.signed(Role::Viewer, room("r"))).await.unwrap();
    drop(silent);
}

#[tokio::test]
async fn replaced_certificates_are_used_for_new_connections() {
    let secured = secured().await;
    assert!(!secured.tls.reload().unwrap(), "nothing has changed");
    // The server gets a new CA, and with it a new certificate; clients that only trust the old one can't connect.
    let before = secured.way(None);
    let mut known = GiftServiceClient::new(before.clone());
    known.send_gift(secured.fixture.signed(Role::Viewer, room("r"))).await.unwrap();
    let renewed = Authority::new(secured.dir.path(), "ca");
    renewed.sign("house", GIFT, Age::Now);
    assert!(secured.tls.reload().unwrap());
    known.send_gift(secured.fixture.signed(Role::Viewer, room("r"))).await.expect("an open connection stays");
    let after = secured.way(None);
    GiftServiceClient::new(after).send_gift(secured.fixture.signed(Role::Viewer, room("r"))).await.expect("the new CA is trusted");
    // Unusable files change nothing.
    std::fs::write(secured.dir.path().join("house.pem"), "rubbish").unwrap();
    assert!(secured.tls.reload().unwrap_err().to_string().contains("house.pem"));
    let again = secured.way(None);
    GiftServiceClient::new(again).send_gift(secured.fixture.signed(Role::Viewer, room("r"))).await.unwrap();
}
