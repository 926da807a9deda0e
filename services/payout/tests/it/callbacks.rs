//! Callbacks: signed by the bank, by a stranger, cut off, repeated, in any order, about anything.

use crate::world::{Running, World, aba, on_both, payout_request};
use api::payout::{Payout, PayoutState, ReturnState};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use payout::{Config, callbacks::CALLBACK_BYTES_MAX, store::Store};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _},
};
use serde_json::json;
use std::{net::SocketAddr, path::PathBuf, time::Duration};
use testbed::bank_messages::{payment, report, transfer};
use tokio::{net::TcpListener, task::JoinHandle};

/// The HTTP listener of the payout service.
pub struct Listening {
    pub url: String,
    pub address: SocketAddr,
    server: JoinHandle<()>,
}

impl Listening {
    pub async fn start(running: &Running) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let url = format!("http://{address}/webhooks/bank");
        // As the program's listener serves them.
        let routes = axum::Router::new().route_service("/webhooks/{*path}", running.service.webhooks().into_service());
        let server = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, address, server }
    }

    pub async fn post(&self, bank: &str, signed: Option<&(String, String)>, body: Vec<u8>) -> u16 {
        let mut request = http_client::local().build().unwrap().post(format!("{}/{bank}", self.url)).body(body);
        if let Some((key_id, signature)) = signed {
            request = request.header("key-id", key_id).header("signature", signature);
        }
        request.send().await.unwrap().status().as_u16()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A bank's key, of which the test has the private part.
pub struct OwnKey {
    pkcs8: Vec<u8>,
    file: PathBuf,
    _dir: tempfile::TempDir,
}

impl OwnKey {
    pub fn new() -> Self {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &SystemRandom::new()).unwrap();
        let point = pair.public_key().as_ref();
        let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..65]));
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("keys.json");
        let set = json!({"keys": [{"kty": "EC", "crv": "P-256", "kid": "k", "x": x, "y": y}]});
        std::fs::write(&file, set.to_string()).unwrap();
        Self { pkcs8: document.as_ref().to_vec(), file, _dir: dir }
    }

    fn pair(&self, algorithm: &'static EcdsaSigningAlgorithm) -> EcdsaKeyPair {
        EcdsaKeyPair::from_pkcs8(algorithm, &self.pkcs8, &SystemRandom::new()).unwrap()
    }

    pub fn sign(&self, body: &[u8]) -> (String, String) {
        let pair = self.pair(&ECDSA_P256_SHA256_ASN1_SIGNING);
        ("k".to_owned(), STANDARD.encode(pair.sign(&SystemRandom::new(), body).unwrap()))
    }

    /// A JWS without its payload, which is signed as it is.
    pub fn jws(&self, body: &[u8]) -> String {
        let header = json!({"alg": "ES256", "kid": "k", "b64": false, "crit": ["b64"]});
        let header = URL_SAFE_NO_PAD.encode(header.to_string());
        let message = [format!("{header}.").as_bytes(), body].concat();
        let signature = self.pair(&ECDSA_P256_SHA256_FIXED_SIGNING).sign(&SystemRandom::new(), &message).unwrap();
        format!("{header}..{}", URL_SAFE_NO_PAD.encode(signature))
    }

    pub fn config(&self, world: &World) -> Config {
        let mut config = world.config();
        config.banks[0].callback_keys_file = self.file.clone();
        // Nothing but callbacks makes anything due soon.
        config.policy.retry_delay = Duration::from_secs(600);
        config.policy.retry_delay_max = Duration::from_secs(600);
        config
    }
}

pub fn status(id: &str, code: &str) -> Vec<u8> {
    report(id, 1, "", &payment(&transfer(id, code, ""))).into_bytes()
}

/// A payout that the bank has accepted and not decided; it is asked about in ten minutes.
pub async fn pending(world: &World, running: &Running) -> Payout {
    world.fund("ana", "USD").await;
    let beneficiary = running.beneficiary("ana", aba("9000000008")).await.unwrap();
    let (payout, _) = running.request("ana", payout_request(&beneficiary, "USD", 500)).await.unwrap();
    running.until("ana", &payout.payout_id, PayoutState::Accepted).await
}

/// Every callback that was taken, once all of them were read.
pub async fn read(store: &Store, count: usize) -> Vec<(String, String, i64)> {
    let wait = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(10));
        loop {
            ticks.tick().await;
            let all = store.callbacks().await.unwrap();
            if all.len() == count && all.iter().all(|(_, state, ..)| state != "new") {
                return all.into_iter().map(|(_, state, note, times)| (state, note, times)).collect();
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(120), wait).await.expect("a callback was not read")
}

#[tokio::test]
async fn what_the_bank_did_not_sign_is_not_taken() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let (key, stranger) = (OwnKey::new(), OwnKey::new());
        let running = world.start_with(key.config(&world)).await;
        let http = Listening::start(&running).await;
        let payout = pending(&world, &running).await;
        let body = status(&payout.end_to_end_id, "ACSC");
        let signed = key.sign(&body);
        let unknown = ("other".to_owned(), signed.1.clone());
        for (bank, signature, body, answer) in [
            ("first", None, body.clone(), 401),
            ("first", Some(stranger.sign(&body)), body.clone(), 401),
            ("first", Some(unknown), body.clone(), 401),
            ("first", Some(signed.clone()), body[..body.len() / 2].to_vec(), 401),
            ("first", Some(signed.clone()), Vec::new(), 401),
            ("second", Some(signed.clone()), body.clone(), 404),
        ] {
            assert_eq!(http.post(bank, signature.as_ref(), body).await, answer);
        }
        let long = vec![b'x'; 1024 * 1024];
        assert_eq!(http.post("first", Some(&key.sign(&long)), long).await, 413);
        let most = vec![b' '; CALLBACK_BYTES_MAX];
        assert_eq!(http.post("first", None, most).await, 401);
        let store = Store::inspect(&world.database).await.unwrap();
        assert_eq!(store.callbacks().await.unwrap(), []);
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_callback_decides_nothing_and_only_asks_the_bank_at_once() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let key = OwnKey::new();
        let running = world.start_with(key.config(&world)).await;
        let http = Listening::start(&running).await;
        let payout = pending(&world, &running).await;
        let store = Store::inspect(&world.database).await.unwrap();
        let mut changes = running.service.changes();
        let send = async |body: Vec<u8>| assert_eq!(http.post("first", Some(&key.sign(&body)), body).await, 204);
        // Signed, and a lie: the bank's own answer is still that it has not decided.
        send(status(&payout.end_to_end_id, "RJCT")).await;
        read(&store, 1).await;
        changes.recv().await.unwrap();
        let asked = running.once("ana", &payout.payout_id, |_| true).await;
        assert_eq!(asked.state(), PayoutState::Accepted);
        assert_eq!(world.balance("house/in_transit/USD").await, (500, 500));
        // Repeated, in another order, after the end, of nobody, of no recall of ours, unreadable.
        world.scenario(json!({"end_to_end_id": payout.end_to_end_id, "behaviour": "settle"})).await;
        let told = status(&payout.end_to_end_id, "ACSC");
        send(told.clone()).await;
        assert_eq!(running.end("ana", &payout.payout_id).await.state(), PayoutState::Settled);
        for body in [
            told.clone(),
            told,
            status(&payout.end_to_end_id, "ACSP"),
            status(&"0".repeat(32), "ACSC"),
            status("x", "RJCT"),
            b"<a/>".to_vec(),
        ] {
            send(body).await;
        }
        let all = read(&store, 6).await;
        assert_eq!(all.iter().map(|(.., times)| times).sum::<i64>(), 8);
        let noted = |text: &str| all.iter().filter(|(_, note, _)| note.contains(text)).count();
        assert_eq!((noted("asked for at once"), noted("nothing to ask"), noted("not ours")), (2, 1, 2), "{all:?}");
        assert_eq!(all.iter().filter(|(state, ..)| state == "unread").count(), 1);
        let after = running.once("ana", &payout.payout_id, |_| true).await;
        assert_eq!(after.state(), PayoutState::Settled);
        world.check_books("ana", "USD", 500).await;
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_callback_about_another_bank_s_payout_changes_nothing() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let key = OwnKey::new();
        let mut config = key.config(&world);
        let mut other = config.banks[0].clone();
        other.name = "other".to_owned();
        other.rails.clear();
        config.banks[0].callback_keys_file = PathBuf::new();
        config.banks.push(other);
        let running = world.start_with(config).await;
        let http = Listening::start(&running).await;
        let payout = pending(&world, &running).await;
        // The bank would pay it if it were asked.
        world.scenario(json!({"end_to_end_id": payout.end_to_end_id, "behaviour": "settle"})).await;
        let body = status(&payout.end_to_end_id, "ACSC");
        assert_eq!(http.post("other", Some(&key.sign(&body)), body.clone()).await, 204);
        assert_eq!(http.post("first", Some(&key.sign(&body)), body).await, 404, "it has no keys");
        let store = Store::inspect(&world.database).await.unwrap();
        let all = read(&store, 1).await;
        assert!(all[0].1.contains("another bank's payment"), "{all:?}");
        let after = running.once("ana", &payout.payout_id, |_| true).await;
        assert_eq!(after.state(), PayoutState::Accepted);
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn callbacks_of_the_bank_before_its_answer_twice_in_disorder_and_forged_change_no_outcome() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(world.watchful()).await;
        let http = Listening::start(&running).await;
        running.service.register_callbacks(http.address).await;
        world.fund("ana", "USD").await;
        for behaviour in ["callback_first", "callback_twice", "callback_disorder", "callback_forged", "callback_foreign"] {
            world.scenario(json!({"account": "5512345678", "behaviour": behaviour, "times": 1})).await;
            let paid = running.pay("ana", aba("5512345678"), 500).await;
            assert_eq!((paid.state(), world.executed(&paid).await), (PayoutState::Settled, 1), "{behaviour}");
        }
        world.check_books("ana", "USD", 2_500).await;
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_announced_return_is_information_until_a_statement_books_it() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let mut config = world.watchful();
        // Only the announcement makes a statement due.
        config.statement_interval = Duration::from_secs(3_600);
        let running = world.start_with(config).await;
        let http = Listening::start(&running).await;
        assert_eq!(world.command("callbacks", json!({"url": format!("{}/first", http.url)})).await, 204);
        world.fund("ana", "USD").await;
        let paid = running.pay("ana", aba("9000000001"), 500).await;
        let path = format!("payments/{}/returns", paid.end_to_end_id);
        assert_eq!(world.command(&path, json!({"code": "AC04", "minor_units": 200})).await, 204);
        let back = running.once("ana", &paid.payout_id, |payout| payout.returned_minor_units == 200).await;
        assert_eq!(back.returns.iter().map(|back| back.state()).collect::<Vec<_>>(), [ReturnState::Booked]);
        running.stop().await;
        world.close().await;
    })
    .await;
}
