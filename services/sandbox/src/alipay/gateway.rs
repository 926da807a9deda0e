//! The gateway: what it answers to signed forms.

use super::{Fields, TEST_APP, TEST_SELLER, content, word};
use crate::{
    bank::line::ConnectionCutter,
    page::Endpoint,
    wallet::{
        Desk,
        bills::OrderedBill,
        certificates::PretendCertificate,
        commands::{self, FAULTS},
        http::{self, broken},
        keys::{self, WalletKey},
        refund::{RefundState, TradeNews},
        trade::{Trade, TradeState, beijing, decimal, from_beijing, new_number},
    },
};
use axum::{
    Router,
    body::Bytes,
    extract::{ConnectInfo, RawQuery, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::get,
};
use serde_json::{Value, json};

/// The ways to pay that a buyer opens, with their products: on a page, on a page on a phone, and in the wallet that the seller's app opens.
const WAYS: [(&str, &str); 3] = [
    ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
    ("alipay.trade.wap.pay", "QUICK_WAP_WAY"),
    ("alipay.trade.app.pay", "QUICK_MSECURITY_PAY"),
];
/// The one that the seller asks a code for.
const CODE: &str = "alipay.trade.precreate";
/// Where the bill of a day is.
const BILL: &str = "alipay.data.dataservice.bill.downloadurl.query";

/// Every route, as it is reached at `address`.
pub fn router(address: &str, desk: Desk) -> Router {
    let introduction = format!(
        "The pretend Alipay, for TEST books only: app {TEST_APP}, seller {TEST_SELLER}.\n\nFaults of requests (POST /commands, \"command\": \"fault\"): {}.\n\n",
        FAULTS.join(", ")
    );
    let own = vec![
        Endpoint {
            method: "GET",
            path: "/bill",
            effect: "The bill of a day, at the address that alipay.data.dataservice.bill.downloadurl.query answered",
            example: "/bill?token=2026-11-28_",
            answered_by: || get(bill),
        },
        Endpoint {
            method: "GET, POST",
            path: "/gateway.do",
            effect: "alipay.trade.page.pay, alipay.trade.wap.pay and alipay.trade.app.pay (GET, what a buyer opens), alipay.trade.precreate, alipay.trade.query, alipay.trade.close, alipay.trade.refund, alipay.trade.fastpay.refund.query and alipay.data.dataservice.bill.downloadurl.query (POST); signed forms, and signed JSON back",
            example: "/gateway.do",
            answered_by: || get(page).post(gateway),
        },
    ];
    http::router(&introduction, address, own, desk)
}

fn fields(text: &str) -> Fields {
    let url = reqwest::Url::parse(&format!("http://form/?{text}"));
    url.map(|url| url.query_pairs().into_owned().collect()).unwrap_or_default()
}

/// What is wrong with a request's signature or app, if anything.
fn unsigned(fields: &Fields) -> Option<&'static str> {
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    if field("app_id") != TEST_APP {
        return Some("isv.invalid-app-id");
    }
    let signed = field("sign_type") == "RSA2" && keys::is_sellers(content(fields, &["sign"]).as_bytes(), field("sign"));
    (!signed).then_some("isv.invalid-signature")
}

/// The page that a buyer opens: from then on there is a trade.
async fn page(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Response {
    let fields = fields(&query.unwrap_or_default());
    if let Some(why) = unsigned(&fields) {
        return (StatusCode::BAD_REQUEST, format!("{why}; nothing was done\n")).into_response();
    }
    let order: Value = fields.get("biz_content").and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let text = |name: &str| order[name].as_str().unwrap_or_default().to_owned();
    let method = fields.get("method").map(String::as_str).unwrap_or_default();
    if !WAYS.contains(&(method, &*text("product_code"))) || (method == WAYS[1].0 && text("quit_url").is_empty()) {
        return (StatusCode::BAD_REQUEST, "a method with its product_code; nothing was done\n").into_response();
    }
    let Some(trade) = ordered(&order, method, fields.get("notify_url").cloned().unwrap_or_default()) else {
        return (StatusCode::BAD_REQUEST, "total_amount with two decimals, and time_expire; nothing was done\n").into_response();
    };
    let opened = async {
        let _one_at_a_time = desk.lock.lock().await;
        if desk.trade(&trade.id).await?.is_none() && crate::wallet::now_ms() < trade.expires_at_ms {
            desk.keep(&trade).await?;
        }
        Ok(())
    };
    match opened.await {
        Ok(()) => format!("to pay: curl .../commands -d '{{\"command\": \"pay\", \"trade\": \"{}\"}}'\n", trade.id).into_response(),
        Err(error) => broken(&error),
    }
}

async fn gateway(State(desk): State<Desk>, ConnectInfo(line): ConnectInfo<ConnectionCutter>, body: Bytes) -> Response {
    let fields = fields(&String::from_utf8_lossy(&body));
    let fault = match desk.take_fault().await {
        Ok(fault) => fault,
        Err(error) => return broken(&error),
    };
    match fault.as_str() {
        "down" => {
            line.cut();
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        "429" => return StatusCode::TOO_MANY_REQUESTS.into_response(),
        "500" => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        "garbage" => return (StatusCode::OK, "<html>busy</html>").into_response(),
        _ => {}
    }
    let answered = async {
        let answer = match desk.key_mode().await?.as_str() {
            "certificate" | "ended" if !names_certificates(&fields) => refused("40002", "isv.invalid-signature"),
            _ => answer(&desk, &fields).await?,
        };
        Ok((answer, desk.answering_key(names_certificates(&fields)).await?))
    };
    let (answer, key) = match answered.await {
        Ok(answered) => answered,
        Err(error) => return broken(&error),
    };
    if fault == "cut" {
        line.cut();
    }
    let key = if fault == "forged" { WalletKey::Stranger } else { key };
    let (method, raw) = (fields.get("method").cloned().unwrap_or_default().replace('.', "_"), answer.to_string());
    let (sign, number) = (key.sign(raw.as_bytes()), certificate(key).map(|of| format!(r#""alipay_cert_sn":"{}","#, of.alipay_number())));
    http::json(200, format!(r#"{{"{method}_response":{raw},{}"sign":"{sign}"}}"#, number.unwrap_or_default()))
}

/// The bill of the day that a token names.
async fn bill(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Response {
    let asked = OrderedBill::of_token(fields(&query.unwrap_or_default()).get("token").map(String::as_str).unwrap_or_default());
    match desk.billed(&asked).await {
        Ok(billed) => super::bill::bill(&asked, TEST_SELLER, &billed).into_response(),
        Err(error) => broken(&error),
    }
}

fn refused(code: &str, sub_code: &str) -> Value {
    json!({"code": code, "msg": "Failed", "sub_code": sub_code, "sub_msg": "refused"})
}

/// The certificate of a key, which answers name.
fn certificate(key: WalletKey) -> Option<PretendCertificate> {
    match key {
        WalletKey::Certified => Some(PretendCertificate::Wallet),
        WalletKey::Ended => Some(PretendCertificate::Ended),
        WalletKey::First | WalletKey::Next | WalletKey::Stranger => None,
    }
}

/// Whether a request names the app's certificate and the roots, as one of an app does that signs by certificate.
fn names_certificates(fields: &Fields) -> bool {
    let names = |name: &str, of: PretendCertificate| fields.get(name).is_some_and(|number| *number == of.alipay_number());
    names("app_cert_sn", PretendCertificate::App) && names("alipay_root_cert_sn", PretendCertificate::Root)
}

async fn answer(desk: &Desk, fields: &Fields) -> Result<Value, sqlx::Error> {
    if let Some(why) = unsigned(fields) {
        return Ok(refused("40002", why));
    }
    let asked: Value = fields.get("biz_content").and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let _one_at_a_time = desk.lock.lock().await;
    if fields.get("method").is_some_and(|method| method == BILL) {
        return Ok(match desk.ordered_bill(asked["bill_date"].as_str().unwrap_or_default()).await? {
            Some(bill) if asked["bill_type"] == "trade" && bill.fault != "late" => {
                let at = if bill.fault == "elsewhere" { "http://127.0.0.2:9" } else { &desk.url };
                json!({"code": "10000", "msg": "Success", "bill_download_url": format!("{at}/bill?token={}", bill.token())})
            }
            _ => refused("40004", "isp.bill_not_exist"),
        });
    }
    if fields.get("method").is_some_and(|method| method == CODE) {
        let notify_url = fields.get("notify_url").cloned().unwrap_or_default();
        return Ok(match precreate(desk, &asked, notify_url).await? {
            Ok(trade) => {
                json!({"code": "10000", "msg": "Success", "out_trade_no": trade.id, "qr_code": format!("https://qr.alipay.com/bax{}", trade.id)})
            }
            Err(sub_code) => refused("40004", sub_code),
        });
    }
    let Some(mut trade) = named(desk, &asked).await? else { return Ok(refused("40004", "ACQ.TRADE_NOT_EXIST")) };
    let mut answer = json!({"code": "10000", "msg": "Success", "out_trade_no": trade.id, "trade_no": trade.number});
    match fields.get("method").map(String::as_str) {
        Some("alipay.trade.query") => {
            answer["trade_status"] = json!(word(&trade, trade.queried()));
            answer["total_amount"] = json!(decimal(trade.fen));
            answer["buyer_logon_id"] = json!("ada***@example.com");
            if trade.paid_at_ms > 0 {
                answer["send_pay_date"] = json!(beijing(trade.paid_at_ms, "%Y-%m-%d %H:%M:%S"));
            }
        }
        Some("alipay.trade.close") => {
            if commands::close(&mut trade).is_err() {
                return Ok(refused("40004", "ACQ.TRADE_STATUS_ERROR"));
            }
            desk.keep(&trade).await?;
            desk.happened(&trade, TradeNews::Moved).await?;
        }
        Some("alipay.trade.refund") => match refund(desk, &mut trade, &asked).await? {
            Ok((change, total)) => {
                answer["fund_change"] = json!(change);
                answer["refund_fee"] = json!(total);
            }
            Err(sub_code) => return Ok(refused("40004", sub_code)),
        },
        Some("alipay.trade.fastpay.refund.query") => {
            let id = asked["out_request_no"].as_str().unwrap_or_default();
            let found = desk.refund(id).await?.filter(|refund| refund.trade == trade.id && refund.state == RefundState::Succeeded);
            if let Some(refund) = found {
                answer["out_request_no"] = json!(refund.id);
                answer["refund_status"] = json!("REFUND_SUCCESS");
                answer["total_amount"] = json!(decimal(trade.fen));
                answer["refund_amount"] = json!(decimal(refund.fen));
                answer["gmt_refund_pay"] = json!(beijing(refund.at_ms, "%Y-%m-%d %H:%M:%S"));
            }
        }
        _ => return Ok(refused("40002", "isv.invalid-method")),
    }
    Ok(answer)
}

/// The trade of a code, which the same order again has as well.
async fn precreate(desk: &Desk, asked: &Value, notify_url: String) -> Result<Result<Trade, &'static str>, sqlx::Error> {
    let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
    let Some(trade) = ordered(asked, CODE, notify_url).filter(|_| !text("subject").is_empty()) else {
        return Ok(Err("ACQ.INVALID_PARAMETER"));
    };
    Ok(match desk.trade(&trade.id).await? {
        Some(known) if known.state == TradeState::Closed => Err("ACQ.TRADE_HAS_CLOSE"),
        Some(known) if known.state != TradeState::Unpaid => Err("ACQ.TRADE_HAS_SUCCESS"),
        Some(known) if known.fen != trade.fen => Err("ACQ.CONTEXT_INCONSISTENT"),
        Some(known) => Ok(known),
        None => {
            desk.keep(&trade).await?;
            Ok(trade)
        }
    })
}

/// The trade that an order makes; `None` where it lacks what it needs.
fn ordered(order: &Value, way: &str, notify_url: String) -> Option<Trade> {
    let text = |name: &str| order[name].as_str().unwrap_or_default().to_owned();
    let amount = text("total_amount").split_once('.').and_then(|(yuan, fen)| format!("{yuan}{fen}").parse::<i64>().ok());
    Some(Trade {
        id: text("out_trade_no"),
        number: new_number(),
        subject: text("subject"),
        fen: amount.filter(|fen| *fen > 0)?,
        currency: "CNY".to_owned(),
        app: TEST_APP.to_owned(),
        seller: TEST_SELLER.to_owned(),
        state: TradeState::Unpaid,
        refunded_fen: 0,
        expires_at_ms: from_beijing(&text("time_expire"))?,
        paid_at_ms: 0,
        notify_url,
        way: way.to_owned(),
        query_says: None,
    })
}

/// The trade that a request names, by the seller's id or by Alipay's.
async fn named(desk: &Desk, asked: &Value) -> Result<Option<Trade>, sqlx::Error> {
    if let Some(id) = asked["out_trade_no"].as_str() {
        return desk.trade(id).await;
    }
    let all = desk.store.all(commands::TRADE).await?.into_iter().filter_map(|trade| serde_json::from_value::<Trade>(trade).ok());
    Ok({ all }.find(|trade| asked["trade_no"] == trade.number))
}

/// Refunds once under the seller's id: whether money moved, and what was refunded in all.
async fn refund(desk: &Desk, trade: &mut Trade, asked: &Value) -> Result<Result<(&'static str, String), &'static str>, sqlx::Error> {
    let amount = asked["refund_amount"].as_str().and_then(|text| text.split_once('.'));
    let fen = amount.filter(|(_, fen)| fen.len() == 2).and_then(|(yuan, fen)| format!("{yuan}{fen}").parse::<i64>().ok());
    let (Some(fen), Some(id)) = (fen, asked["out_request_no"].as_str()) else { return Ok(Err("ACQ.INVALID_PARAMETER")) };
    if trade.state == TradeState::Finished {
        return Ok(Err("ACQ.TRADE_HAS_FINISHED"));
    }
    Ok(match desk.ask_refund(trade, id, fen).await? {
        Ok((refund, is_new)) => {
            let moved = is_new && refund.state == RefundState::Succeeded;
            Ok((if moved { "Y" } else { "N" }, decimal(trade.refunded_fen)))
        }
        Err(_) => Err("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"),
    })
}
