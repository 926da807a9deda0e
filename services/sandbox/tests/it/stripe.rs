//! The pretend card processor, called over HTTP as a seller calls it.

use crate::town::on_both;
use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use db::Database;
use reqwest::Client;
use sandbox::stripe::{self, Config, TEST_KEY, TEST_WEBHOOK_SECRET, signature_header};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;

type Delivery = (String, Bytes);

/// A seller: a client, and a webhook that passes on what it gets.
struct Seller {
    url: String,
    client: Client,
    webhook: String,
    delivered: UnboundedReceiver<Delivery>,
    shutdown: CancellationToken,
}

async fn take(State(to): State<UnboundedSender<Delivery>>, headers: HeaderMap, body: Bytes) {
    let signature = headers["stripe-signature"].to_str().unwrap().to_owned();
    to.send((signature, body)).unwrap();
}

impl Seller {
    async fn open(database: &Database, config: Config) -> Self {
        let shutdown = CancellationToken::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let processor = stripe::start(listener, database, config, shutdown.clone()).await.unwrap();
        let (to, delivered) = unbounded_channel();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let webhook = format!("http://{}/hook", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/hook", post(take)).with_state(to)).await });
        Self { url: processor.url(), client: http_client::local().build().unwrap(), webhook, delivered, shutdown }
    }

    async fn post(&self, path: &str, form: &str, key: &str) -> Result<(u16, Value), reqwest::Error> {
        let request = self.client.post(format!("{}/v1/{path}", self.url)).bearer_auth(TEST_KEY).header("idempotency-key", key);
        let answer = request.body(form.to_owned()).send().await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }

    async fn get(&self, path: &str) -> Value {
        let request = self.client.get(format!("{}/v1/{path}", self.url)).basic_auth(TEST_KEY, Some(""));
        request.send().await.unwrap().json().await.unwrap()
    }

    async fn command(&self, command: &Value) -> u16 {
        self.client.post(format!("{}/commands", self.url)).body(command.to_string()).send().await.unwrap().status().as_u16()
    }

    async fn register(&self, registration: &Value) {
        let request = self.client.put(format!("{}/webhook", self.url)).body(registration.to_string());
        assert_eq!(request.send().await.unwrap().status().as_u16(), 204);
    }

    /// The next delivery: its type, the body, the header.
    async fn next(&mut self) -> (String, Value, String) {
        let (signature, body) = tokio::time::timeout(Duration::from_secs(120), self.delivered.recv()).await.unwrap().unwrap();
        let event: Value = serde_json::from_slice(&body).unwrap();
        let at_s: i64 = signature.split(',').next().unwrap().strip_prefix("t=").unwrap().parse().unwrap();
        assert!(
            signature.starts_with(&signature_header(&["whsec_new"], at_s, &body))
                || signature == signature_header(&[TEST_WEBHOOK_SECRET], at_s, &body)
        );
        (event["type"].as_str().unwrap().to_owned(), event, signature)
    }
}

pub fn form(order: &str) -> String {
    let fields = [
        ("mode", "payment"),
        ("success_url", "https://app.example/paid"),
        ("line_items[0][quantity]", "1"),
        ("line_items[0][price_data][currency]", "usd"),
        ("line_items[0][price_data][unit_amount]", "99"),
        ("line_items[0][price_data][product_data][name]", "70 coins"),
        ("metadata[order_id]", order),
        ("payment_intent_data[metadata][order_id]", order),
    ];
    let mut url = reqwest::Url::parse("http://form/").unwrap();
    url.query_pairs_mut().extend_pairs(fields);
    url.query().unwrap().to_owned()
}

#[tokio::test]
async fn a_key_repeats_its_first_answer_and_refuses_other_parameters() {
    on_both(async |database| {
        let seller = Seller::open(&database, Config::default()).await;
        let (status, first) = seller.post("checkout/sessions", &form("one"), "k1").await.unwrap();
        assert_eq!((status, &first["amount_total"], &first["status"]), (200, &json!(99), &json!("open")));
        assert_eq!(first["metadata"], json!({"order_id": "one"}));
        assert_eq!(seller.post("checkout/sessions", &form("one"), "k1").await.unwrap().1, first);
        let (status, refused) = seller.post("checkout/sessions", &form("two"), "k1").await.unwrap();
        assert_eq!((status, &refused["error"]["type"]), (400, &json!("idempotency_error")));
        // Executed, and the answer lost: the key finds it.
        assert_eq!(seller.command(&json!({"command": "fault", "fault": "cut", "times": 1})).await, 200);
        seller.post("checkout/sessions", &form("two"), "k2").await.unwrap_err();
        let (_, found) = seller.post("checkout/sessions", &form("two"), "k2").await.unwrap();
        assert_eq!(seller.get("checkout/sessions?limit=10").await["data"], json!([found, first]));
        // A day later, it is another session.
        assert_eq!(seller.command(&json!({"command": "forget_keys"})).await, 200);
        let (_, another) = seller.post("checkout/sessions", &form("one"), "k1").await.unwrap();
        assert_ne!(another["id"], first["id"]);
        for (fault, status) in [("429", 429), ("409", 409), ("500", 500)] {
            assert_eq!(seller.command(&json!({"command": "fault", "fault": fault, "times": 1})).await, 200);
            assert_eq!(seller.post("checkout/sessions", &form("x"), "k9").await.unwrap().0, status);
        }
        assert_eq!(seller.get("checkout/sessions?limit=10").await["data"].as_array().unwrap().len(), 3);
        for wrong in [form("x").replace("usd", "USD"), form("x") + "&colour=red", form("x") + "&expires_at=1", String::new()] {
            assert_eq!(seller.post("checkout/sessions", &wrong, "k8").await.unwrap().0, 400, "{wrong}");
        }
        let stranger = seller.client.get(format!("{}/v1/events", seller.url)).bearer_auth("sk_test_other").send().await.unwrap();
        assert_eq!(stranger.status().as_u16(), 401);
        seller.shutdown.cancel();
    })
    .await;
}

#[tokio::test]
async fn commands_make_the_events_and_deliveries_follow_the_registration() {
    on_both(async |database| {
        let config = Config { retry: Duration::from_millis(20), ..Config::default() };
        let mut seller = Seller::open(&database, config).await;
        let (_, session) = seller.post("checkout/sessions", &form("one"), "k1").await.unwrap();
        let of = |command: &str| json!({"command": command, "session": session["id"]});
        seller.register(&json!({"url": seller.webhook, "held": true, "dropped": 1})).await;
        for command in ["fail", "pay", "refund", "refund_failed", "dispute", "dispute_won", "warn"] {
            assert_eq!(seller.command(&of(command)).await, 200, "{command}");
        }
        assert_eq!(seller.command(&of("pay")).await, 409, "it is paid");
        let expected = [
            "payment_intent.succeeded",
            "charge.succeeded",
            "checkout.session.completed",
            "refund.created",
            "charge.refunded",
            "refund.failed",
            "charge.refund.updated",
            "charge.dispute.created",
            "charge.dispute.funds_withdrawn",
            "charge.dispute.funds_reinstated",
            "charge.dispute.closed",
            "radar.early_fraud_warning.created",
        ];
        let mut made: Vec<String> = seller.get("events?limit=100").await["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["type"].as_str().unwrap().to_owned())
            .collect();
        made.reverse();
        // The failed attempt was dropped, and stands in the list all the same.
        assert_eq!((made[0].as_str(), &made[1..]), ("payment_intent.payment_failed", &expected.map(str::to_owned)[..]));
        seller
            .register(&json!({"url": seller.webhook, "reversed": true, "copies": 2, "secrets": ["whsec_new", TEST_WEBHOOK_SECRET]}))
            .await;
        let (last, event, signature) = seller.next().await;
        assert_eq!((last.as_str(), signature.matches(",v1=").count()), ("radar.early_fraud_warning.created", 2));
        for kind in ["radar.early_fraud_warning.created", "charge.dispute.closed"] {
            assert_eq!(seller.next().await.0, kind);
        }
        while seller.next().await.0 != "payment_intent.succeeded" {}
        assert_eq!(seller.next().await.0, "payment_intent.succeeded");
        seller.register(&json!({"url": seller.webhook})).await;
        assert_eq!(seller.command(&json!({"command": "repeat", "event": event["id"]})).await, 200);
        assert_eq!(seller.next().await.1["id"], event["id"]);
        let paid = seller.get(&format!("checkout/sessions/{}?expand[]=payment_intent", session["id"].as_str().unwrap())).await;
        assert_eq!((&paid["payment_status"], &paid["payment_intent"]["status"]), (&json!("paid"), &json!("succeeded")));
        seller.shutdown.cancel();
    })
    .await;
}
