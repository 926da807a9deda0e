//! The interface below `/v3/`: what it answers to signed requests.

use super::{TEST_APP, TEST_CERTIFICATE_SERIAL, TEST_MERCHANT, bill, refund_answer, signed, transaction};
use crate::{
    bank::line::ConnectionCutter,
    page::Endpoint,
    wallet::{
        Desk,
        bills::OrderedBill,
        commands::{self, FAULTS},
        http::{self, broken},
        keys::{self, WalletKey},
        now_ms,
        trade::{Trade, TradeState, new_number},
    },
};
use axum::{
    Router,
    body::Bytes,
    extract::{ConnectInfo, State},
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse as _, Response},
    routing::any,
};
use serde_json::{Value, json};

/// Every route, as it is reached at `address`.
pub fn router(address: &str, desk: Desk) -> Router {
    let introduction = format!(
        "The pretend WeChat Pay, for TEST books only: merchant {TEST_MERCHANT}, app {TEST_APP}.\n\nFaults of requests (POST /commands, \"command\": \"fault\"): {}.\n\n",
        FAULTS.join(", ")
    );
    let own = vec![Endpoint {
        method: "GET, POST",
        path: "/v3/{*path}",
        effect: "pay/transactions/native (and jsapi, app, h5), pay/transactions/out-trade-no/ID with its close, refund/domestic/refunds, bill/tradebill, bill/fundflowbill and billdownload/file; signed JSON both ways",
        example: "/v3/pay/transactions/out-trade-no/ID",
        answered_by: || any(api),
    }];
    http::router(&introduction, address, own, desk)
}

/// The text that a request signs, as the merchant reached it, and whether its signature is good.
fn is_signed(headers: &HeaderMap, method: &Method, uri: &Uri, body: &str) -> bool {
    let header = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some(fields) = header.strip_prefix("WECHATPAY2-SHA256-RSA2048 ") else { return false };
    let field = |name: &str| {
        let mut parts = fields.split(',').filter_map(|part| part.split_once('='));
        parts.find(|(known, _)| *known == name).map(|(_, value)| value.trim_matches('"').to_owned()).unwrap_or_default()
    };
    let (at, nonce) = (field("timestamp"), field("nonce_str"));
    let fresh = at.parse::<i64>().is_ok_and(|at| at.abs_diff(now_ms() / 1_000) <= 300);
    let named = field("mchid") == TEST_MERCHANT && field("serial_no") == TEST_CERTIFICATE_SERIAL;
    let path = uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    // A signature may contain the sign that ends a name.
    let signature = fields.rsplit_once("signature=\"").map(|(_, rest)| rest.trim_end_matches('"')).unwrap_or_default();
    fresh && named && keys::is_sellers(format!("{method}\n{path}\n{at}\n{nonce}\n{body}\n").as_bytes(), signature)
}

/// A status and a body.
type WechatAnswer = (u16, Value);

fn refused(status: u16, code: &str) -> WechatAnswer {
    (status, json!({"code": code, "message": "refused"}))
}

async fn api(
    State(desk): State<Desk>,
    ConnectInfo(line): ConnectInfo<ConnectionCutter>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let fault = match desk.take_fault().await {
        Ok(fault) => fault,
        Err(error) => return broken(&error),
    };
    match fault.as_str() {
        "down" => {
            line.cut();
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        "garbage" => return (StatusCode::OK, "<html>busy</html>").into_response(),
        _ => {}
    }
    let body = String::from_utf8_lossy(&body).into_owned();
    if fault.is_empty() && uri.path().ends_with("/v3/billdownload/file") && is_signed(&headers, &method, &uri, &body) {
        return download(&desk, uri.query().unwrap_or_default()).await;
    }
    let answered = async {
        let answer = match fault.as_str() {
            "429" => refused(429, "FREQUENCY_LIMITED"),
            "500" => refused(500, "SYSTEM_ERROR"),
            _ if !is_signed(&headers, &method, &uri, &body) => refused(401, "SIGN_ERROR"),
            _ if uri.path().ends_with("/v3/bill/tradebill") => trade_bill(&desk, uri.query().unwrap_or_default()).await?,
            _ if uri.path().ends_with("/v3/bill/fundflowbill") => fund_flow_bill(&desk, uri.query().unwrap_or_default()).await?,
            _ => answer(&desk, &method, uri.path(), &serde_json::from_str(&body).unwrap_or_default()).await?,
        };
        // WeChat Pay signs by its public key what was asked so.
        let wanted = headers.get("wechatpay-serial").and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok((answer, desk.answering_key(!wanted.starts_with("PUB_KEY_ID_")).await?))
    };
    let ((status, answer), key) = match answered.await {
        Ok(answered) => answered,
        Err(error) => return broken(&error),
    };
    if fault == "cut" {
        line.cut();
    }
    let key = if fault == "forged" { WalletKey::Stranger } else { key };
    let answer = signed(if status == 204 { String::new() } else { answer.to_string() }, key, now_ms() / 1_000);
    let mut response = http::json(status, answer.body);
    for (name, value) in answer.headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

async fn answer(desk: &Desk, method: &Method, path: &str, body: &Value) -> Result<WechatAnswer, sqlx::Error> {
    let _one_at_a_time = desk.lock.lock().await;
    // Without what stands before it where it is served beside others.
    let parts: Vec<&str> = path.split('/').skip_while(|part| *part != "v3").skip(1).collect();
    match (method, parts.as_slice()) {
        (&Method::POST, ["pay", "transactions", way @ ("native" | "jsapi" | "app" | "h5")]) => order(desk, way, body).await,
        (&Method::GET, ["pay", "transactions", "out-trade-no", id]) => {
            let found = desk.trade(id).await?;
            Ok(found.map_or_else(|| refused(404, "ORDER_NOT_EXIST"), |trade| (200, transaction(&trade, trade.queried()))))
        }
        (&Method::POST, ["pay", "transactions", "out-trade-no", id, "close"]) => {
            let Some(mut trade) = desk.trade(id).await? else { return Ok(refused(404, "ORDER_NOT_EXIST")) };
            if trade.state != TradeState::Closed && commands::close(&mut trade).is_err() {
                return Ok(refused(400, "ORDERPAID"));
            }
            desk.keep(&trade).await?;
            Ok((204, Value::Null))
        }
        (&Method::POST, ["refund", "domestic", "refunds"]) => refund(desk, body).await,
        (&Method::GET, ["refund", "domestic", "refunds", id]) => {
            let Some(refund) = desk.refund(id).await? else { return Ok(refused(404, "RESOURCE_NOT_EXISTS")) };
            let trade = desk.trade(&refund.trade).await?;
            Ok(trade.map_or_else(|| refused(404, "RESOURCE_NOT_EXISTS"), |trade| (200, refund_answer(&trade, &refund))))
        }
        _ => Ok(refused(404, "RESOURCE_NOT_EXISTS")),
    }
}

/// The value of a field of a query.
fn asked<'a>(query: &'a str, name: &str) -> &'a str {
    let mut fields = query.split('&').filter_map(|field| field.split_once('='));
    fields.find(|(known, _)| *known == name).map_or("", |(_, value)| value)
}

/// Where the bill of a day is, and its hash.
async fn trade_bill(desk: &Desk, query: &str) -> Result<WechatAnswer, sqlx::Error> {
    let _one_at_a_time = desk.lock.lock().await;
    let Some(ordered) = desk.ordered_bill(asked(query, "bill_date")).await? else { return Ok(refused(400, "NO_STATEMENT_EXIST")) };
    if ordered.fault == "late" {
        return Ok(refused(400, "STATEMENT_CREATING"));
    }
    if asked(query, "bill_type") != "ALL" {
        return Ok(refused(400, "PARAM_ERROR"));
    }
    let at = if ordered.fault == "elsewhere" { "http://127.0.0.2:9" } else { &desk.url };
    let hash = bill::hash(&ordered, &bill::bill(&ordered, &desk.billed(&ordered).await?));
    let address = format!("{at}/v3/billdownload/file?token={}", ordered.token());
    Ok((200, json!({"hash_type": "SHA1", "hash_value": hash, "download_url": address})))
}

/// What the tokens of fund flow bills begin with.
const FUNDS: &str = "funds-";

/// Where the fund flow bill of a day is, and its hash.
async fn fund_flow_bill(desk: &Desk, query: &str) -> Result<WechatAnswer, sqlx::Error> {
    let _one_at_a_time = desk.lock.lock().await;
    if asked(query, "account_type") != "BASIC" {
        return Ok(refused(400, "PARAM_ERROR"));
    }
    let asked_for = OrderedBill { day: asked(query, "bill_date").to_owned(), fault: String::new() };
    let ordered = match desk.ordered_bill(&asked_for.day).await? {
        Some(ordered) => ordered,
        None if desk.withdrawn(&asked_for).await?.is_empty() => return Ok(refused(400, "NO_STATEMENT_EXIST")),
        None => asked_for,
    };
    let bytes = fund_flow(desk, &ordered).await?;
    let address = format!("{}/v3/billdownload/file?token={FUNDS}{}", desk.url, ordered.token());
    Ok((200, json!({"hash_type": "SHA1", "hash_value": bill::hash(&ordered, &bytes), "download_url": address})))
}

async fn fund_flow(desk: &Desk, of: &OrderedBill) -> Result<Vec<u8>, sqlx::Error> {
    Ok(bill::fund_flow(of, &desk.billed(of).await?, &desk.withdrawn(of).await?))
}

/// The file of a bill, packed.
async fn download(desk: &Desk, query: &str) -> Response {
    let token = asked(query, "token");
    let ordered = OrderedBill::of_token(token.strip_prefix(FUNDS).unwrap_or(token));
    let bytes = async {
        if token.starts_with(FUNDS) {
            return fund_flow(desk, &ordered).await;
        }
        Ok(bill::bill(&ordered, &desk.billed(&ordered).await?))
    };
    match bytes.await {
        Ok(bytes) => bill::packed(&ordered, &bytes).into_response(),
        Err(error) => broken(&error),
    }
}

/// Refunds once under the seller's id; the same again answers the same refund.
async fn refund(desk: &Desk, body: &Value) -> Result<WechatAnswer, sqlx::Error> {
    let (number, id) = (&body["transaction_id"], body["out_refund_no"].as_str().unwrap_or_default());
    let (fen, total) = (body["amount"]["refund"].as_i64(), body["amount"]["total"].as_i64());
    let all = desk.store.all(commands::TRADE).await?.into_iter().filter_map(|trade| serde_json::from_value::<Trade>(trade).ok());
    let Some(mut trade) = { all }.find(|trade| *number == trade.number) else { return Ok(refused(404, "RESOURCE_NOT_EXISTS")) };
    let Some(fen) = fen.filter(|_| total == Some(trade.fen) && body["amount"]["currency"] == "CNY" && !id.is_empty()) else {
        return Ok(refused(400, "PARAM_ERROR"));
    };
    Ok(match desk.ask_refund(&mut trade, id, fen).await? {
        Ok((refund, _)) => (200, refund_answer(&trade, &refund)),
        Err(_) => refused(400, "INVALID_REQUEST"),
    })
}

/// Makes an order once; the same again answers its code, and another under its id is refused.
async fn order(desk: &Desk, way: &str, body: &Value) -> Result<WechatAnswer, sqlx::Error> {
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let expires: Option<jiff::Timestamp> = text("time_expire").parse().ok();
    let (id, fen) = (text("out_trade_no"), body["amount"]["total"].as_i64().unwrap_or(0));
    let is_id = (6..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let Some(expires) = expires.filter(|_| is_id && fen > 0 && body["amount"]["currency"] == "CNY" && !text("description").is_empty())
    else {
        return Ok(refused(400, "PARAM_ERROR"));
    };
    let is_known = match way {
        "jsapi" => body["payer"]["openid"].as_str().is_some_and(|id| !id.is_empty()),
        "h5" => {
            let address = body["scene_info"]["payer_client_ip"].as_str().and_then(|address| address.parse::<std::net::IpAddr>().ok());
            address.is_some() && body["scene_info"]["h5_info"]["type"].is_string()
        }
        _ => true,
    };
    if !is_known {
        return Ok(refused(400, "PARAM_ERROR"));
    }
    if text("mchid") != TEST_MERCHANT || text("appid") != TEST_APP {
        return Ok(refused(400, "APPID_MCHID_NOT_MATCH"));
    }
    let new = Trade {
        number: new_number(),
        subject: text("description"),
        fen,
        currency: "CNY".to_owned(),
        app: TEST_APP.to_owned(),
        seller: TEST_MERCHANT.to_owned(),
        state: TradeState::Unpaid,
        refunded_fen: 0,
        expires_at_ms: expires.as_millisecond(),
        paid_at_ms: 0,
        notify_url: text("notify_url"),
        way: way.to_owned(),
        query_says: None,
        id,
    };
    match desk.trade(&new.id).await? {
        Some(known) if known.state == TradeState::Closed => return Ok(refused(400, "ORDER_CLOSED")),
        Some(known) if known.state != TradeState::Unpaid => return Ok(refused(400, "ORDERPAID")),
        Some(known) if (known.fen, known.expires_at_ms, &known.way) != (new.fen, new.expires_at_ms, &new.way) => {
            return Ok(refused(403, "OUT_TRADE_NO_USED"));
        }
        Some(_) => {}
        None => desk.keep(&new).await?,
    }
    Ok((
        200,
        match way {
            "jsapi" | "app" => json!({"prepay_id": format!("wx{}", new.id)}),
            "h5" => json!({"h5_url": format!("https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx{}&package=1", new.id)}),
            _ => json!({"code_url": format!("weixin://wxpay/bizpayurl?pr={}", new.id)}),
        },
    ))
}
