//! The pretend wallets, called over HTTP as a seller calls them. That their signatures and contents are the real ones is checked by the seller's own tests.

use crate::town::on_both;
use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sandbox::{
    alipay,
    wallet::{
        Config,
        keys::{SELLER_KEY, WalletKey},
    },
    wechat,
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_util::sync::CancellationToken;

type Delivery = (HeaderMap, Bytes);

async fn take(State(to): State<UnboundedSender<Delivery>>, headers: HeaderMap, body: Bytes) -> &'static str {
    to.send((headers, body)).unwrap();
    "success"
}

/// An address that passes on what it gets.
async fn listen() -> (String, UnboundedReceiver<Delivery>) {
    let (to, delivered) = unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/hook", post(take)).with_state(to)).await });
    (address, delivered)
}

fn signed(text: &str) -> String {
    let key = bankapi::RsaSigningKey::from_pem(SELLER_KEY.as_bytes()).unwrap();
    STANDARD.encode(key.sign(text.as_bytes()).unwrap())
}

/// The query of a page for a trade of 4.98 yuan.
pub fn page(trade: &str, sign: bool) -> String {
    let product = "FAST_INSTANT_TRADE_PAY";
    let content = json!({"out_trade_no": trade, "total_amount": "4.98", "subject": "70 coins", "time_expire": "2099-01-01 00:00:00", "product_code": product});
    let content = content.to_string();
    let fields = [("app_id", alipay::TEST_APP), ("biz_content", &content), ("method", "alipay.trade.page.pay"), ("sign_type", "RSA2")];
    let text = fields.map(|(name, value)| format!("{name}={value}")).join("&");
    let mut url = reqwest::Url::parse("http://form/").unwrap();
    url.query_pairs_mut().extend_pairs(fields).append_pair("sign", &signed(if sign { &text } else { "another" }));
    url.query().unwrap().to_owned()
}

#[tokio::test]
async fn a_page_opens_a_trade_and_reports_follow_the_registration() {
    on_both(async |database| {
        let shutdown = CancellationToken::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = Config { retry: Duration::from_millis(20) };
        let url = alipay::start(listener, &database, config, shutdown.clone()).await.unwrap().url();
        let (hook, mut delivered) = listen().await;
        let client = http_client::local().build().unwrap();
        let get = async |query: String| client.get(format!("{url}/gateway.do?{query}")).send().await.unwrap().status().as_u16();
        let command =
            async |body: Value| client.post(format!("{url}/commands")).body(body.to_string()).send().await.unwrap().status().as_u16();
        let register =
            async |body: Value| client.put(format!("{url}/webhook")).body(body.to_string()).send().await.unwrap().status().as_u16();
        assert_eq!(
            (get(page("one", false)).await, command(json!({"command": "pay", "trade": "one"})).await),
            (400, 409),
            "nobody signed it"
        );
        for trade in ["one", "two", "three"] {
            assert_eq!((get(page(trade, true)).await, get(page(trade, true)).await), (200, 200));
        }
        assert_eq!(register(json!({"url": "https://elsewhere", "copies": 1})).await, 400);
        assert_eq!(register(json!({"url": hook, "held": true, "dropped": 1})).await, 204);
        for trade in ["one", "two", "three"] {
            assert_eq!(command(json!({"command": "pay", "trade": trade})).await, 200);
            assert_eq!(command(json!({"command": "pay", "trade": trade})).await, 409);
        }
        assert_eq!(command(json!({"command": "rotate"})).await, 200);
        assert_eq!(register(json!({"url": hook, "reversed": true, "copies": 2})).await, 204);
        for trade in ["three", "three", "two", "two"] {
            let (_, body) = tokio::time::timeout(Duration::from_secs(120), delivered.recv()).await.unwrap().unwrap();
            let fields = reqwest::Url::parse(&format!("http://form/?{}", String::from_utf8_lossy(&body))).unwrap();
            let fields = json!(fields.query_pairs().into_owned().collect::<std::collections::BTreeMap<_, _>>());
            assert_eq!((&fields["out_trade_no"], &fields["total_amount"]), (&json!(trade), &json!("4.98")));
            let mut plain = fields.clone();
            plain.as_object_mut().unwrap().retain(|name, _| name != "sign" && name != "sign_type");
            assert_eq!(alipay::form(&plain, WalletKey::Next).body.as_bytes(), &body[..], "the next key signs");
        }
        shutdown.cancel();
    })
    .await;
}

#[tokio::test]
async fn an_order_is_made_once_by_the_merchant_alone() {
    on_both(async |database| {
        let shutdown = CancellationToken::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = wechat::start(listener, &database, Config::default(), shutdown.clone()).await.unwrap().url();
        let client = http_client::local().build().unwrap();
        let send = async |path: &str, body: Value, age_s: i64| {
            let (body, at_s) = (body.to_string(), money::time::unix_ms(std::time::SystemTime::now()) / 1_000 - age_s);
            let signature = signed(&format!("POST\n{path}\n{at_s}\nnonce\n{body}\n"));
            let (merchant, serial) = (wechat::TEST_MERCHANT, wechat::TEST_CERTIFICATE_SERIAL);
            let authorization = format!(
                "WECHATPAY2-SHA256-RSA2048 mchid=\"{merchant}\",nonce_str=\"nonce\",timestamp=\"{at_s}\",serial_no=\"{serial}\",signature=\"{signature}\""
            );
            let sent = client.post(format!("{url}{path}")).header("authorization", authorization).body(body).send().await.unwrap();
            (sent.status().as_u16(), serde_json::from_str(&sent.text().await.unwrap()).unwrap_or(Value::Null))
        };
        let order = |fen: i64| {
            json!({
                "appid": wechat::TEST_APP, "mchid": wechat::TEST_MERCHANT, "description": "70 coins", "out_trade_no": "order0001",
                "time_expire": "2099-01-01T00:00:00+08:00", "notify_url": "", "amount": {"total": fen, "currency": "CNY"},
            })
        };
        let (orders, close) = ("/v3/pay/transactions/native", "/v3/pay/transactions/out-trade-no/order0001/close");
        assert_eq!(send(orders, order(498), 400).await.0, 401, "an old signature");
        let first = send(orders, order(498), 0).await;
        assert!(first.0 == 200 && first.1["code_url"].as_str().unwrap().starts_with("weixin://"), "{first:?}");
        assert_eq!(send(orders, order(498), 0).await, first);
        assert_eq!(send(orders, order(499), 0).await.1["code"], "OUT_TRADE_NO_USED");
        assert_eq!(send(orders, order(0), 0).await.1["code"], "PARAM_ERROR");
        for _ in 0..2 {
            assert_eq!(send(close, json!({"mchid": wechat::TEST_MERCHANT}), 0).await, (204, Value::Null));
        }
        assert_eq!(send(orders, order(498), 0).await.1["code"], "ORDER_CLOSED");
        shutdown.cancel();
    })
    .await;
}
