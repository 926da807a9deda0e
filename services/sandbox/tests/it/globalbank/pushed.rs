//! Callbacks of the JSON bank: signed, repeated until taken, duplicated, out of order, in every shape.

use super::{Town, is_first, options, payment, rtp, sent};
use crate::town::on_both;
use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use bankapi::{
    ApiEvidence, ApiPaymentType, BankCallback, BankKeySet, CallbackHeaders, CallbackShape, CallbackVerifier, StatusOrder,
    UnverifiedCallback, read_callback,
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};
use tokio::{net::TcpListener, sync::mpsc};

type Pushed = (HeaderMap, Bytes);

/// A payer that takes callbacks.
struct Payer {
    url: String,
    pushed: mpsc::UnboundedReceiver<Pushed>,
}

impl Payer {
    /// Refuses the first `refused` callbacks.
    async fn open(refused: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (sender, pushed) = mpsc::unbounded_channel();
        let left = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(refused));
        let take = async |State((sender, left)): State<(mpsc::UnboundedSender<Pushed>, std::sync::Arc<std::sync::atomic::AtomicUsize>)>,
                          headers: HeaderMap,
                          body: Bytes| {
            sender.send((headers, body)).unwrap();
            let order = std::sync::atomic::Ordering::SeqCst;
            let refuses = left.fetch_update(order, order, |left| left.checked_sub(1)).is_ok();
            if refuses { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::NO_CONTENT }
        };
        let router = Router::new().route("/", post(take)).with_state((sender, left));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, pushed }
    }

    async fn next(&mut self) -> Pushed {
        tokio::time::timeout(Duration::from_secs(120), self.pushed.recv()).await.unwrap().unwrap()
    }

    async fn callback(&mut self) -> BankCallback {
        read_callback(&self.next().await.1).unwrap()
    }
}

async fn register(town: &Town, body: Value) {
    let answer = town.request(reqwest::Method::PUT, "/callback").body(body.to_string()).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn callbacks_are_repeated_until_they_are_taken_and_end_settled() {
    on_both(async |database| {
        let town = Town::open(&database, options()).await;
        let mut payer = Payer::open(3).await;
        register(&town, json!({"url": payer.url})).await;
        let ana = rtp("A", "Ana", 5);
        assert!(is_first(&town.pay(&ana, None).await));
        let mut keys = Vec::new();
        let mut last = None;
        // Three refusals, and then each of the two events once.
        for _ in 0..5 {
            let callback = payer.callback().await;
            keys.push(callback.items[0].dedup_key.clone());
            let status = callback.items[0].status.clone();
            let newer = last.as_ref().is_none_or(|last| status.order(last) == StatusOrder::Newer);
            if newer {
                last = Some(status);
            }
        }
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), 2);
        assert_eq!(last.unwrap().evidence(&sent(&ana)), ApiEvidence::Settled);
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn duplicates_and_disorder_end_in_the_same_status() {
    on_both(async |database| {
        let town = Town::open(&database, options()).await;
        let mut payer = Payer::open(0).await;
        register(&town, json!({"url": payer.url, "copies": 3, "reversed": true})).await;
        let ana = rtp("A", "Ana", 5);
        town.pay(&ana, None).await;
        let mut statuses = Vec::new();
        for _ in 0..6 {
            statuses.push(payer.callback().await.items.remove(0).status);
        }
        let words: Vec<&str> = statuses.iter().map(|status| status.status.as_str()).collect();
        assert_eq!(words, ["COMPLETED", "COMPLETED", "COMPLETED", "RECEIVED", "RECEIVED", "RECEIVED"]);
        assert!(statuses[1..].iter().all(|status| status.order(&statuses[0]) != StatusOrder::Newer));
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn both_signatures_fit_the_published_keys_and_only_those() {
    on_both(async |database| {
        // A key is new with every start; the other bank must be gone, or it would deliver callbacks from the same books.
        let other = Town::open(&database, options()).await;
        let foreign = BankKeySet::read(&other.get("/public-keys").await.1).unwrap();
        other.close().await;
        let town = Town::open(&database, options()).await;
        let keys = BankKeySet::read(&town.get("/public-keys").await.1).unwrap();
        let mut payer = Payer::open(0).await;
        for (signature, verifiers) in [
            ("detached", [CallbackVerifier::Detached(keys.clone()), CallbackVerifier::Detached(foreign.clone())]),
            ("jws", [CallbackVerifier::Jws(keys.clone()), CallbackVerifier::Jws(foreign.clone())]),
        ] {
            register(&town, json!({"url": payer.url, "signature": signature})).await;
            town.pay(&rtp(signature, "Ana", 5), None).await;
            for _ in 0..2 {
                let (headers, body) = payer.next().await;
                let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
                let headers =
                    CallbackHeaders { signature: header("signature"), key_id: header("key-id"), algorithm: header("signing-algorithm") };
                assert_eq!(verifiers[0].verify(headers, &body).as_deref(), Ok(&*body), "{signature}");
                assert_eq!(verifiers[0].verify(headers, b"{}"), Err(UnverifiedCallback::WrongSignature));
                assert_eq!(verifiers[1].verify(headers, &body), Err(UnverifiedCallback::UnknownKey));
            }
        }
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn callbacks_can_come_first_be_forged_and_be_about_nobody() {
    on_both(async |database| {
        let town = Town::open(&database, options()).await;
        let keys = CallbackVerifier::Detached(BankKeySet::read(&town.get("/public-keys").await.1).unwrap());
        let mut payer = Payer::open(0).await;
        register(&town, json!({"url": payer.url, "signature": "detached"})).await;
        let mut told = Vec::new();
        for behaviour in ["callback_first", "callback_forged", "callback_foreign"] {
            town.pay(&rtp(behaviour, &format!("Sandbox {behaviour}"), 5), None).await;
            let mut count = 0;
            // Those of the first are there before its answer.
            while count < if behaviour == "callback_first" { 2 } else { 3 } {
                let (headers, body) = match behaviour {
                    "callback_first" => payer.pushed.try_recv().unwrap(),
                    _ => payer.next().await,
                };
                count += 1;
                let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
                let headers = CallbackHeaders { signature: header("signature"), key_id: header("key-id"), algorithm: None };
                let status = read_callback(&body).unwrap().items.remove(0).status;
                let ours = status.end_to_end_id.as_deref() == Some(behaviour);
                told.push((behaviour, status.status, ours, keys.verify(headers, &body).is_ok()));
            }
        }
        let all = [
            ("callback_first", "RECEIVED", true, true),
            ("callback_first", "COMPLETED", true, true),
            ("callback_forged", "RECEIVED", true, true),
            ("callback_forged", "REJECTED", true, false),
            ("callback_forged", "COMPLETED", true, true),
            ("callback_foreign", "RECEIVED", true, true),
            ("callback_foreign", "RECEIVED", false, true),
            ("callback_foreign", "COMPLETED", true, true),
        ];
        assert_eq!(told, all.map(|(behaviour, status, ours, signed)| (behaviour, status.to_owned(), ours, signed)));
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn older_shapes_say_the_same() {
    on_both(async |database| {
        let town = Town::open(&database, options()).await;
        let mut payer = Payer::open(0).await;
        for (word, shape) in [("events", CallbackShape::Events), ("callbacks", CallbackShape::Callbacks)] {
            register(&town, json!({"url": payer.url, "shape": word})).await;
            let ach = payment(word, ApiPaymentType::Ach, "Ana", 5);
            town.pay(&ach, None).await;
            let (first, second) = (payer.callback().await, payer.callback().await);
            assert_eq!((first.shape, second.shape), (shape, shape));
            assert_eq!(second.items[0].status.evidence(&sent(&ach)), ApiEvidence::SettledReturnable);
        }
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_callback_can_contradict_the_query() {
    on_both(async |database| {
        let town = Town::open(&database, options()).await;
        let mut payer = Payer::open(0).await;
        register(&town, json!({"url": payer.url})).await;
        let ana = rtp("A", "Sandbox contradict", 5);
        town.pay(&ana, None).await;
        payer.next().await;
        let told = payer.callback().await.items.remove(0).status;
        assert!(matches!(told.evidence(&sent(&ana)), ApiEvidence::Rejected(_)));
        let asked = town.status(&ana).await;
        assert_eq!((asked.evidence(&sent(&ana)), asked.order(&told)), (ApiEvidence::Settled, StatusOrder::Contradicts));
        assert_eq!(town.booked("A").await, [-5]);
        town.close().await;
    })
    .await;
}
