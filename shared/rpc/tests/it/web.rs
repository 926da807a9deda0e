//! The listener for browsers: both versions of HTTP, silent and slow callers, streams, and connections of one address.
use axum::{Extension, Router, body::Body, routing::get};
use bytes::Bytes;
use futures::stream;
use http::Request;
use rpc::{Peer, Tls, listener::ConnectionBounds, web};
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};
use testbed::authority::{Age, Authority};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsConnector;
use tokio_util::sync::CancellationToken;

const ASK: &[u8] = b"GET / HTTP/1.1\r\nhost: console\r\n\r\n";

/// A listener whose pages say over which version they were asked for.
async fn serving(tls: Option<Tls>, bounds: ConnectionBounds) -> (SocketAddr, CancellationToken) {
    let page = async |Extension(peer): Extension<Peer>, request: Request<Body>| {
        assert!(peer.counted_address().unwrap().is_loopback());
        format!("{:?}", request.version())
    };
    let endless = async || {
        Body::from_stream(stream::unfold(true, async |first| {
            if !first {
                std::future::pending::<()>().await;
            }
            Some((Ok::<_, Infallible>(Bytes::from_static(b"data: 1\n\n")), false))
        }))
    };
    let flood = async || Body::from_stream(stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 65_536]))));
    let routes = Router::new().route("/", get(page)).route("/stream", get(endless)).route("/flood", get(flood));
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, shutdown) = (socket.local_addr().unwrap(), CancellationToken::new());
    tokio::spawn(web::serve(socket, tls, routes, bounds, shutdown.clone()));
    (address, shutdown)
}

/// Everything that comes until the other end closes; nothing for one that resets.
async fn rest(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    let _reset = stream.read_to_end(&mut text).await;
    // Frames of HTTP/2 are no text.
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_negotiates_either_version_and_asks_for_no_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let house = Authority::new(dir.path(), "house");
    let (certificate, key) = house.sign("server", "spiffe://house/server", Age::Now);
    // Callers of services have certificates; a browser that is asked for one asks its user.
    let config = rpc::tls::Config { certificate, key, client_ca: dir.path().join("house.pem"), ..rpc::tls::Config::default() };
    let (address, _shutdown) = serving(Some(Tls::load(config).unwrap()), web::CONNECTIONS).await;
    let pem = std::fs::read(dir.path().join("house.pem")).unwrap();
    for (offered, chosen) in [(vec!["h2", "http/1.1"], "h2"), (vec!["http/1.1"], "http/1.1")] {
        let mut roots = RootCertStore::empty();
        for certificate in rustls::pki_types::pem::PemObject::pem_slice_iter(&pem) {
            roots.add(certificate.unwrap()).unwrap();
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut client = client.with_root_certificates(roots).with_no_client_auth();
        client.alpn_protocols = offered.iter().map(|name| name.as_bytes().to_vec()).collect();
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let mut stream = TlsConnector::from(Arc::new(client)).connect(name, stream).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(chosen.as_bytes()));
        if chosen == "http/1.1" {
            stream.write_all(b"GET / HTTP/1.1\r\nhost: console\r\nconnection: close\r\n\r\n").await.unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).await.unwrap();
            assert!(text.ends_with("HTTP/1.1") && text.starts_with("HTTP/1.1 200"), "{text}");
            continue;
        }
        let (mut calls, connection) = h2::client::handshake(stream).await.unwrap();
        let driven = tokio::spawn(connection);
        let request = Request::get("https://console/").body(()).unwrap();
        let mut body = calls.send_request(request, true).unwrap().0.await.unwrap().into_body();
        assert_eq!(&*body.data().await.unwrap().unwrap(), b"HTTP/2.0");
        driven.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_nothing_or_half_of_it_is_closed_and_others_are_served() {
    let (address, _shutdown) = serving(None, ConnectionBounds { idle: Duration::from_millis(200), ..web::CONNECTIONS }).await;
    let (patient, _patient) = serving(None, web::CONNECTIONS).await;
    // Nothing, the beginning of each version, and headers that do not end.
    let beginnings: [&[u8]; 5] =
        [b"", b"G", b"PRI * HTTP/2.0\r\n\r\nSM", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/1.1\r\nhost: console\r\nx: "];
    let mut silent = Vec::new();
    for beginning in beginnings {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(beginning).await.unwrap();
        silent.push(tokio::spawn(rest(stream)));
    }
    let mut asking = TcpStream::connect(patient).await.unwrap();
    asking.write_all(b"GET / HTTP/1.1\r\nhost: console\r\nconnection: close\r\n\r\n").await.unwrap();
    assert!(rest(asking).await.ends_with("HTTP/1.1"));
    for silent in silent {
        let text = silent.await.unwrap();
        assert!(!text.contains("200 OK"), "{text}");
    }
}

/// A connection on which the stream has begun. On a busy machine it may count as idle before its request is read; then another is opened.
async fn watching(address: SocketAddr) -> TcpStream {
    loop {
        let mut watching = TcpStream::connect(address).await.unwrap();
        let _closed = watching.write_all(b"GET /stream HTTP/1.1\r\nhost: console\r\n\r\n").await;
        let mut text = Vec::new();
        while watching.read_buf(&mut text).await.is_ok_and(|read| read > 0) {
            if text.ends_with(b"data: 1\n\n\r\n") {
                return watching;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_no_idle_connection_and_ends_with_the_process() {
    let bounds = ConnectionBounds { idle: Duration::from_millis(100), ..web::CONNECTIONS };
    let (address, shutdown) = serving(None, bounds).await;
    let mut watching = watching(address).await;
    // As often as connections without a call are closed meanwhile, it stays.
    for _ in 0..5 {
        let mut quiet = TcpStream::connect(address).await.unwrap();
        quiet.write_all(ASK).await.unwrap();
        rest(quiet).await;
    }
    let mut more = [0];
    assert!(futures::poll!(Box::pin(watching.read(&mut more))).is_pending(), "it is still open");
    shutdown.cancel();
    drop(watching);
    // Until the listener is closed. The system may open a connection to one that closes just then, and says that nobody is there when something is sent.
    while let Ok(mut late) = TcpStream::connect(address).await {
        let _closed = late.write_all(ASK).await;
        rest(late).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_nothing_of_an_answer_holds_no_connection() {
    let short = Duration::from_millis(100);
    let bounds = ConnectionBounds { idle: short, grace: short, per_address_max: 1, ..web::CONNECTIONS };
    for version in [1, 2] {
        let (address, _shutdown) = serving(None, bounds).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        let mut held: Vec<Box<dyn std::any::Any + Send>> = Vec::new();
        if version == 1 {
            stream.write_all(b"GET /flood HTTP/1.1\r\nhost: console\r\n\r\n").await.unwrap();
            held.push(Box::new(stream));
        } else {
            let (mut calls, connection) = h2::client::handshake(stream).await.unwrap();
            // It answers pings, and its window for the answer stays full.
            held.push(Box::new(tokio::spawn(connection)));
            let request = Request::get("http://console/flood").body(()).unwrap();
            let answer = calls.send_request(request, true).unwrap().0.await;
            held.push(Box::new((calls, answer)));
        }
        // The address has one connection, so another one is served once that has ended.
        loop {
            let mut other = TcpStream::connect(address).await.unwrap();
            let _closed = other.write_all(b"GET / HTTP/1.1\r\nhost: console\r\nconnection: close\r\n\r\n").await;
            if rest(other).await.ends_with("HTTP/1.1") {
                break;
            }
        }
        drop(held);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_has_so_many_connections() {
    let (address, _shutdown) = serving(None, ConnectionBounds { per_address_max: 3, ..web::CONNECTIONS }).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(ASK).await.unwrap();
        let mut text = Vec::new();
        while !text.ends_with(b"HTTP/1.1") {
            assert!(stream.read_buf(&mut text).await.unwrap() > 0);
        }
        open.push(stream);
    }
    assert_eq!(rest(TcpStream::connect(address).await.unwrap()).await, "", "closed at once");
    open.pop();
    loop {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let _closed = stream.write_all(b"GET / HTTP/1.1\r\nhost: console\r\nconnection: close\r\n\r\n").await;
        if rest(stream).await.ends_with("HTTP/1.1") {
            break;
        }
    }
}
