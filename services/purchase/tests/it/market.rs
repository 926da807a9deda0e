//! All five stores beside one purchase service, over real sockets. What Stripe and the wallets report is kept on a line until a test delivers it: in any order, more
//! often than once, or never.

mod killed;
mod line;
mod presented;
mod storm;
mod writes;

use std::time::Duration;

use api::purchase::{CreateCheckoutResponse, GetPurchaseRequest};
use axum::body::{Body, to_bytes};
use axum::http::Request;
use purchase::domain::StoreKind;
use sandbox::google::{PlayPush, PlaySale, SoldProduct};
use sandbox::store::StoreNotification;
use sandbox::stripe::{TEST_WEBHOOK_SECRET, signature_header};
use sandbox::wallet::{self, keys::WalletKey};
use sandbox::{alipay, stripe, wechat};
use serde_json::{Value, json};
use testbed::Storage;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::codegen::Service as _;

use crate::checkouts::{asked, now_s};
use crate::fixture::{self, BUNDLE, Fixture, new_id};
use crate::listening::Listening;
use crate::notified::sale;
use crate::wallets::world::{Wallet, configure};
use line::KeptLine;

/// A number from the environment.
fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name} must be a number, not {text}")))
}

/// When stores look for further reports to put on the line, beside those that they were told of.
const RETRY: Duration = Duration::from_millis(50);

pub struct Market {
    pub fixture: Fixture,
    http: Listening,
    line: KeptLine,
    stripe: String,
    alipay: String,
    wechat: String,
    client: reqwest::Client,
    shutdown: CancellationToken,
}

impl Drop for Market {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// What somebody buys.
#[derive(Debug, Clone)]
pub struct Sale {
    pub store: StoreKind,
    pub user: String,
    proof: SaleProof,
}

/// What names a sale to its store.
#[derive(Debug, Clone)]
enum SaleProof {
    Apple(StoreNotification),
    Google(SoldProduct),
    /// The id of the request, and what it was answered.
    Order(String, CreateCheckoutResponse),
}

/// A report of a store, as it can be delivered any number of times: signed again where a signature soon is too old.
#[derive(Debug, Clone)]
pub enum Report {
    Apple(String),
    Google(PlayPush),
    Stripe(String),
    Alipay(String),
    Wechat(String),
}

/// What a store says of something that happened: some of it here, and so many reports on the line.
#[derive(Debug)]
pub struct SaleReports {
    store: StoreKind,
    reports: Vec<Report>,
    on_line: usize,
}

/// How much of a sale is paid back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundPart {
    /// A third of the price, rounded down.
    Third,
    /// All that is left.
    Rest,
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

impl Market {
    pub async fn on(storage: Storage) -> Self {
        let mut fixture = fixture::with_app_stores(storage).await;
        let (shutdown, database, line) = (CancellationToken::new(), fixture.bed.database.clone(), KeptLine::start().await);
        let (of_stripe, of_wallets) = (stripe::Config { retry: RETRY, ..stripe::Config::default() }, wallet::Config { retry: RETRY });
        let stripe = stripe::start(listener().await, &database, of_stripe, shutdown.clone()).await.unwrap().url();
        let alipay = alipay::start(listener().await, &database, of_wallets.clone(), shutdown.clone()).await.unwrap().url();
        let wechat = wechat::start(listener().await, &database, of_wallets, shutdown.clone()).await.unwrap().url();
        fixture
            .reconfigure(|config| {
                config.sandbox_stripe = vec![crate::stripe::world::account(&stripe)];
                for (wallet, url, name) in [(Wallet::Alipay, &alipay, "alipay"), (Wallet::Wechat, &wechat, "wechat")] {
                    configure(wallet, url, &format!("http://127.0.0.1/webhooks/store/{name}"), &[WalletKey::First], config);
                }
            })
            .await;
        fixture.stop_background();
        let (http, client) = (Listening::start(&fixture).await, http_client::local().build().unwrap());
        for (url, store) in [(&stripe, StoreKind::Stripe), (&alipay, StoreKind::Alipay), (&wechat, StoreKind::Wechat)] {
            let registration = json!({"url": line.of(store)}).to_string();
            let sent = client.put(format!("{url}/webhook")).body(registration).send().await.unwrap();
            assert_eq!(sent.status().as_u16(), 204);
        }
        Self { fixture, http, line, stripe, alipay, wechat, client, shutdown }
    }

    /// A new process over the same tables, which does nothing on its own.
    pub async fn restart(&mut self) {
        self.fixture.restart().await;
        self.fixture.stop_background();
        self.http = Listening::start(&self.fixture).await;
    }

    /// Has a buyer buy 70 coins, or 210 at Google Play, and pay for them.
    pub async fn buy(&self, store: StoreKind, user: &str) -> (Sale, SaleReports) {
        let proof = match store {
            StoreKind::Apple => SaleProof::Apple(sale(&self.fixture, user).await),
            StoreKind::Google => SaleProof::Google(self.sell(user).await),
            _ => {
                let id = new_id();
                let made = self.order(store, user, &id).await.unwrap();
                return self.pay(store, user, (id, made)).await;
            }
        };
        let sale = Sale { store, user: user.to_owned(), proof };
        let report = match &sale.proof {
            SaleProof::Apple(said) => self.apple(said),
            SaleProof::Google(sold) => google(PlayPush::product(sold, 1)),
            SaleProof::Order(..) => unreachable!("paid above"),
        };
        (sale, SaleReports { store, reports: vec![report], on_line: 0 })
    }

    /// The request that makes an order.
    pub async fn order(&self, store: StoreKind, user: &str, id: &str) -> Result<CreateCheckoutResponse, Status> {
        let kind = match store {
            StoreKind::Stripe => api::purchase::StoreKind::Stripe,
            StoreKind::Alipay => api::purchase::StoreKind::Alipay,
            _ => api::purchase::StoreKind::Wechat,
        };
        let product = if store == StoreKind::Stripe { crate::stripe::world::PRODUCT } else { crate::wallets::world::PRODUCT };
        self.fixture.create_checkout(user, asked(kind, id, product)).await
    }

    /// The buyer pays an order.
    pub async fn pay(&self, store: StoreKind, user: &str, (id, made): (String, CreateCheckoutResponse)) -> (Sale, SaleReports) {
        if store == StoreKind::Alipay {
            assert_eq!(self.client.get(&made.pay_url).send().await.unwrap().status().as_u16(), 200, "{}", made.pay_url);
        }
        let sale = Sale { store, user: user.to_owned(), proof: SaleProof::Order(id, made) };
        self.command(&sale, json!({"command": "pay"})).await;
        // Stripe: of the payment, its charge and its session.
        let on_line = if store == StoreKind::Stripe { 3 } else { 1 };
        (sale, SaleReports { store, reports: Vec::new(), on_line })
    }

    async fn sell(&self, user: &str) -> SoldProduct {
        let token = self.fixture.token_of(user).await;
        let sale = PlaySale {
            package_name: BUNDLE.to_owned(),
            product_id: "coins.us.app.70".to_owned(),
            quantity: 3,
            obfuscated_account_id: Some(token),
            pending: false,
            test: true,
            no_order: false,
        };
        self.fixture.google.as_ref().unwrap().sell(sale).await.unwrap()
    }

    /// The App Store says it under a new id, and its history has it.
    fn apple(&self, said: &StoreNotification) -> Report {
        let said = StoreNotification { notification_uuid: new_id(), ..said.clone() };
        Report::Apple(self.fixture.store.notification(&said).unwrap().signed_payload)
    }

    async fn command(&self, sale: &Sale, mut command: Value) {
        let SaleProof::Order(_, made) = &sale.proof else { unreachable!("no order") };
        let url = match sale.store {
            StoreKind::Stripe => {
                command["session"] = json!(crate::stripe::world::World::session(made));
                &self.stripe
            }
            StoreKind::Alipay => &self.alipay,
            _ => &self.wechat,
        };
        if sale.store != StoreKind::Stripe {
            command["trade"] = json!(made.checkout_id.replace('-', ""));
        }
        let answer = self.client.post(format!("{url}/commands")).body(command.to_string()).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{command}: {}", answer.text().await.unwrap());
    }

    /// The store pays a part of a sale back. `thirds_before`: how many thirds it paid back before; the App Store says all of it together.
    pub async fn refund(&self, sale: &Sale, part: RefundPart, thirds_before: i64) -> SaleReports {
        let store = sale.store;
        let (mut reports, mut on_line) = (Vec::new(), 1);
        match &sale.proof {
            SaleProof::Apple(said) => {
                let refunded_milliunits = if part == RefundPart::Rest { 0 } else { 33_333 * (i32::try_from(thirds_before).unwrap() + 1) };
                let refund = StoreNotification { notification_type: "REFUND".to_owned(), refunded_milliunits, ..said.clone() };
                (reports, on_line) = (vec![self.apple(&refund)], 0);
            }
            SaleProof::Google(sold) => {
                let quantity = (part == RefundPart::Third).then_some(1);
                let sold = self.fixture.google.as_ref().unwrap().refund(&sold.purchase_token, quantity).await.unwrap();
                (reports, on_line) = (vec![google(PlayPush::voided(&sold, quantity.is_some()))], 0);
            }
            SaleProof::Order(_, made) => {
                let third = made.price.as_ref().unwrap().minor_units / 3;
                let amount =
                    if part == RefundPart::Third { json!({"command": "refund", "amount": third}) } else { json!({"command": "refund"}) };
                self.command(sale, amount).await;
                if store == StoreKind::Stripe {
                    // The refund, and all refunds of the charge together.
                    on_line = 2;
                }
            }
        }
        SaleReports { store, reports, on_line }
    }

    /// The store takes what it paid back of a sale back; `None` where it never does.
    pub async fn reverse(&self, sale: &Sale) -> Option<SaleReports> {
        match &sale.proof {
            SaleProof::Apple(said) => {
                let reversal = StoreNotification { notification_type: "REFUND_REVERSED".to_owned(), ..said.clone() };
                Some(SaleReports { store: sale.store, reports: vec![self.apple(&reversal)], on_line: 0 })
            }
            SaleProof::Order(..) if sale.store == StoreKind::Stripe => {
                self.command(sale, json!({"command": "refund_failed"})).await;
                Some(SaleReports { store: sale.store, reports: Vec::new(), on_line: 2 })
            }
            _ => None,
        }
    }

    /// What stores said, once all of it is on the line.
    pub async fn heard(&self, said: impl IntoIterator<Item = SaleReports>) -> Vec<Report> {
        let (mut reports, mut awaited) = (Vec::new(), std::collections::BTreeMap::<&str, (StoreKind, usize)>::new());
        for one in said {
            reports.extend(one.reports);
            awaited.entry(one.store.as_str()).or_insert((one.store, 0)).1 += one.on_line;
        }
        for (store, count) in awaited.into_values() {
            reports.extend(self.line.take(store, count).await.into_iter().map(|body| match store {
                StoreKind::Stripe => Report::Stripe(body),
                StoreKind::Alipay => Report::Alipay(body),
                _ => Report::Wechat(body),
            }));
        }
        reports
    }

    /// Delivers a report; whether it was taken.
    pub async fn deliver(&self, report: &Report) -> bool {
        let (store, headers, body) = self.signed(report);
        let request = self.client.post(self.http.of(store.as_str())).body(body);
        let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        let answer = request.send().await.unwrap();
        let (status, body) = (answer.status().as_u16(), answer.text().await.unwrap());
        is_taken(store, status, &body)
    }

    /// The same without a socket: if it is dropped, nothing of it goes on.
    pub async fn deliver_inside(&self, report: &Report) -> bool {
        let (store, headers, body) = self.signed(report);
        let request = Request::post(format!("/webhooks/store/{}", store.as_str()));
        let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        let answer = self.fixture.service.webhooks().call(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (status, body) = (answer.status().as_u16(), to_bytes(answer.into_body(), 1_000).await.unwrap());
        is_taken(store, status, &String::from_utf8_lossy(&body))
    }

    /// Our id of a sale's purchase; empty before anybody here knows of it.
    pub async fn purchase_id(&self, sale: &Sale) -> String {
        let transaction_id = match &sale.proof {
            SaleProof::Apple(said) => said.transaction_id.clone(),
            SaleProof::Google(sold) => sold.order_id.clone().unwrap(),
            SaleProof::Order(_, made) => return self.fixture.get_checkout(&sale.user, &made.checkout_id).await.unwrap().purchase_id,
        };
        let request = self.fixture.from(&sale.user, GetPurchaseRequest { transaction_id, ..Default::default() });
        self.fixture.client().get_purchase(request).await.map_or(String::new(), |found| found.into_inner().purchase.unwrap().purchase_id)
    }

    /// Who sends a report, its headers and its body.
    fn signed(&self, report: &Report) -> (StoreKind, Vec<(&'static str, String)>, String) {
        match report {
            Report::Apple(payload) => (StoreKind::Apple, Vec::new(), json!({"signedPayload": payload}).to_string()),
            Report::Google(push) => {
                let signed = self.fixture.google.as_ref().unwrap().signed(push).unwrap();
                (StoreKind::Google, vec![("authorization", signed.authorization)], signed.body)
            }
            Report::Stripe(body) => {
                let header = signature_header(&[TEST_WEBHOOK_SECRET], now_s(), body.as_bytes());
                (StoreKind::Stripe, vec![("stripe-signature", header)], body.clone())
            }
            Report::Alipay(body) => {
                let form = "application/x-www-form-urlencoded; charset=utf-8";
                (StoreKind::Alipay, vec![("content-type", form.to_owned())], body.clone())
            }
            Report::Wechat(body) => {
                let report = wechat::signed(body.clone(), WalletKey::First, now_s());
                (StoreKind::Wechat, report.headers, report.body)
            }
        }
    }

    /// The same of a sale under another id, as a store that says it twice.
    pub fn again(&self, sale: &Sale, report: &Report) -> Report {
        let renamed = |body: &str| {
            let mut event: Value = serde_json::from_str(body).unwrap();
            event["id"] = json!(new_id());
            event.to_string()
        };
        match (report, &sale.proof) {
            (Report::Apple(_), SaleProof::Apple(said)) => self.apple(said),
            (Report::Google(push), _) => google(push.clone()),
            (Report::Stripe(body), _) => Report::Stripe(renamed(body)),
            (Report::Wechat(body), _) => Report::Wechat(renamed(body)),
            (Report::Alipay(body), _) => {
                let url = reqwest::Url::parse(&format!("http://form/?{body}")).unwrap();
                let mut fields: serde_json::Map<String, Value> =
                    url.query_pairs().map(|(name, value)| (name.into_owned(), json!(value))).collect();
                fields.retain(|name, _| name != "sign" && name != "sign_type");
                fields.insert("notify_id".to_owned(), json!(new_id()));
                Report::Alipay(alipay::form(&Value::Object(fields), WalletKey::First).body)
            }
            (Report::Apple(_), _) => unreachable!("another store's report"),
        }
    }

    /// The buyer's own call about a sale.
    pub async fn call(&self, sale: &Sale) -> Result<(), Status> {
        match &sale.proof {
            SaleProof::Apple(said) => {
                let receipt = self.fixture.store.sign(&said.purchase.claims(&said.transaction_id)).unwrap();
                self.fixture.redeem(&sale.user, &new_id(), &receipt).await.map(drop)
            }
            SaleProof::Google(sold) => self.fixture.redeem_google(&sale.user, &new_id(), sold).await.map(drop),
            SaleProof::Order(id, made) => {
                assert!(self.order(sale.store, &sale.user, id).await?.replayed);
                self.fixture.get_checkout(&sale.user, &made.checkout_id).await.map(drop)
            }
        }
    }

    /// How often Google was asked to acknowledge a sale, and whether it knows that it is consumed; `None` at other stores.
    pub async fn acknowledged(&self, sale: &Sale) -> Option<(u32, bool)> {
        let SaleProof::Google(sold) = &sale.proof else { return None };
        let sold = self.fixture.google.as_ref().unwrap().sold(&sold.purchase_token).await.unwrap().unwrap();
        Some((sold.duties_asked, sold.consumed))
    }
}

/// A push under an id that each of its deliveries has.
fn google(push: PlayPush) -> Report {
    Report::Google(PlayPush { message_id: new_id(), ..push })
}

/// What ends a store's deliveries.
fn is_taken(store: StoreKind, status: u16, body: &str) -> bool {
    match store {
        StoreKind::Alipay => (status, body) == (200, "success"),
        StoreKind::Wechat => (status, body) == (200, ""),
        _ => status == 200,
    }
}
