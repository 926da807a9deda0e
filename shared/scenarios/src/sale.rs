//! A sale in the App Store that only its notification reports, as when the buyer's app ended before it could.
use crate::{addresses::SandboxAddresses, sending::ScenarioCall};
use serde_json::{Value, json};

/// What is sold, and to whom.
#[derive(Debug, Clone, Copy)]
pub struct PretendSale<'a> {
    /// The app's bundle id.
    pub app: &'a str,
    /// The product's id at the store.
    pub product: &'a str,
    /// The price in thousandths of the currency's unit.
    pub price: i64,
    /// ISO 4217 code.
    pub currency: &'a str,
    /// The token of the buyer's wallet.
    pub app_account_token: &'a str,
    /// A UUID of this sale: however often it is sent, it is one.
    pub request_id: &'a str,
}

impl PretendSale<'_> {
    /// The request that sells and reports it.
    #[must_use]
    pub fn call(&self, addresses: &SandboxAddresses) -> ScenarioCall {
        let Self { app, product, price, currency, app_account_token, request_id } = self;
        let purchase =
            json!({"bundle_id": app, "product_id": product, "price": price, "currency": currency, "app_account_token": app_account_token});
        let body = json!({
            "notification_type": "ONE_TIME_CHARGE",
            "notification_uuid": request_id,
            "transaction_id": transaction(request_id),
            "url": addresses.webhook("apple"),
            "purchase": purchase,
        });
        ScenarioCall::post(addresses.store("/apple/notifications"), body)
    }

    /// The transaction that the store answered.
    #[must_use]
    pub fn transaction(answer: &str) -> Option<String> {
        let answer: Value = serde_json::from_str(answer).ok()?;
        answer["transactionId"].as_str().map(str::to_owned)
    }
}

/// A decimal number, as Apple's are, made of the digits of the request.
fn transaction(request_id: &str) -> String {
    let digits = request_id
        .bytes()
        .filter_map(|byte| char::from(byte).to_digit(16))
        .fold(0_u64, |number, digit| number.wrapping_mul(16_777_619).wrapping_add(u64::from(digit) + 1));
    format!("2{digits:020}")
}
