//! What proves that a callback is from a bank, where it is not a detached signature: a JWS, or the certificate that the bank shows.

use crate::{
    callbacks::{Listening, OwnKey, pending, status},
    world::{Running, World, on_both},
};
use payout::{Config, config::CallbackProof, store::Store};
use rpc::{Tls, http1, tls};
use std::{
    fs,
    path::{Path, PathBuf},
};
use testbed::authority::{Age, Authority};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// The header in which the bank sends its JWS.
const HEADER: &str = "x-bank-jws";
/// The bank's name in its certificate.
const NAME: &str = "spiffe://bank/callbacks";

#[tokio::test]
async fn a_jws_in_the_header_that_is_configured_is_taken_and_nothing_else() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let (key, stranger) = (OwnKey::new(), OwnKey::new());
        let mut config = key.config(&world);
        config.banks[0].callback_proof = CallbackProof::Jws;
        config.banks[0].callback_signature_header = "X-Bank-JWS".to_owned();
        let running = world.start_with(config).await;
        let http = Listening::start(&running).await;
        let payout = pending(&world, &running).await;
        let body = status(&payout.end_to_end_id, "ACSP");
        let post = async |header: &str, signature: String| {
            let request = http_client::local().build().unwrap().post(format!("{}/first", http.url));
            request.header(header, signature).header("key-id", "k").body(body.clone()).send().await.unwrap().status().as_u16()
        };
        assert_eq!(post(HEADER, stranger.jws(&body)).await, 401);
        assert_eq!(post(HEADER, key.jws(b"<a/>")).await, 401);
        assert_eq!(post(HEADER, key.sign(&body).1).await, 401, "no JWS, though of the bank's key");
        assert_eq!(post("signature", key.jws(&body)).await, 401);
        let store = Store::inspect(&world.database).await.unwrap();
        assert_eq!(store.callbacks().await.unwrap(), []);
        assert_eq!(post(HEADER, key.jws(&body)).await, 204);
        assert_eq!(store.callbacks().await.unwrap().len(), 1);
        running.stop().await;
        world.close().await;
    })
    .await;
}

/// The HTTP listener of an installation with TLS, which lets in certificates of these authorities.
struct SecuredListening {
    url: String,
    server: JoinHandle<()>,
}

impl SecuredListening {
    async fn start(running: &Running, house: &Authority, callback_cas: Vec<PathBuf>) -> Self {
        let (certificate, key) = house.sign("server", "spiffe://house/server", Age::Now);
        let tls = Tls::load(tls::Config { certificate, key, callback_cas, ..tls::Config::default() }).unwrap();
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/webhooks/bank", socket.local_addr().unwrap());
        let served = http1::serve(socket, Some(tls), running.service.webhooks(), http1::CONNECTIONS, CancellationToken::new());
        Self { url, server: tokio::spawn(async move { served.await.unwrap() }) }
    }

    /// The answer to a caller that shows this certificate, or none; 0 if the listener does not speak to it.
    async fn post(&self, house: &Authority, shown: Option<(PathBuf, PathBuf)>, body: &[u8]) -> u16 {
        let ca = house.dir.join("house.pem");
        let client = match shown {
            Some((certificate, key)) => http_client::identified(&ca, &certificate, &key).unwrap(),
            None => http_client::builder(&ca).unwrap(),
        };
        let request = client.build().unwrap().post(format!("{}/first", self.url)).body(body.to_vec());
        request.send().await.map_or(0, |answer| answer.status().as_u16())
    }
}

impl Drop for SecuredListening {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn certified(world: &World, ca: &Path) -> Config {
    let mut config = world.config();
    let bank = &mut config.banks[0];
    (bank.callback_proof, bank.callback_ca, bank.callback_names) = (CallbackProof::Certificate, ca.to_owned(), vec![NAME.to_owned()]);
    config
}

#[tokio::test]
async fn a_bank_may_be_known_by_a_certificate_of_its_own_authority_and_name() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let dir = tempfile::tempdir().unwrap();
        let [house, bank, rival, stranger] = ["house", "bank", "rival", "stranger"].map(|name| Authority::new(dir.path(), name));
        let ca = dir.path().join("bank.pem");
        let running = world.start_with(certified(&world, &ca)).await;
        let http = SecuredListening::start(&running, &house, vec![ca.clone(), dir.path().join("rival.pem")]).await;
        let body = status("nobody", "ACSP");
        let of_bank = bank.sign("of-bank", NAME, Age::Now);
        for (shown, answer, what) in [
            (None, 401, "no certificate"),
            (Some(bank.sign("other", "spiffe://bank/payments", Age::Now)), 401, "another name"),
            (Some(rival.sign("rival-caller", NAME, Age::Now)), 401, "another bank's authority"),
            (Some(stranger.sign("stranger-caller", NAME, Age::Now)), 0, "nobody's authority"),
            (Some(bank.sign("old", NAME, Age::Over)), 0, "expired"),
        ] {
            assert_eq!(http.post(&house, shown, &body).await, answer, "{what}");
        }
        let store = Store::inspect(&world.database).await.unwrap();
        assert_eq!(store.callbacks().await.unwrap(), []);
        assert_eq!(http.post(&house, Some(of_bank.clone()), &body).await, 204);
        assert_eq!(store.callbacks().await.unwrap().len(), 1);
        // Nobody knows who it is: the bank has to send it again.
        fs::write(&ca, "").unwrap();
        assert_eq!(http.post(&house, Some(of_bank), &body).await, 503);
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn without_tls_nobody_is_known_by_a_certificate() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let dir = tempfile::tempdir().unwrap();
        Authority::new(dir.path(), "bank");
        let running = world.start_with(certified(&world, &dir.path().join("bank.pem"))).await;
        let http = Listening::start(&running).await;
        assert_eq!(http.post("first", None, status("nobody", "ACSP")).await, 401);
        running.stop().await;
        world.close().await;
    })
    .await;
}
