//! A pretend Alipay: the gateway of its open platform, as far as coins are sold through it. For TEST books only.
//!
//! `alipay.trade.page.pay` is the page that a buyer opens, which makes the trade; `alipay.trade.query` and `alipay.trade.close` answer signed JSON; what happens to a
//! trade is reported in a signed form. The rest is as in [`crate::wallet`].

mod bill;
mod gateway;

use crate::wallet::{
    self, Config, Error, SandboxWallet, WalletBrand,
    keys::WalletKey,
    refund::TradeNews,
    report::WalletReport,
    trade::{Trade, TradeState, beijing, decimal},
};
use axum::Router;
use db::{Database, Migration};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Where it is, below the address of the pretend app store.
pub const ALIPAY_PATH: &str = "/alipay/";
/// The path of the gateway below that.
pub const GATEWAY: &str = "gateway.do";
/// The only app.
pub const TEST_APP: &str = "2021000000000001";
/// The only seller.
pub const TEST_SELLER: &str = "2088000000000002";

static BRAND: WalletBrand = WalletBrand {
    service: "sandbox_alipay",
    migrations: &[Migration::contract(1, include_str!("../migrations/alipay_0001.sql"))],
    routes: gateway::router,
    event,
    report: |event, key| form(&event["form"], key),
    is_taken: |status, body| status == 200 && body == "success",
};

/// The fields of a form by their names.
type Fields = BTreeMap<String, String>;

/// Opens the tables (service name `sandbox_alipay`) and serves until `shutdown`.
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

/// Alipay's word for a state. A trade that was refunded in full is closed.
fn word(trade: &Trade, state: TradeState) -> &'static str {
    match state {
        TradeState::Unpaid => "WAIT_BUYER_PAY",
        TradeState::Paid if trade.refunded_fen == trade.fen => "TRADE_CLOSED",
        TradeState::Paid => "TRADE_SUCCESS",
        TradeState::Finished => "TRADE_FINISHED",
        TradeState::Closed => "TRADE_CLOSED",
    }
}

fn event(trade: &Trade, news: &TradeNews) -> Value {
    let id = format!("{}{}", beijing(wallet::now_ms(), "%Y%m%d00222%H%M%S"), uuid::Uuid::now_v7().as_u128() % 10_u128.pow(16));
    let now = beijing(wallet::now_ms(), "%Y-%m-%d %H:%M:%S");
    let mut form = json!({
        "notify_time": now, "notify_type": "trade_status_sync", "notify_id": id, "charset": "utf-8", "version": "1.0",
        "auth_app_id": trade.app, "app_id": trade.app, "seller_id": trade.seller, "buyer_id": "2088000000000001",
        "buyer_logon_id": "ada***@example.com", "trade_no": trade.number, "out_trade_no": trade.id, "subject": trade.subject,
        "trade_status": word(trade, trade.state), "total_amount": decimal(trade.fen), "receipt_amount": decimal(trade.fen),
    });
    if trade.paid_at_ms > 0 {
        form["gmt_payment"] = json!(beijing(trade.paid_at_ms, "%Y-%m-%d %H:%M:%S"));
    }
    if let TradeNews::Refunded(refund) = news {
        form["refund_fee"] = json!(decimal(trade.refunded_fen));
        form["gmt_refund"] = json!(beijing(wallet::now_ms(), "%Y-%m-%d %H:%M:%S%.3f"));
        form["out_biz_no"] = json!(refund.id);
    }
    json!({"id": id, "kind": form["trade_status"], "form": form})
}

/// The request that reports these fields, signed with a key: for reports with any content.
#[must_use]
pub fn form(fields: &Value, key: WalletKey) -> WalletReport {
    let mut signed: Fields = serde_json::from_value(fields.clone()).unwrap_or_default();
    let text = content(&signed, &["sign", "sign_type"]);
    signed.insert("sign".to_owned(), key.sign(text.as_bytes()));
    signed.insert("sign_type".to_owned(), "RSA2".to_owned());
    let mut url = reqwest::Url::parse("http://form/").expect("a constant");
    url.query_pairs_mut().extend_pairs(&signed);
    let headers = vec![("content-type", "application/x-www-form-urlencoded; charset=utf-8".to_owned())];
    WalletReport { headers, body: url.query().unwrap_or_default().to_owned() }
}

/// What is signed of fields.
fn content(fields: &Fields, without: &[&str]) -> String {
    let signed = fields.iter().filter(|(name, _)| !without.contains(&name.as_str()));
    signed.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}
