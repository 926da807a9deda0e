//! Unit tests of `http`.
use super::*;
use axum::{Extension, body, extract::ConnectInfo};
use futures::StreamExt as _;
use rpc::{ShownCertificate, webhooks};
use testbed::authority::{Age, Authority};

mod hostile;

#[tokio::test]
async fn routes_of_callbacks_see_the_caller_s_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let [house, bank] = ["house", "bank"].map(|name| Authority::new(dir.path(), name));
    let (certificate, key) = house.sign("server", "spiffe://house/server", Age::Now);
    let config = rpc::tls::Config { certificate, key, callback_cas: vec![dir.path().join("bank.pem")], ..rpc::tls::Config::default() };
    let callbacks = Webhooks::default();
    let show = async |Extension(ConnectInfo(shown)): Extension<ConnectInfo<ShownCertificate>>| shown.names().join(" ");
    callbacks.set(Router::new().route("/webhooks/who", get(show)));
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/webhooks/who", socket.local_addr().unwrap());
    let shutdown = CancellationToken::new();
    let tls = Some(Tls::load(config).unwrap());
    let parts = HttpParts { readiness: Readiness::default(), webhooks: callbacks, gate: WebhookGate::new(&webhooks::Config::default()) };
    let served = tokio::spawn(serve(socket, tls, parts, http1::CONNECTIONS, shutdown.clone()));
    let ca = dir.path().join("house.pem");
    let (certificate, key) = bank.sign("caller", "spiffe://bank/caller", Age::Now);
    for (client, names) in
        [(http_client::identified(&ca, &certificate, &key), "spiffe://bank/caller CN=caller"), (http_client::builder(&ca), "")]
    {
        let answer = client.unwrap().build().unwrap().get(&url).send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), names);
    }
    shutdown.cancel();
    served.await.unwrap().unwrap();
}

#[tokio::test]
async fn readers_who_take_their_time_keep_no_scrape_out() {
    let scrapes = Scrapes::new();
    let text = Bytes::from(vec![b'm'; 3 * PIECE_BYTES]);
    let mut slow: Vec<_> = (0..ANSWERS_MAX).map(|_| scrapes.in_pieces(text.clone()).into_data_stream()).collect();
    for answer in &mut slow {
        assert_eq!(answer.next().await.unwrap().unwrap().len(), PIECE_BYTES);
    }
    assert_eq!(body::to_bytes(scrapes.in_pieces(text.clone()), usize::MAX).await.unwrap(), text);
    assert!(slow[0].next().await.unwrap().is_err(), "the oldest made room, and occupies nothing");
    // What is read, or was given up, makes room for the next.
    drop(slow.split_off(2));
    for _ in 0..ANSWERS_MAX {
        assert_eq!(body::to_bytes(scrapes.in_pieces(text.clone()), usize::MAX).await.unwrap(), text);
    }
    assert_eq!(slow[1].next().await.unwrap().unwrap().len(), PIECE_BYTES);
}
