//! Which servers the client trusts, and what it does not follow.
use super::*;
use axum::{Router, http::StatusCode, response::Redirect, routing::get};
use rustls::{ServerConfig, server::WebPkiClientVerifier};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

/// A server of plain HTTP on a free port.
async fn plain() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = Router::new()
        .route("/long", get(|| async { "x".repeat(2_000) }))
        .route("/short", get(|| async { "short" }))
        .route("/elsewhere", get(|| async { Redirect::to("/short") }));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

/// An HTTPS server on a free port that answers "hello", and its self-signed certificate.
async fn secure() -> (SocketAddr, String) {
    serving(None).await
}

/// The same; with certificates, it serves only clients that show one of them.
async fn serving(clients: Option<CertificateDer<'static>>) -> (SocketAddr, String) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions().unwrap();
    let config = match clients {
        None => config.with_no_client_auth(),
        Some(known) => {
            let mut roots = RootCertStore::empty();
            roots.add(known).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(default_provider()));
            config.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let config = config.with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // A client that does not trust the certificate closes the connection.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello").await;
            let _ = stream.shutdown().await;
        }
    });
    (address, made.cert.pem())
}

#[tokio::test]
async fn answers_are_bounded_and_redirects_are_not_followed() {
    let (address, client) = (plain().await, local().build().unwrap());
    let ask = |path: &str| client.get(format!("http://{address}/{path}")).send();
    let body = |answer: Response, bytes_max| read(answer, bytes_max);
    assert_eq!(body(ask("short").await.unwrap(), 5).await.unwrap(), "short");
    let too_long = body(ask("short").await.unwrap(), 4).await.unwrap_err();
    assert_eq!(too_long.to_string(), "longer than 4 bytes");
    assert!(matches!(body(ask("long").await.unwrap(), 1_999).await, Err(BodyError::TooLong { bytes_max: 1_999 })));
    assert_eq!(body(ask("long").await.unwrap(), 2_000).await.unwrap().len(), 2_000);
    assert_eq!(ask("elsewhere").await.unwrap().status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn only_the_given_authorities_are_believed() {
    let (address, pem) = secure().await;
    let dir = tempfile::tempdir().unwrap();
    let (right, wrong) = (dir.path().join("right.pem"), dir.path().join("wrong.pem"));
    std::fs::write(&right, pem).unwrap();
    std::fs::write(&wrong, secure().await.1).unwrap();
    let url = format!("https://{address}/");
    let trusting = builder(&right).unwrap().build().unwrap();
    assert_eq!(read(trusting.get(&url).send().await.unwrap(), 100).await.unwrap(), "hello");
    for client in [builder(&wrong).unwrap(), local()] {
        let refused = client.build().unwrap().get(&url).send().await.unwrap_err();
        assert!(refused.is_connect(), "{refused:?}");
    }
}

#[test]
fn a_file_without_certificates_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ca.pem");
    for (text, why) in [
        (None, "No such file"),
        (Some(""), "no certificate in it"),
        (Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "ca.pem: "),
    ] {
        if let Some(text) = text {
            std::fs::write(&path, text).unwrap();
        }
        let told = builder(&path).err().unwrap().to_string();
        assert!(told.contains("ca.pem") && told.contains(why), "{told}");
    }
}

#[tokio::test]
async fn a_server_that_asks_for_a_certificate_gets_ours() {
    let (ours, others) = (["ours"; 1], ["others"; 1]);
    let [ours, others] = [ours, others].map(|names| rcgen::generate_simple_self_signed(names.map(str::to_owned)).unwrap());
    let (address, pem) = serving(Some(ours.cert.der().clone())).await;
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        std::fs::write(dir.path().join(name), text).unwrap();
        dir.path().join(name)
    };
    let ca = file("ca.pem", &pem);
    let (certificate, key) = (file("ours.pem", &ours.cert.pem()), file("ours.key", &ours.signing_key.serialize_pem()));
    let (other_certificate, other_key) = (file("other.pem", &others.cert.pem()), file("other.key", &others.signing_key.serialize_pem()));
    let ask = async |builder: ClientBuilder| builder.build().unwrap().get(format!("https://{address}/")).send().await?.text().await;
    assert_eq!(ask(identified(&ca, &certificate, &key).unwrap()).await.unwrap(), "hello");
    assert!(ask(identified(&ca, &other_certificate, &other_key).unwrap()).await.is_err(), "somebody else");
    assert!(ask(builder(&ca).unwrap()).await.is_err(), "nobody");
    // What can't be used is said by file, and no key is shown.
    for (certificate, key, named) in [
        (&certificate, &other_key, "ours.pem"),
        (&certificate, &ca, "ca.pem"),
        (&key, &key, "ours.key"),
        (&dir.path().join("none.pem"), &key, "none.pem"),
    ] {
        let told = identified(&ca, certificate, key).unwrap_err().to_string();
        assert!(told.contains(named) && !told.contains("BEGIN") && !told.contains("MIG"), "{told}");
    }
}
