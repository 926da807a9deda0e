//! A purchase service that sells through the pretend Stripe.

use std::time::Duration;

use api::purchase::{Checkout, CheckoutState, CreateCheckoutRequest, CreateCheckoutResponse, GetPurchaseResponse, StoreKind};
use purchase::{PretendStripe, PriceFrom, StripeAccount};
use sandbox::stripe::{self, TEST_ACCOUNT, TEST_KEY, TEST_WEBHOOK_SECRET, signature_header};
use serde_json::{Value, json};
use testbed::Storage;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::checkouts::{self, now_s};
use crate::fixture::{self, BOOK, Fixture, new_id};
use crate::listening::Listening;

/// 70 coins for 0.74 USD on the web, in the built-in list; 0.07 of it is tax here.
pub const PRODUCT: &str = "coins.us.web.70";
/// The secret that replaces the first one.
pub const NEXT_SECRET: &str = "whsec_next";

pub struct World {
    pub fixture: Fixture,
    pub http: Listening,
    pub processor: String,
    pub client: reqwest::Client,
    shutdown: CancellationToken,
}

impl Drop for World {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

pub fn account(processor: &str) -> PretendStripe {
    PretendStripe {
        account: StripeAccount {
            api_url: processor.to_owned(),
            included_tax_basis_points: 1_000,
            three_d_secure_from: vec![PriceFrom { currency: "USD".to_owned(), minor_units: 1_000 }],
            ..StripeAccount::new(TEST_ACCOUNT, BOOK)
        },
        secret_key: TEST_KEY.to_owned(),
        webhook_secrets: vec![TEST_WEBHOOK_SECRET.to_owned(), NEXT_SECRET.to_owned()],
    }
}

impl World {
    pub async fn sqlite() -> Self {
        Self::on(Storage::sqlite()).await
    }

    pub async fn both() -> [Self; 2] {
        [Self::sqlite().await, Self::on(Storage::postgres()).await]
    }

    pub async fn on(storage: Storage) -> Self {
        let mut fixture = fixture::on(storage).await;
        let shutdown = CancellationToken::new();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = stripe::Config { retry: Duration::from_millis(20), ..stripe::Config::default() };
        let processor = stripe::start(listener, &fixture.bed.database, config, shutdown.clone()).await.unwrap().url();
        fixture.sell_through(account(&processor)).await;
        let http = Listening::start(&fixture).await;
        Self { fixture, http, processor, client: http_client::local().build().unwrap(), shutdown }
    }

    /// A new process over the same tables, with its listener.
    pub async fn restart(&mut self) {
        self.fixture.restart().await;
        self.http = Listening::start(&self.fixture).await;
    }

    pub async fn create(&self, user: &str, id: &str, product_id: &str) -> Result<CreateCheckoutResponse, Status> {
        self.fixture.create_checkout(user, asked(id, product_id)).await
    }

    /// A checkout of 70 coins.
    pub async fn checkout(&self, user: &str) -> CreateCheckoutResponse {
        self.create(user, &new_id(), PRODUCT).await.unwrap()
    }

    pub async fn get(&self, user: &str, checkout_id: &str) -> Result<Checkout, Status> {
        self.fixture.get_checkout(user, checkout_id).await
    }

    pub async fn state(&self, user: &str, checkout_id: &str) -> CheckoutState {
        self.fixture.checkout_state(user, checkout_id).await
    }

    pub async fn purchase(&self, user: &str, purchase_id: &str) -> GetPurchaseResponse {
        self.fixture.purchase_of(user, purchase_id).await
    }

    /// The session of a checkout, from the address of its page.
    pub fn session(of: &CreateCheckoutResponse) -> String {
        of.pay_url.rsplit('/').next().unwrap().to_owned()
    }

    pub async fn command(&self, command: Value) {
        let answer = self.client.post(format!("{}/commands", self.processor)).body(command.to_string()).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{command}: {}", answer.text().await.unwrap());
    }

    pub async fn act(&self, command: &str, of: &CreateCheckoutResponse) {
        self.command(json!({"command": command, "session": Self::session(of)})).await;
    }

    /// Has events delivered to the service, in this way.
    pub async fn deliver(&self, how: Value) {
        let mut registration = json!({"url": self.http.of("stripe")});
        for (name, value) in how.as_object().unwrap() {
            registration[name] = value.clone();
        }
        let sent = self.client.put(format!("{}/webhook", self.processor)).body(registration.to_string()).send().await.unwrap();
        assert_eq!(sent.status().as_u16(), 204);
    }

    pub async fn api(&self, path: &str) -> Value {
        self.client.get(format!("{}/v1/{path}", self.processor)).bearer_auth(TEST_KEY).send().await.unwrap().json().await.unwrap()
    }

    /// The events that happened, oldest first.
    pub async fn events(&self) -> Vec<Value> {
        let (mut events, mut after): (Vec<Value>, String) = (Vec::new(), String::new());
        loop {
            let page = self.api(&format!("events?limit=100{after}")).await;
            events.extend(page["data"].as_array().unwrap().iter().cloned());
            if page["has_more"] != json!(true) {
                break;
            }
            after = format!("&starting_after={}", events.last().unwrap()["id"].as_str().unwrap());
        }
        events.reverse();
        events
    }

    pub async fn sessions(&self) -> usize {
        self.api("checkout/sessions?limit=100").await["data"].as_array().unwrap().len()
    }

    /// Posts a body with a header of this time and these secrets.
    pub async fn post_signed(&self, event: &Value, secrets: &[&str], at_s: i64) -> u16 {
        let body = event.to_string();
        let header = signature_header(secrets, at_s, body.as_bytes());
        self.post(body, Some(&header)).await
    }

    /// Posts an event as Stripe does.
    pub async fn say(&self, event: &Value) -> u16 {
        self.post_signed(event, &[TEST_WEBHOOK_SECRET], now_s()).await
    }

    pub async fn post(&self, body: String, header: Option<&str>) -> u16 {
        let mut request = self.client.post(self.http.of("stripe")).body(body);
        if let Some(header) = header {
            request = request.header("stripe-signature", header);
        }
        request.send().await.unwrap().status().as_u16()
    }

    pub async fn until_coins(&self, user: &str, coins: i64) {
        self.fixture.until_coins(user, coins).await;
    }
}

pub fn asked(id: &str, product_id: &str) -> CreateCheckoutRequest {
    checkouts::asked(StoreKind::Stripe, id, product_id)
}
