//! A purchase service that sells through a pretend wallet.

use std::time::Duration;

use api::purchase::{CheckoutState, CreateCheckoutRequest, CreateCheckoutResponse, StoreKind};
use purchase::{AlipayAccount, Config, PretendAlipay, PretendWechat, WechatAccount, WechatKey};
use sandbox::wallet::keys::{SELLER_KEY, WalletKey};
use sandbox::wallet::report::WalletReport;
use sandbox::{alipay, wallet, wechat};
use serde_json::{Value, json};
use testbed::Storage;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::checkouts::{self, now_s};
use crate::fixture::{self, BOOK, Fixture, new_id};
use crate::listening::Listening;

/// 70 coins for 4.98 CNY in the built-in list; 0.46 of it is tax here.
pub const PRODUCT: &str = "coins.cn.web.70";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wallet {
    Alipay,
    Wechat,
}

pub struct World {
    pub fixture: Fixture,
    pub http: Listening,
    pub wallet: Wallet,
    pub url: String,
    pub client: reqwest::Client,
    shutdown: CancellationToken,
}

impl Drop for World {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

pub fn configure(wallet: Wallet, url: &str, notify_url: &str, keys: &[WalletKey], config: &mut Config) {
    let (notify_url, live) = (notify_url.to_owned(), false);
    match wallet {
        Wallet::Alipay => {
            let gateway_url = format!("{url}/{}", alipay::GATEWAY);
            let account = AlipayAccount::new(alipay::TEST_APP, alipay::TEST_SELLER, BOOK);
            config.sandbox_alipay = vec![PretendAlipay {
                account: AlipayAccount { gateway_url, notify_url, live, included_tax_basis_points: 1_000, ..account },
                private_key: SELLER_KEY.to_owned(),
                alipay_public_keys: keys.iter().map(|key| key.public_pem()).collect(),
                certificates: None,
            }];
        }
        Wallet::Wechat => {
            let certificate_serial = wechat::TEST_CERTIFICATE_SERIAL.to_owned();
            let account = WechatAccount::new(wechat::TEST_MERCHANT, wechat::TEST_APP, BOOK);
            let api_url = url.to_owned();
            let platform_keys = vec![WechatKey { serial: "not read".to_owned(), file: "not read".into() }];
            config.sandbox_wechat = vec![PretendWechat {
                account: WechatAccount {
                    api_url,
                    notify_url,
                    live,
                    certificate_serial,
                    platform_keys,
                    included_tax_basis_points: 1_000,
                    ..account
                },
                private_key: SELLER_KEY.to_owned(),
                api_v3_keys: wechat::TEST_API_V3_KEY.to_owned(),
                platform_keys: keys.iter().map(|key| (wechat::serial(*key).to_owned(), key.public_pem().to_owned())).collect(),
            }];
        }
    }
}

impl World {
    pub async fn sqlite(wallet: Wallet) -> Self {
        Self::on(Storage::sqlite(), wallet).await
    }

    pub async fn each() -> [Self; 2] {
        [Self::sqlite(Wallet::Alipay).await, Self::sqlite(Wallet::Wechat).await]
    }

    pub async fn on(storage: Storage, wallet: Wallet) -> Self {
        let fixture = fixture::on(storage).await;
        let shutdown = CancellationToken::new();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (config, database) = (wallet::Config { retry: Duration::from_millis(20) }, &fixture.bed.database);
        let started = match wallet {
            Wallet::Alipay => alipay::start(listener, database, config, shutdown.clone()).await,
            Wallet::Wechat => wechat::start(listener, database, config, shutdown.clone()).await,
        };
        let (url, http) = (started.unwrap().url(), Listening::start(&fixture).await);
        let mut world = Self { fixture, http, wallet, url, client: http_client::local().build().unwrap(), shutdown };
        world.trust(&[WalletKey::First]).await;
        // Reports go nowhere before a test says so.
        world.deliver(json!({"held": true})).await;
        world
    }

    /// A new process over the same tables, which knows these keys of the wallet.
    pub async fn trust(&mut self, keys: &[WalletKey]) {
        let (wallet, url) = (self.wallet, self.url.clone());
        let notify_url = format!("http://127.0.0.1/webhooks/store/{}", self.name());
        self.fixture.reconfigure(|config| configure(wallet, &url, &notify_url, keys, config)).await;
        self.http = Listening::start(&self.fixture).await;
    }

    pub async fn restart(&mut self) {
        self.fixture.restart().await;
        self.http = Listening::start(&self.fixture).await;
    }

    pub fn store_kind(&self) -> StoreKind {
        match self.wallet {
            Wallet::Alipay => StoreKind::Alipay,
            Wallet::Wechat => StoreKind::Wechat,
        }
    }

    pub fn name(&self) -> &'static str {
        match self.wallet {
            Wallet::Alipay => "alipay",
            Wallet::Wechat => "wechat",
        }
    }

    pub fn asked(&self, id: &str, product_id: &str) -> CreateCheckoutRequest {
        checkouts::asked(self.store_kind(), id, product_id)
    }

    pub async fn create(&self, user: &str, id: &str) -> Result<CreateCheckoutResponse, Status> {
        self.fixture.create_checkout(user, self.asked(id, PRODUCT)).await
    }

    /// A checkout of 70 coins that its buyer has opened.
    pub async fn checkout(&self, user: &str) -> CreateCheckoutResponse {
        let made = self.create(user, &new_id()).await.unwrap();
        self.open(&made).await;
        made
    }

    /// The buyer opens the page; a code is known to the wallet before it is scanned.
    pub async fn open(&self, made: &CreateCheckoutResponse) {
        match self.wallet {
            Wallet::Alipay => assert_eq!(self.client.get(&made.pay_url).send().await.unwrap().status().as_u16(), 200, "{}", made.pay_url),
            Wallet::Wechat => assert!(made.pay_url.starts_with("weixin://"), "{}", made.pay_url),
        }
    }

    /// The wallet's id of a checkout.
    pub fn trade(made: &CreateCheckoutResponse) -> String {
        made.checkout_id.replace('-', "")
    }

    pub async fn try_command(&self, command: &Value) -> u16 {
        self.client.post(format!("{}/commands", self.url)).body(command.to_string()).send().await.unwrap().status().as_u16()
    }

    pub async fn command(&self, command: Value) {
        assert_eq!(self.try_command(&command).await, 200, "{command}");
    }

    pub async fn act(&self, command: &str, of: &CreateCheckoutResponse) {
        self.command(json!({"command": command, "trade": Self::trade(of)})).await;
    }

    /// Has reports delivered to the service, in this way.
    pub async fn deliver(&self, how: Value) {
        let mut registration = json!({"url": self.http.of(self.name())});
        for (name, value) in how.as_object().unwrap() {
            registration[name] = value.clone();
        }
        let sent = self.client.put(format!("{}/webhook", self.url)).body(registration.to_string()).send().await.unwrap();
        assert_eq!(sent.status().as_u16(), 204);
    }

    /// What happened, oldest first.
    pub async fn events(&self) -> Vec<Value> {
        let sent = self.client.get(format!("{}/events", self.url)).send().await.unwrap();
        let mut events: Vec<Value> = sent.json().await.unwrap();
        events.reverse();
        events
    }

    /// The report of an event, signed by a key just now.
    pub fn report(&self, event: &Value, key: WalletKey) -> WalletReport {
        match self.wallet {
            Wallet::Alipay => alipay::form(&event["form"], key),
            Wallet::Wechat => wechat::report(event, key, now_s()),
        }
    }

    /// Reports an event as the wallet does.
    pub async fn say(&self, event: &Value) -> (u16, String) {
        self.post(self.report(event, WalletKey::First)).await
    }

    pub async fn post(&self, report: WalletReport) -> (u16, String) {
        let request = self.client.post(self.http.of(self.name())).body(report.body);
        let request = report.headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// What ends a report.
    pub fn taken(&self) -> (u16, String) {
        match self.wallet {
            Wallet::Alipay => (200, "success".to_owned()),
            Wallet::Wechat => (200, String::new()),
        }
    }

    pub async fn state(&self, user: &str, made: &CreateCheckoutResponse) -> CheckoutState {
        self.fixture.checkout_state(user, &made.checkout_id).await
    }
}
