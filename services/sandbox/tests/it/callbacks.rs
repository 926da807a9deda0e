//! Callbacks: signed, repeated, and everything that goes wrong with them.

use crate::town::{Town, address, euro, on_both, over};
use accounts::{AddressField as F, AddressKind as K};
use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use base64::{Engine as _, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use iso20022::{pain002::StatusReport, report::AccountReports, resolution::Resolution};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use sandbox::bank::{KEY_ID_HEADER, SIGNATURE_HEADER};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{net::TcpListener, sync::mpsc};

/// A receiver that refuses the first so many callbacks.
struct Ear {
    heard: mpsc::UnboundedReceiver<(HeaderMap, Bytes)>,
    keys: Value,
}

impl Ear {
    async fn open(town: &Town, refusals: usize) -> Ear {
        let (ear, url) = Ear::silent(town, refusals).await;
        assert_eq!(town.post("callbacks", json!({"url": url})).await, StatusCode::NO_CONTENT);
        ear
    }

    /// One that is not registered, and its address.
    async fn silent(town: &Town, refusals: usize) -> (Ear, String) {
        let (send, heard) = mpsc::unbounded_channel();
        let left = Arc::new(AtomicUsize::new(refusals));
        let hear = post(async move |headers: HeaderMap, body: Bytes| {
            let is_refused = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
            send.send((headers, body)).unwrap();
            if is_refused { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::NO_CONTENT }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/bank", listener.local_addr().unwrap());
        let router: Router = Router::new().route("/bank", hear);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let keys = town.client.get(format!("{}/public-keys", town.bank.url())).send().await.unwrap().json().await.unwrap();
        (Ear { heard, keys }, url)
    }

    /// The next callback: whether its signature is the bank's, and what it says.
    async fn next(&mut self) -> (bool, String) {
        let (headers, body) = tokio::time::timeout(Duration::from_secs(120), self.heard.recv()).await.unwrap().unwrap();
        let key = &self.keys["keys"][0];
        assert_eq!(headers[KEY_ID_HEADER].to_str().unwrap(), key["kid"].as_str().unwrap());
        let part = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
        let point = [vec![4], part("x"), part("y")].concat();
        let signature = STANDARD.decode(headers[SIGNATURE_HEADER].as_bytes()).unwrap();
        let is_signed = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(&body, &signature).is_ok();
        (is_signed, told(&body))
    }

    async fn next_of(&mut self, count: usize) -> Vec<String> {
        let mut all = Vec::new();
        for _ in 0..count {
            let (is_signed, told) = self.next().await;
            assert!(is_signed, "{told}");
            all.push(told);
        }
        all
    }

    fn heard_nothing_more(&mut self) -> bool {
        self.heard.try_recv().is_err()
    }
}

/// A status with its payment, a booking with its amount and payment, or an answer to a recall.
fn told(body: &[u8]) -> String {
    if let Ok(report) = StatusReport::read(body) {
        let one = |one: &iso20022::pain002::TransactionReport| {
            format!("{} {}", one.end_to_end_id.as_deref().unwrap(), one.status.as_ref().unwrap().code())
        };
        return report.payments.iter().flat_map(|payment| &payment.transactions).map(one).collect::<Vec<_>>().join(", ");
    }
    if let Ok(reports) = AccountReports::read(body) {
        assert_eq!(reports.findings(), []);
        let one = |entry: &iso20022::report::ReportEntry| {
            let ids = entry.batches[0].transactions.iter().map(|one| one.references.end_to_end_id.clone().unwrap());
            format!("{} {}", ids.collect::<Vec<_>>().join("+"), entry.direction.signed(entry.amount))
        };
        return reports.reports[0].entries.iter().map(one).collect::<Vec<_>>().join(", ");
    }
    let answer = Resolution::read(body).unwrap();
    format!("{} {}", answer.case_id.unwrap(), answer.confirmation.unwrap())
}

async fn pay(town: &Town, payments: &[(&str, &str)]) -> String {
    let to = address(K::Iban, &[(F::Iban, "DE46910579234762349724")]);
    let answer = town.send(over("sepa-instant", payments, &to, euro(100)).write().unwrap()).await.unwrap();
    told(&answer.bytes().await.unwrap())
}

#[tokio::test]
async fn a_receiver_that_has_moved_gets_what_waited_for_it() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        let mut other = Ear::open(&town, 0).await;
        // Nobody is there.
        let gone = json!({"url": "http://127.0.0.1:1/bank", "name": "payout"});
        assert_eq!(town.post("callbacks", gone).await, StatusCode::NO_CONTENT);
        pay(&town, &[("A", "Ana")]).await;
        let (mut ear, url) = Ear::silent(&town, 0).await;
        assert_eq!(town.post("callbacks", json!({"url": url, "name": "payout"})).await, StatusCode::NO_CONTENT);
        assert_eq!(ear.next_of(2).await, ["A ACSC", "A -100"]);
        pay(&town, &[("B", "Ana")]).await;
        assert_eq!((ear.next_of(2).await, other.next_of(4).await.len()), (vec!["B ACSC".to_owned(), "B -100".to_owned()], 4));
        for wrong in ["a b".to_owned(), "n".repeat(65)] {
            assert_eq!(town.post("callbacks", json!({"url": url, "name": wrong})).await, StatusCode::BAD_REQUEST);
        }
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn statuses_and_bookings_are_pushed_signed_in_order() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        let mut ear = Ear::open(&town, 0).await;
        assert_eq!(pay(&town, &[("A", "Ana")]).await, "A ACSC");
        assert_eq!(ear.next_of(2).await, ["A ACSC", "A -100"]);
        assert_eq!(pay(&town, &[("B", "Sandbox reject:AC04")]).await, "B RJCT");
        assert_eq!(ear.next_of(1).await, ["B RJCT"]);
        pay(&town, &[("C", "Sandbox settle_later")]).await;
        assert_eq!(ear.next_of(1).await, ["C ACSP"]);
        town.status("C").await;
        assert_eq!(ear.next_of(2).await, ["C ACSC", "C -100"]);
        // A repeated payment is no news.
        pay(&town, &[("A", "Ana")]).await;
        // A batch: every status in one message, and the batch's own entry.
        pay(&town, &[("D", "Ana"), ("E", "Sandbox reject:AC06"), ("F", "Ana")]).await;
        assert_eq!(ear.next_of(2).await, ["D ACSC, E RJCT, F ACSC", "D+F -200"]);
        pay(&town, &[("G", "Sandbox return:AC04")]).await;
        assert_eq!(ear.next_of(2).await, ["G ACSC", "G -100"]);
        town.status("G").await;
        assert_eq!(ear.next_of(1).await, ["G 100"]);
        assert!(ear.heard_nothing_more());
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn answers_to_recalls_are_pushed() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        let mut ear = Ear::open(&town, 0).await;
        pay(&town, &[("A", "Ana")]).await;
        ear.next_of(2).await;
        let body = crate::recalls::request("R-1", &["A"]).write().unwrap();
        town.client.post(format!("{}/recalls", town.bank.url())).body(body).send().await.unwrap();
        town.client.get(format!("{}/recalls/R-1", town.bank.url())).send().await.unwrap();
        assert_eq!(ear.next_of(2).await, ["A 100", "R-1 CNCL"]);
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_callback_is_repeated_until_it_is_taken_also_after_a_restart() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        let mut ear = Ear::open(&town, 2).await;
        pay(&town, &[("A", "Ana")]).await;
        let mut told = ear.next_of(4).await;
        told.sort();
        assert_eq!(told, ["A -100", "A -100", "A ACSC", "A ACSC"]);
        // A receiver that is not there: what it misses is kept. The restarted bank signs with a key of its own.
        town.close().await;
        let town = Town::open(&database).await;
        assert_eq!(pay(&town, &[("B", "Ana")]).await, "B ACSC");
        ear.keys = town.client.get(format!("{}/public-keys", town.bank.url())).send().await.unwrap().json().await.unwrap();
        assert_eq!(ear.next_of(2).await, ["B ACSC", "B -100"]);
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn callbacks_go_wrong_as_told() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        let mut ear = Ear::open(&town, 0).await;
        pay(&town, &[("A", "Sandbox callback_twice")]).await;
        assert_eq!(ear.next_of(4).await, ["A ACSC", "A ACSC", "A -100", "A -100"]);
        assert_eq!(pay(&town, &[("B", "Sandbox callback_disorder")]).await, "B ACSP");
        assert_eq!(ear.next_of(3).await, ["B -100", "B ACSC", "B ACSP"]);
        assert_eq!(town.status("B").await, "ACSC");
        // Heard before the answer is here.
        assert_eq!(pay(&town, &[("C", "Sandbox callback_first")]).await, "C ACSC");
        assert_eq!([ear.heard.try_recv().is_ok(), ear.heard.try_recv().is_ok()], [true, true]);
        pay(&town, &[("D", "Sandbox callback_forged")]).await;
        assert_eq!(ear.next().await, (false, "D RJCT".to_owned()));
        assert_eq!(ear.next_of(2).await, ["D ACSC", "D -100"]);
        assert_eq!(town.status("D").await, "ACSC");
        pay(&town, &[("E", "Sandbox callback_foreign")]).await;
        let (is_signed, foreign) = ear.next().await;
        assert!(is_signed && foreign.starts_with("F-") && foreign.ends_with(" ACSC"), "{foreign}");
        assert_eq!(ear.next_of(2).await, ["E ACSC", "E -100"]);
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_forged_callback_is_not_repeated() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        let mut ear = Ear::open(&town, 1).await;
        pay(&town, &[("A", "Sandbox callback_forged")]).await;
        assert!(!ear.next().await.0);
        assert_eq!(ear.next_of(2).await, ["A ACSC", "A -100"]);
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn receivers_are_http_addresses_and_not_too_many() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        for wrong in ["", "nowhere", "ftp://a/b", "http://", &format!("http://a/{}", "x".repeat(500))] {
            assert_eq!(town.post("callbacks", json!({"url": wrong})).await, StatusCode::BAD_REQUEST, "{wrong}");
        }
        assert_eq!(town.post("callbacks", json!({"url": "http://127.0.0.1:9/a", "extra": 1})).await, StatusCode::UNPROCESSABLE_ENTITY);
        for at in 0..16 {
            assert_eq!(town.post("callbacks", json!({"url": format!("http://127.0.0.1:9/{at}")})).await, StatusCode::NO_CONTENT);
        }
        assert_eq!(town.post("callbacks", json!({"url": "http://127.0.0.1:9/0"})).await, StatusCode::NO_CONTENT, "again");
        assert_eq!(town.post("callbacks", json!({"url": "http://127.0.0.1:9/more"})).await, StatusCode::CONFLICT);
        // Nobody is there: payments are answered all the same.
        assert_eq!(pay(&town, &[("A", "Ana")]).await, "A ACSC");
        town.close().await;
    })
    .await;
}
