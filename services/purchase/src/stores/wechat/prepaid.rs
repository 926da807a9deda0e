//! What WeChat Pay answers to an order, by how it is paid, and what our app or page gives to the wallet with it
//! (pay.weixin.qq.com, "JSAPI", "APP" and "H5", as of November 2026).

use bankapi::RsaSigningKey;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::orders::order::Order;
use crate::orders::paying::PayMethod;
use crate::stores::wallet;

/// Longest answer to an order that is taken, in bytes.
const ANSWER_BYTES_MAX: usize = 512;

/// What an order is answered with: one of them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PrepaidDocument {
    code_url: String,
    h5_url: String,
    prepay_id: String,
}

/// The end of the path at which an order is made that is paid so; `None`: it can't be paid so.
pub(super) fn path(method: PayMethod) -> Option<&'static str> {
    match method {
        PayMethod::Usual | PayMethod::Code => Some("native"),
        PayMethod::PhonePage => Some("h5"),
        PayMethod::App => Some("app"),
        PayMethod::InWallet => Some("jsapi"),
        PayMethod::Page => None,
    }
}

/// What WeChat Pay must know of the buyer, put into the order.
pub(super) fn with_buyer(mut body: Value, order: &Order) -> Value {
    match order.paying.method {
        PayMethod::InWallet => body["payer"] = json!({ "openid": order.paying.payer_id }),
        PayMethod::PhonePage => {
            body["scene_info"] = json!({"payer_client_ip": order.paying.payer_address, "h5_info": {"type": "Wap"}});
        }
        PayMethod::Usual | PayMethod::Page | PayMethod::Code | PayMethod::App => {}
    }
    body
}

/// Who signs what is given to the wallet, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct PrepaidSigner<'a> {
    pub(super) key: &'a RsaSigningKey,
    pub(super) appid: &'a str,
    pub(super) mchid: &'a str,
    pub(super) now_s: i64,
}

impl PrepaidDocument {
    /// What the buyer needs: an address, the text of a code, or JSON for our app or page; or why the answer is not one of them.
    pub(super) fn for_buyer(&self, order: &Order, signer: PrepaidSigner<'_>) -> Result<String, String> {
        let is_plain = |text: &str| (1..=ANSWER_BYTES_MAX).contains(&text.len()) && money::text::is_plain(text);
        let is_address = |text: &str| is_plain(text) && text.contains("://");
        match order.paying.method {
            PayMethod::Usual | PayMethod::Code | PayMethod::Page if is_address(&self.code_url) => Ok(self.code_url.clone()),
            PayMethod::PhonePage if is_address(&self.h5_url) => {
                let mut url = reqwest::Url::parse(&self.h5_url).map_err(|_| "an answer without an address".to_owned())?;
                // Where the browser goes on, paid or not.
                url.query_pairs_mut().append_pair("redirect_url", &order.success_url);
                Ok(url.into())
            }
            PayMethod::InWallet if is_plain(&self.prepay_id) => self.in_wallet(signer),
            PayMethod::App if is_plain(&self.prepay_id) => self.in_app(signer),
            _ => Err("an answer without what the buyer needs".to_owned()),
        }
    }

    fn in_wallet(&self, signer: PrepaidSigner<'_>) -> Result<String, String> {
        let (nonce, at, package) = (nonce(), signer.now_s.to_string(), format!("prepay_id={}", self.prepay_id));
        let sign = wallet::signed(signer.key, &signed_text(&[signer.appid, &at, &nonce, &package]))?;
        let parameters =
            json!({"appId": signer.appid, "timeStamp": at, "nonceStr": nonce, "package": package, "signType": "RSA", "paySign": sign});
        Ok(parameters.to_string())
    }

    fn in_app(&self, signer: PrepaidSigner<'_>) -> Result<String, String> {
        let (nonce, at) = (nonce(), signer.now_s.to_string());
        let sign = wallet::signed(signer.key, &signed_text(&[signer.appid, &at, &nonce, &self.prepay_id]))?;
        let parameters = json!({
            "appid": signer.appid, "partnerid": signer.mchid, "prepayid": self.prepay_id, "package": "Sign=WXPay", "noncestr": nonce,
            "timestamp": at, "sign": sign,
        });
        Ok(parameters.to_string())
    }
}

fn nonce() -> String {
    Uuid::new_v4().simple().to_string()
}

/// The text that is signed for the wallet: each part in a line of its own.
#[must_use]
pub fn signed_text(parts: &[&str]) -> String {
    parts.iter().map(|part| format!("{part}\n")).collect()
}
