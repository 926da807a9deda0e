//! Calls to Alipay's gateway: signed forms there, signed JSON back.

use bankapi::RsaSigningKey;
use jiff::civil::Date;
use reqwest::{Client, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::keys::AlipayKeys;
use super::refund_answer::{RefundAnswer, RefundQueryAnswer, out_request_no};
use super::signature::{self, Parameters};
use super::trade::TradeDocument;
use crate::config::AlipayAccount;
use crate::domain::Purchase;
use crate::orders::order::Order;
use crate::orders::paying::PayMethod;
use crate::refund_orders::order::RefundOrder;
use crate::stores::billing::DOWNLOAD_TIMEOUT;
use crate::stores::wallet::{self, ANSWER_BYTES_MAX, Error, Naming, shown};

/// What the gateway calls a payment on its page, on its page on a phone, and in the wallet that our app opens, each with its only product.
const PAGE: (&str, &str) = ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY");
const PHONE_PAGE: (&str, &str) = ("alipay.trade.wap.pay", "QUICK_WAP_WAY");
const APP: (&str, &str) = ("alipay.trade.app.pay", "QUICK_MSECURITY_PAY");
/// What it calls a payment by a code that the buyer scans.
const CODE: &str = "alipay.trade.precreate";
/// Longest text of a code that is taken, in bytes.
const CODE_BYTES_MAX: usize = 512;
/// The code of an answer that says that it was done.
const DONE: &str = "10000";
/// The code of an answer that says that the business refused it, for the reason in its `sub_code`.
const BUSINESS: &str = "40004";
/// The `sub_code` that, although the business refused, proves nothing.
const SYSTEM: &str = "ACQ.SYSTEM_ERROR";
/// The `sub_code` of a refund for which our money there is not enough: it may be later.
const BALANCE: &str = "ACQ.SELLER_BALANCE_NOT_ENOUGH";

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AlipayFault {
    /// Alipay did nothing, for this reason.
    #[error("{code}: {message}")]
    Refused {
        /// Its `sub_code`, such as `ACQ.TRADE_NOT_EXIST`.
        code: String,
        /// Its words.
        message: String,
    },
    /// It is not known whether anything was done, or nothing was done for now: ask again later.
    #[error("{0}")]
    Later(String),
}

/// The client of one app.
#[derive(Debug)]
pub(crate) struct Gateway {
    client: Client,
    url: String,
    app_id: String,
    notify_url: String,
    key: RsaSigningKey,
    alipay_keys: AlipayKeys,
}

/// What every answer says.
#[derive(Debug, Deserialize)]
struct AnswerHead {
    code: String,
    #[serde(default)]
    msg: String,
    #[serde(default)]
    sub_code: String,
    #[serde(default)]
    sub_msg: String,
}

impl Gateway {
    pub(super) fn new(account: &AlipayAccount, key: RsaSigningKey, alipay_keys: AlipayKeys, naming: Naming<'_>) -> Result<Self, Error> {
        Ok(Self {
            client: naming.client(&account.gateway_url, account.ca_file.as_deref())?,
            url: account.gateway_url.clone(),
            app_id: account.app_id.clone(),
            notify_url: account.notify_url.clone(),
            key,
            alipay_keys,
        })
    }

    /// What a buyer needs to pay an order until its end: the address of a page, or the text that our app gives to the wallet.
    pub(super) fn link(&self, order: &Order) -> Result<String, String> {
        let (method, product) = match order.paying.method {
            PayMethod::App => APP,
            PayMethod::PhonePage => PHONE_PAGE,
            PayMethod::Usual | PayMethod::Page | PayMethod::Code | PayMethod::InWallet => PAGE,
        };
        let mut content = ordered(order);
        content["product_code"] = json!(product);
        if method == PHONE_PAGE.0 {
            content["quit_url"] = json!(order.cancel_url);
        }
        let mut parameters = self.parameters(method, &content, order.created_at_ms);
        parameters.insert("notify_url".to_owned(), self.notify_url.clone());
        if method == APP.0 {
            return self.signed(parameters);
        }
        parameters.insert("return_url".to_owned(), order.success_url.clone());
        Ok(format!("{}?{}", self.url, self.signed(parameters)?))
    }

    /// The text of the code by which an order can be paid until its end; the same order again is answered again.
    pub(super) async fn code(&self, order: &Order, now_ms: i64) -> Result<String, AlipayFault> {
        let answer = self.call(CODE, &ordered(order), now_ms).await?;
        let is_of_it = answer["out_trade_no"].as_str() == Some(&*wallet::out_trade_no(order.order_id));
        let code =
            answer["qr_code"].as_str().filter(|code| code.len() <= CODE_BYTES_MAX && code.contains("://") && money::text::is_plain(code));
        let code = code.filter(|_| is_of_it).ok_or_else(|| AlipayFault::Later("an answer without a code of the order".to_owned()))?;
        Ok(code.to_owned())
    }

    /// The trade of an order.
    pub(super) async fn query(&self, out_trade_no: &str, now_ms: i64) -> Result<TradeDocument, AlipayFault> {
        let answer = self.call("alipay.trade.query", &json!({ "out_trade_no": out_trade_no }), now_ms).await?;
        let trade: TradeDocument = serde_json::from_value(answer).map_err(|error| AlipayFault::Later(error.to_string()))?;
        if trade.out_trade_no == out_trade_no { Ok(trade) } else { Err(AlipayFault::Later("an answer about another trade".to_owned())) }
    }

    /// Ends the trade of an order unpaid.
    pub(super) async fn close(&self, out_trade_no: &str) -> Result<(), AlipayFault> {
        let now_ms = money::time::unix_ms(std::time::SystemTime::now());
        let answer = self.call("alipay.trade.close", &json!({ "out_trade_no": out_trade_no }), now_ms).await?;
        let is_of_it = answer["out_trade_no"].as_str().is_none_or(|named| named == out_trade_no);
        if is_of_it { Ok(()) } else { Err(AlipayFault::Later("an answer about another trade".to_owned())) }
    }

    /// Pays back a part of a trade, or says what was paid back before under this id.
    pub(super) async fn refund(&self, order: &RefundOrder, of: &Purchase, now_ms: i64) -> Result<RefundAnswer, AlipayFault> {
        let content = json!({
            "trade_no": of.transaction_id,
            "refund_amount": order.amount.to_decimal().to_string(),
            "out_request_no": out_request_no(order),
        });
        self.about_trade("alipay.trade.refund", &content, &of.transaction_id, now_ms).await
    }

    /// The refund of a trade that was asked for under this id.
    pub(super) async fn refund_query(&self, trade_no: &str, request_no: &str, now_ms: i64) -> Result<RefundQueryAnswer, AlipayFault> {
        let content = json!({"trade_no": trade_no, "out_request_no": request_no});
        let answer: RefundQueryAnswer = self.about_trade("alipay.trade.fastpay.refund.query", &content, trade_no, now_ms).await?;
        let is_of_it = answer.refund_status.is_none() || answer.out_request_no == request_no;
        if is_of_it { Ok(answer) } else { Err(AlipayFault::Later("an answer about another refund".to_owned())) }
    }

    /// Where the bill of a day's trades can be downloaded, for half a minute.
    pub(super) async fn bill_url(&self, day: Date, now_ms: i64) -> Result<String, AlipayFault> {
        let content = json!({"bill_type": "trade", "bill_date": day.to_string()});
        let answer = self.call("alipay.data.dataservice.bill.downloadurl.query", &content, now_ms).await?;
        let url = answer["bill_download_url"].as_str().filter(|url| url.len() <= 2_048).unwrap_or_default();
        Ok(url.to_owned())
    }

    /// The file at an address that a signed answer named, at most `bytes_max` long. Without TLS only where the gateway is without it, on this machine.
    pub(super) async fn download(&self, address: &str, bytes_max: usize) -> Result<Vec<u8>, AlipayFault> {
        let later = |why: String| AlipayFault::Later(why);
        let urls = Url::parse(address).ok().zip(Url::parse(&self.url).ok());
        let is_safe = urls.is_some_and(|(address, gateway)| address.scheme() == "https" || address.origin() == gateway.origin());
        if !is_safe {
            return Err(later("an answer without a safe address of the bill".to_owned()));
        }
        let sent = self.client.get(address).timeout(DOWNLOAD_TIMEOUT).send().await;
        let answer = sent.map_err(|error| later(error.without_url().to_string()))?;
        let status = answer.status().as_u16();
        let body = http_client::read(answer, bytes_max).await.map_err(|error| later(error.to_string()))?;
        if status == 200 { Ok(body.to_vec()) } else { Err(later(format!("the download answered {status}"))) }
    }

    async fn about_trade<T: DeserializeOwned>(&self, method: &str, content: &Value, trade_no: &str, now_ms: i64) -> Result<T, AlipayFault> {
        let answer = self.call(method, content, now_ms).await?;
        if answer["trade_no"].as_str().is_some_and(|named| named != trade_no) {
            return Err(AlipayFault::Later("an answer about another trade".to_owned()));
        }
        serde_json::from_value(answer).map_err(|error| AlipayFault::Later(error.to_string()))
    }

    fn parameters(&self, method: &str, content: &Value, at_ms: i64) -> Parameters {
        let named = [
            ("app_id", self.app_id.clone()),
            ("method", method.to_owned()),
            ("format", "JSON".to_owned()),
            ("charset", "utf-8".to_owned()),
            ("sign_type", "RSA2".to_owned()),
            ("timestamp", wallet::beijing(at_ms)),
            ("version", "1.0".to_owned()),
            ("biz_content", content.to_string()),
        ];
        let numbers = self.alipay_keys.numbers.iter();
        let numbers = numbers.flat_map(|of| [("app_cert_sn", of.app.clone()), ("alipay_root_cert_sn", of.roots.clone())]);
        named.into_iter().chain(numbers).map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn signed(&self, mut parameters: Parameters) -> Result<String, String> {
        let sign = wallet::signed(&self.key, &signature::content(&parameters, &["sign"]))?;
        parameters.insert("sign".to_owned(), sign);
        Ok(signature::form(&parameters))
    }

    /// What Alipay answers, once its signature is checked: anybody in between could say that something was paid.
    async fn call(&self, method: &str, content: &Value, at_ms: i64) -> Result<Value, AlipayFault> {
        let later = |why: String| AlipayFault::Later(why);
        let mut parameters = self.parameters(method, content, at_ms);
        if method == CODE {
            parameters.insert("notify_url".to_owned(), self.notify_url.clone());
        }
        let form = self.signed(parameters).map_err(later)?;
        let request = self.client.post(&self.url).header("content-type", "application/x-www-form-urlencoded;charset=utf-8").body(form);
        let answer = request.send().await.map_err(|error| later(error.without_url().to_string()))?;
        let status = answer.status().as_u16();
        let body = http_client::read(answer, ANSWER_BYTES_MAX).await.map_err(|error| later(error.to_string()))?;
        if status != 200 {
            return Err(later(format!("Alipay answered {status}")));
        }
        let name = format!("{}_response", method.replace('.', "_"));
        let members = signature::members(&body).ok_or_else(|| later("an answer that can't be read".to_owned()))?;
        let member = |name: &str| members.iter().find(|(known, _)| known == name).map(|(_, raw)| *raw);
        let sign: Option<String> = member("sign").and_then(|raw| serde_json::from_slice(raw).ok());
        let Some((raw, sign)) = member(&name).zip(sign) else {
            let error = member("error_response").map(|raw| shown(&String::from_utf8_lossy(raw))).unwrap_or_default();
            return Err(later(format!("an answer without its signed part: {error}")));
        };
        let number: Option<String> = match member("alipay_cert_sn") {
            Some(raw) => serde_json::from_slice(raw).map_err(|_| later("an answer that can't be read".to_owned()))?,
            None => None,
        };
        let proved = self.alipay_keys.check(number.as_deref().filter(|number| !number.is_empty()), raw, &sign);
        proved.map_err(|why| later(format!("an answer that nothing proves: {why}")))?;
        read(raw)
    }
}

/// What is ordered, until when.
fn ordered(order: &Order) -> Value {
    json!({
        "out_trade_no": wallet::out_trade_no(order.order_id),
        "total_amount": order.value.price.to_decimal().to_string(),
        "subject": wallet::subject(&order.value),
        "time_expire": wallet::beijing(order.expires_at_ms),
    })
}

/// What a signed answer proves.
pub(crate) fn read(raw: &[u8]) -> Result<Value, AlipayFault> {
    let unreadable = |error: serde_json::Error| AlipayFault::Later(format!("an answer that can't be read: {error}"));
    let answer: Value = serde_json::from_slice(raw).map_err(unreadable)?;
    let head = AnswerHead::deserialize(&answer).map_err(unreadable)?;
    if head.code == DONE {
        return Ok(answer);
    }
    let (code, message) = (shown(&head.sub_code), shown(&format!("{} {}", head.msg, head.sub_msg)));
    if head.code == BUSINESS && code != SYSTEM && code != BALANCE {
        return Err(AlipayFault::Refused { code, message });
    }
    Err(AlipayFault::Later(format!("Alipay answered {} {code}: {message}", shown(&head.code))))
}

#[cfg(test)]
mod tests;
