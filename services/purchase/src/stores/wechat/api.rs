//! Calls to WeChat Pay: signed JSON there, signed JSON back.

use std::time::SystemTime;

use bankapi::RsaSigningKey;
use money::time::unix_ms;
use reqwest::{Client, Method};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::prepaid::{self, PrepaidDocument, PrepaidSigner};
use super::refund_document::{RefundDocument, out_refund_no};
use super::signature::{PUBLIC_KEY_ID, SignatureHeaders, request_text};
use super::transaction::TransactionDocument;
use crate::config::WechatAccount;
use crate::domain::Purchase;
use crate::orders::order::Order;
use crate::refund_orders::order::RefundOrder;
use crate::stores::billing::DOWNLOAD_TIMEOUT;
use crate::stores::wallet::{self, ANSWER_BYTES_MAX, Error, Naming, proving::ProvingKey, shown};

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WechatFault {
    /// WeChat Pay did nothing, for this reason.
    #[error("{message}")]
    Refused {
        /// Its code.
        code: ErrorCode,
        /// Its code and words.
        message: String,
    },
    /// It is not known whether anything was done, or nothing was done for now: ask again later.
    #[error("{0}")]
    Later(String),
}

/// The codes of refusals from which something follows here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// There is no such order.
    OrderNotExist,
    /// The same, as older interfaces write it.
    Ordernotexist,
    /// It was paid before.
    Orderpaid,
    /// It was closed before.
    OrderClosed,
    /// The id was used for another order.
    OutTradeNoUsed,
    /// The merchant lacks a permission.
    NoAuth,
    /// Our signature is wrong.
    SignError,
    /// It is broken for now.
    SystemError,
    /// There is no bill of that day.
    NoStatementExist,
    /// The bill of that day is being made.
    StatementCreating,
    /// There is no such refund.
    ResourceNotExists,
    /// Our money there is not enough for a refund.
    NotEnough,
    /// Too many requests.
    FrequencyLimited,
    /// Too many requests, in the words of older interfaces.
    RatelimitExceeded,
    /// Any other, or none.
    #[default]
    #[serde(other)]
    Other,
}

/// The client of one merchant.
#[derive(Debug)]
pub(crate) struct WechatApi {
    client: Client,
    url: String,
    mchid: String,
    appid: String,
    notify_url: String,
    certificate_serial: String,
    key: RsaSigningKey,
    platform_keys: Vec<ProvingKey>,
}

#[derive(Debug, Default, Deserialize)]
struct ErrorDocument {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl WechatApi {
    pub(super) fn new(
        account: &WechatAccount,
        key: RsaSigningKey,
        platform_keys: Vec<ProvingKey>,
        naming: Naming<'_>,
    ) -> Result<Self, Error> {
        Ok(Self {
            client: naming.client(&account.api_url, account.ca_file.as_deref())?,
            url: account.api_url.trim_end_matches('/').to_owned(),
            mchid: account.mchid.clone(),
            appid: account.appid.clone(),
            notify_url: account.notify_url.clone(),
            certificate_serial: account.certificate_serial.clone(),
            key,
            platform_keys,
        })
    }

    /// Makes an order, or finds the one that was made before under this id; what its buyer needs to pay it.
    pub(super) async fn order(&self, order: &Order) -> Result<String, WechatFault> {
        let body = json!({
            "appid": self.appid,
            "mchid": self.mchid,
            "description": wallet::subject(&order.value),
            "out_trade_no": wallet::out_trade_no(order.order_id),
            "time_expire": wallet::beijing_rfc3339(order.expires_at_ms),
            "notify_url": self.notify_url,
            "amount": {"total": order.value.price.minor_units(), "currency": order.value.price.currency().code()},
        });
        let how = prepaid::path(order.paying.method).ok_or_else(|| WechatFault::Later("an order that can't be paid so".to_owned()))?;
        let body = prepaid::with_buyer(body, order).to_string();
        let prepaid: PrepaidDocument = read(&self.send(Method::POST, &format!("/v3/pay/transactions/{how}"), body).await?)?;
        let now_s = unix_ms(SystemTime::now()) / 1_000;
        let signer = PrepaidSigner { key: &self.key, appid: &self.appid, mchid: &self.mchid, now_s };
        prepaid.for_buyer(order, signer).map_err(WechatFault::Later)
    }

    /// The transaction of an order.
    pub(super) async fn query(&self, out_trade_no: &str) -> Result<TransactionDocument, WechatFault> {
        let path = format!("/v3/pay/transactions/out-trade-no/{out_trade_no}?mchid={}", self.mchid);
        let transaction: TransactionDocument = read(&self.send(Method::GET, &path, String::new()).await?)?;
        let is_of_it = transaction.out_trade_no == out_trade_no;
        if is_of_it { Ok(transaction) } else { Err(WechatFault::Later("an answer about another transaction".to_owned())) }
    }

    /// Ends an order unpaid.
    pub(super) async fn close(&self, out_trade_no: &str) -> Result<(), WechatFault> {
        let path = format!("/v3/pay/transactions/out-trade-no/{out_trade_no}/close");
        self.send(Method::POST, &path, json!({ "mchid": self.mchid }).to_string()).await.map(drop)
    }

    /// Pays back, or finds what was paid back before under this id.
    pub(super) async fn refund(&self, order: &RefundOrder, of: &Purchase) -> Result<RefundDocument, WechatFault> {
        let (price, amount) = (of.value.price, order.amount);
        let body = json!({
            "transaction_id": of.transaction_id,
            "out_refund_no": out_refund_no(order),
            "notify_url": self.notify_url,
            "amount": {"refund": amount.minor_units(), "total": price.minor_units(), "currency": price.currency().code()},
        });
        self.about_refund(&out_refund_no(order), self.send(Method::POST, "/v3/refund/domestic/refunds", body.to_string()).await?)
    }

    /// The refund of this id of ours.
    pub(super) async fn refund_of(&self, out_refund_no: &str) -> Result<RefundDocument, WechatFault> {
        let path = format!("/v3/refund/domestic/refunds/{out_refund_no}");
        self.about_refund(out_refund_no, self.send(Method::GET, &path, String::new()).await?)
    }

    fn about_refund(&self, out_refund_no: &str, answer: Vec<u8>) -> Result<RefundDocument, WechatFault> {
        let refund: RefundDocument = read(&answer)?;
        let is_of_it = refund.out_refund_no == out_refund_no;
        if is_of_it { Ok(refund) } else { Err(WechatFault::Later("an answer about another refund".to_owned())) }
    }

    /// What this path answers, with its query.
    pub(super) async fn get(&self, path: &str) -> Result<Vec<u8>, WechatFault> {
        self.send(Method::GET, path, String::new()).await
    }

    /// A file at an address that a signed answer named, at most `bytes_max` long. Nothing signs it: its hash is to be compared.
    pub(super) async fn download(&self, address: &str, bytes_max: usize) -> Result<Vec<u8>, WechatFault> {
        let later = |why: String| WechatFault::Later(why);
        // We sign the request, and nobody else may have that.
        let path = address.strip_prefix(&self.url).filter(|path| path.starts_with("/v3/billdownload/") && money::text::is_plain(path));
        let path = path.ok_or_else(|| later("the file is at an address that is not WeChat Pay's".to_owned()))?;
        let authorization = self.authorization(&Method::GET, path, "").map_err(later)?;
        let request = self.client.get(address).header("authorization", authorization).header("user-agent", "largesse");
        let answer = request.timeout(DOWNLOAD_TIMEOUT).send().await.map_err(|error| later(error.without_url().to_string()))?;
        let status = answer.status().as_u16();
        let body = http_client::read(answer, bytes_max).await.map_err(|error| later(error.to_string()))?;
        if status == 200 { Ok(body.to_vec()) } else { Err(later(format!("the download answered {status}"))) }
    }

    /// The public key by which answers are wanted; `None`: they are signed by a certificate. WeChat Pay signs by the public key only what was asked so
    /// (pay.weixin.qq.com, "Changing from platform certificates to the public key").
    fn wanted_serial(&self) -> Option<&str> {
        self.platform_keys.iter().map(ProvingKey::name).find(|name| name.starts_with(PUBLIC_KEY_ID))
    }

    fn authorization(&self, method: &Method, path: &str, body: &str) -> Result<String, String> {
        let (at_s, nonce) = (unix_ms(SystemTime::now()) / 1_000, Uuid::new_v4().simple().to_string());
        let signature = wallet::signed(&self.key, &request_text(method.as_str(), path, at_s, &nonce, body))?;
        let (mchid, serial) = (&self.mchid, &self.certificate_serial);
        Ok(format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"{mchid}\",nonce_str=\"{nonce}\",timestamp=\"{at_s}\",serial_no=\"{serial}\",signature=\"{signature}\""
        ))
    }

    /// What WeChat Pay answers, once its signature is checked: anybody in between could say that something was paid.
    async fn send(&self, method: Method, path: &str, body: String) -> Result<Vec<u8>, WechatFault> {
        let later = |why: String| WechatFault::Later(why);
        let authorization = self.authorization(&method, path, &body).map_err(later)?;
        let request = self.client.request(method, format!("{}{path}", self.url)).header("authorization", authorization);
        let request =
            request.header("accept", "application/json").header("content-type", "application/json").header("user-agent", "largesse");
        let request = self.wanted_serial().into_iter().fold(request, |request, serial| request.header("wechatpay-serial", serial));
        let answer = request.body(body).send().await.map_err(|error| later(error.without_url().to_string()))?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = http_client::read(answer, ANSWER_BYTES_MAX).await.map_err(|error| later(error.to_string()))?;
        if matches!(status, 200 | 204 | 400 | 403 | 404) {
            let now_s = unix_ms(SystemTime::now()) / 1_000;
            let checked = SignatureHeaders::read(&headers).and_then(|headers| headers.check(&self.platform_keys, &body, now_s));
            checked.map_err(|why| later(format!("an answer {status} that nothing proves: {why}")))?;
        }
        if matches!(status, 200 | 204) {
            return Ok(body.to_vec());
        }
        Err(fault(status, &serde_json::from_slice(&body).unwrap_or_default()))
    }
}

fn read<T: for<'a> Deserialize<'a>>(body: &[u8]) -> Result<T, WechatFault> {
    serde_json::from_slice(body).map_err(|error| WechatFault::Later(format!("an answer that can't be read: {error}")))
}

/// What a status and a code prove: a refused request that nothing was done; our wrong signature or missing permission that nothing was done for now, and that the
/// operator has to act; the rest nothing.
fn fault(status: u16, error: &ErrorDocument) -> WechatFault {
    let code: ErrorCode = serde_json::from_value(error.code.as_str().into()).unwrap_or_default();
    let message = format!("{}: {}", shown(&error.code), shown(&error.message));
    let for_now = matches!(
        code,
        ErrorCode::NoAuth
            | ErrorCode::SignError
            | ErrorCode::SystemError
            | ErrorCode::StatementCreating
            | ErrorCode::NotEnough
            | ErrorCode::FrequencyLimited
            | ErrorCode::RatelimitExceeded
    );
    if matches!(status, 400 | 403 | 404) && !for_now && !error.code.is_empty() {
        return WechatFault::Refused { code, message };
    }
    WechatFault::Later(format!("WeChat Pay answered {status} {message}"))
}

#[cfg(test)]
mod tests;
