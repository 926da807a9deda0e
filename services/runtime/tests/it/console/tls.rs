//! The console as it runs with real money: over TLS, with an issuer over TLS, and services that trust it.
use super::Browser;
use crate::{free_port, options};
use http::Request;
use identity::{
    BookScope, Grant, Issuer, Role, Service,
    issuers::{Algorithm, TrustedIssuer},
    keys::KeyPair,
};
use money::UserKey;
use reqwest::header;
use rpc::Tls;
use runtime::{IdentitySource, Options, Runtime};
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};
use testbed::authority::{Age, Authority};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

const SERVICES: [Service; 3] = [Service::Ledger, Service::Support, Service::Monitor];

/// Which issuers the services trust: the installation for their own tokens, and this one for those of staff.
fn trusting(dir: &Path, issuer: &str, ca: &Path) -> IdentitySource {
    let keys = KeyPair::load_or_create(dir).unwrap();
    let token = |service: Service| {
        let file = dir.join(format!("{service}.token"));
        let subject = UserKey::try_new(service.as_str()).unwrap();
        let grant = Grant { subject, role: Role::Service, app: String::new(), books: BookScope::All };
        std::fs::write(&file, Issuer::from_keys(&keys).issue(&grant, Duration::from_secs(600)).unwrap()).unwrap();
        (service, file)
    };
    let staff = TrustedIssuer {
        issuer: issuer.to_owned(),
        jwks: format!("{issuer}/jwks"),
        jwks_ca: ca.to_owned(),
        audience: sandbox::login::AUDIENCE.to_owned(),
        algorithms: vec![Algorithm::EdDSA],
        roles: vec![Role::Support, Role::Finance, Role::Auditor, Role::Admin],
        lifetime_max_s: 43_200,
        ..TrustedIssuer::house(Vec::new())
    };
    let issuers = vec![TrustedIssuer::house(vec![dir.join("identity.pub.pem")]), staff];
    IdentitySource::Configured { issuers, tokens: SERVICES.map(token).into_iter().collect() }
}

/// The status and text of a page over HTTP/2.
async fn page_over_http2(address: SocketAddr, ca: &Path, cookie: &str) -> (u16, String) {
    let mut roots = RootCertStore::empty();
    let pem = std::fs::read(ca).unwrap();
    for certificate in rustls::pki_types::pem::PemObject::pem_slice_iter(&pem) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut client = client.with_root_certificates(roots).with_no_client_auth();
    client.alpn_protocols = vec![b"h2".to_vec()];
    let stream = TcpStream::connect(address).await.unwrap();
    let stream = TlsConnector::from(Arc::new(client)).connect(ServerName::try_from("127.0.0.1").unwrap(), stream).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut calls, connection) = h2::client::handshake(stream).await.unwrap();
    let driven = tokio::spawn(connection);
    let request = Request::get(format!("https://{address}/")).header("sec-fetch-site", "same-origin").header("cookie", cookie);
    let answer = calls.send_request(request.body(()).unwrap(), true).unwrap().0.await.unwrap();
    let (status, mut body, mut text) = (answer.status().as_u16(), answer.into_body(), Vec::new());
    while let Some(part) = body.data().await {
        let part = part.unwrap();
        body.flow_control().release_capacity(part.len()).unwrap();
        text.extend_from_slice(&part);
    }
    driven.abort();
    (status, String::from_utf8(text).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_over_tls_and_opens_a_page_over_http2() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new(dir.path(), "house");
    let (certificate, key) = authority.sign("server", "spiffe://house/server", Age::Now);
    let ca = dir.path().join("house.pem");
    let tls = rpc::tls::Config { certificate, key, ..rpc::tls::Config::default() };
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (issuer, shutdown) = (format!("https://{}", socket.local_addr().unwrap()), CancellationToken::new());
    let (served, login) =
        (Tls::load(tls.clone()).unwrap(), sandbox::login::routes(issuer.clone(), sandbox::login::Config::default()).unwrap());
    tokio::spawn(rpc::web::serve(socket, Some(served), login, rpc::web::CONNECTIONS, shutdown.clone()));
    let identity = trusting(dir.path(), &issuer, &ca);
    let mut options = Options { services: SERVICES.to_vec(), identity, tls, books: Vec::new(), ..options(dir.path()) };
    options.settings.console.listen = free_port();
    options.settings.console.issuer = issuer;
    options.settings.console.issuer_ca = ca.clone();
    options.settings.console.client_id = sandbox::login::CLIENT_ID.to_owned();
    let house = Runtime::start(options).await.unwrap();
    let base = house.console_url().unwrap();
    assert!(base.starts_with("https://127.0.0.1:"), "{base}");
    let mut browser = Browser::trusting(&base, &ca);
    let back = browser.go_to_login("fay", "/").await;
    let done = browser.get(&back).await;
    assert_eq!(done.status, 303, "{}", done.text);
    // No other host of the same site can set the session's cookie, and it never goes out without TLS.
    let set: Vec<&str> = done.headers.get_all(header::SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap()).collect();
    let session = set.iter().find(|cookie| cookie.starts_with("__Host-largesse=")).unwrap();
    assert!(session.contains("; Path=/; HttpOnly; SameSite=Lax; Secure") && !session.contains("Domain"), "{session}");
    let page = browser.get("/").await;
    assert!(page.status == 200 && page.text.contains("<strong>fay</strong> <span>finance</span>"), "{}", page.text);
    assert!(page.headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
    let address: SocketAddr = base.trim_start_matches("https://").parse().unwrap();
    let cookie = format!("__Host-largesse={}", browser.cookies["__Host-largesse"]);
    let (status, text) = page_over_http2(address, &ca, &cookie).await;
    assert!(status == 200 && text.contains("<strong>fay</strong>"), "{status}: {text}");
    // The name without the prefix is no session here.
    let plain = cookie.replacen("__Host-largesse", "largesse-sandbox", 1);
    assert_eq!(page_over_http2(address, &ca, &plain).await.0, 303);
    shutdown.cancel();
    house.shutdown().await;
}
