//! Unit tests of `http`.
use super::*;
use axum::{Extension, extract::ConnectInfo};
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
