//! A pretend WeChat Pay: the APIv3 of its Native payments, as far as coins are sold through it. For TEST books only.
//!
//! Orders, queries and closes are signed JSON both ways; what happens to a trade is reported encrypted and signed. The rest is as in [`crate::wallet`].

mod api;
mod bill;

use crate::wallet::{
    self, Config, Error, SandboxWallet, WalletBrand,
    keys::WalletKey,
    refund::{RefundState, TradeNews, WalletRefund},
    report::WalletReport,
    trade::{Trade, TradeState, beijing},
};
use axum::Router;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use db::{Database, Migration};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Value, json};
use std::fmt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Where it is, below the address of the pretend app store.
pub const WECHAT_PATH: &str = "/wechat/";
/// The only merchant.
pub const TEST_MERCHANT: &str = "1900000001";
/// The only app.
pub const TEST_APP: &str = "wx0000000000000001";
/// The serial number of the merchant's certificate.
pub const TEST_CERTIFICATE_SERIAL: &str = "5157F09EFDC096DE15EBE81A47057A7200000001";
/// The merchant's APIv3 key. It is public, so it protects nothing.
pub const TEST_API_V3_KEY: &str = "largesse-sandbox-wechat-pay-v3-k";

static BRAND: WalletBrand = WalletBrand {
    service: "sandbox_wechat",
    migrations: &[Migration::contract(1, include_str!("../migrations/wechat_0001.sql"))],
    routes: api::router,
    event,
    report: |event, key| report(event, key, wallet::now_ms() / 1_000),
    is_taken: |status, body| matches!(status, 200 | 204) && body.is_empty(),
};

/// Opens the tables (service name `sandbox_wechat`) and serves until `shutdown`.
pub async fn start(
    listener: TcpListener,
    database: &Database,
    config: Config,
    shutdown: CancellationToken,
) -> Result<SandboxWallet, Error> {
    wallet::start(&BRAND, listener, database, config, shutdown).await
}

/// Opens the tables, starts the reports, and returns the routes, which are reached at `address`; for a listener whose connections can be cut.
pub async fn open(database: &Database, config: Config, address: impl fmt::Display, shutdown: CancellationToken) -> Result<Router, Error> {
    wallet::open(&BRAND, database, config, address, shutdown).await
}

/// The name of a key in the header Wechatpay-Serial.
#[must_use]
pub fn serial(key: WalletKey) -> &'static str {
    match key {
        WalletKey::First | WalletKey::Stranger => "PUB_KEY_ID_LARGESSE_SANDBOX_1",
        WalletKey::Next => "PUB_KEY_ID_LARGESSE_SANDBOX_2",
        // Those of the certificates.
        WalletKey::Certified => "6E1A2B3C4D5E6F70",
        WalletKey::Ended => "1A2B3C4D5E6F7081",
    }
}

/// WeChat Pay's word for how a trade is paid.
fn trade_type(trade: &Trade) -> &'static str {
    match trade.way.as_str() {
        "jsapi" => "JSAPI",
        "app" => "APP",
        "h5" => "MWEB",
        _ => "NATIVE",
    }
}

/// A trade as queries and reports describe it.
fn transaction(trade: &Trade, state: TradeState) -> Value {
    let word = match state {
        TradeState::Unpaid => "NOTPAY",
        TradeState::Paid if trade.refunded_fen > 0 => "REFUND",
        TradeState::Paid | TradeState::Finished => "SUCCESS",
        TradeState::Closed => "CLOSED",
    };
    let mut transaction = json!({
        "appid": trade.app, "mchid": trade.seller, "out_trade_no": trade.id, "trade_state": word, "trade_type": trade_type(trade),
    });
    // The real one states the amount of what was paid only.
    if trade.paid_at_ms > 0 {
        transaction["amount"] =
            json!({"total": trade.fen, "payer_total": trade.fen, "currency": trade.currency, "payer_currency": trade.currency});
        transaction["transaction_id"] = json!(trade.number);
        transaction["success_time"] = json!(time(trade.paid_at_ms));
        transaction["payer"] = json!({"openid": "oTESTopenid0000000000000001"});
    }
    transaction
}

fn time(at_ms: i64) -> String {
    beijing(at_ms, "%Y-%m-%dT%H:%M:%S+08:00")
}

/// WeChat Pay's word for how far a refund is.
fn refund_word(state: RefundState) -> &'static str {
    match state {
        RefundState::Succeeded => "SUCCESS",
        RefundState::Pending => "PROCESSING",
        RefundState::Closed => "CLOSED",
        RefundState::Abnormal => "ABNORMAL",
    }
}

/// A refund as the interface answers it.
fn refund_answer(trade: &Trade, refund: &WalletRefund) -> Value {
    let mut answer = json!({
        "refund_id": refund.number, "out_refund_no": refund.id, "transaction_id": trade.number, "out_trade_no": trade.id, "channel": "ORIGINAL",
        "user_received_account": "balance", "create_time": time(refund.at_ms), "status": refund_word(refund.state),
        "amount": {"total": trade.fen, "refund": refund.fen, "payer_total": trade.fen, "payer_refund": refund.fen, "currency": trade.currency},
    });
    if refund.state == RefundState::Succeeded {
        answer["success_time"] = json!(time(refund.at_ms));
    }
    answer
}

fn event(trade: &Trade, news: &TradeNews) -> Value {
    let refund = |kind: &str, refund: &WalletRefund| {
        let content = json!({
            "mchid": trade.seller, "transaction_id": trade.number, "out_trade_no": trade.id, "refund_id": refund.number, "out_refund_no": refund.id,
            "refund_status": refund_word(refund.state), "success_time": time(refund.at_ms), "user_received_account": "balance",
            "amount": {"total": trade.fen, "refund": refund.fen, "payer_total": trade.fen, "payer_refund": refund.fen},
        });
        (kind.to_owned(), "refund", content)
    };
    let (kind, original_type, content) = match news {
        TradeNews::Moved if trade.state == TradeState::Closed => {
            ("TRANSACTION.CLOSED".to_owned(), "transaction", transaction(trade, trade.state))
        }
        TradeNews::Moved => ("TRANSACTION.SUCCESS".to_owned(), "transaction", transaction(trade, trade.state)),
        TradeNews::Refunded(of) => refund("REFUND.SUCCESS", of),
        TradeNews::Abnormal(of) => refund("REFUND.ABNORMAL", of),
        TradeNews::RefundClosed(of) => refund("REFUND.CLOSED", of),
    };
    let id = uuid::Uuid::now_v7().to_string();
    json!({"id": id, "kind": kind, "original_type": original_type, "create_time": time(wallet::now_ms()), "content": content})
}

/// The request that reports an event, signed with a key at this time in Unix seconds: for reports with any content.
#[must_use]
pub fn report(event: &Value, key: WalletKey, at_s: i64) -> WalletReport {
    let original_type = event["original_type"].as_str().unwrap_or_default();
    // New for each delivery: one key may encrypt under a nonce once only.
    let nonce: String = uuid::Uuid::new_v4().simple().to_string().chars().take(12).collect();
    let resource = json!({
        "original_type": original_type, "algorithm": "AEAD_AES_256_GCM", "associated_data": original_type, "nonce": nonce,
        "ciphertext": encrypted(TEST_API_V3_KEY, &nonce, original_type, &event["content"].to_string()),
    });
    let body = json!({
        "id": event["id"], "create_time": event["create_time"], "resource_type": "encrypt-resource", "event_type": event["kind"],
        "summary": "TEST", "resource": resource,
    });
    signed(body.to_string(), key, at_s)
}

/// A text in AES-256-GCM, as base64 with its tag at the end.
fn encrypted(key: &str, nonce: &str, associated: &str, text: &str) -> String {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_bytes()).expect("32 bytes"));
    let nonce = Nonce::try_assume_unique_for_key(nonce.as_bytes()).expect("12 bytes");
    let mut bytes = text.as_bytes().to_vec();
    key.seal_in_place_append_tag(nonce, Aad::from(associated.as_bytes()), &mut bytes).expect("a short text");
    STANDARD.encode(bytes)
}

/// A body with the headers that prove it.
#[must_use]
pub fn signed(body: String, key: WalletKey, at_s: i64) -> WalletReport {
    let nonce = uuid::Uuid::new_v4().simple().to_string();
    let signature = key.sign(format!("{at_s}\n{nonce}\n{body}\n").as_bytes());
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("wechatpay-timestamp", at_s.to_string()),
        ("wechatpay-nonce", nonce),
        ("wechatpay-serial", serial(key).to_owned()),
        ("wechatpay-signature-type", "WECHATPAY2-SHA256-RSA2048".to_owned()),
        ("wechatpay-signature", signature),
    ];
    WalletReport { headers, body }
}
