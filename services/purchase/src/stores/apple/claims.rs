//! What a receipt claims to be, as far as it can be read: to show people which one was refused. Nothing is decided by it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::RECEIPT_BYTES_MAX;
use crate::stores::ID_BYTES_MAX;

/// Claims, each empty where the receipt does not make it or has it in a form that can't be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReceiptClaims {
    /// The store's environment.
    pub environment: String,
    /// The app.
    pub bundle_id: String,
    /// The store's id of the transaction.
    pub transaction_id: String,
    /// What was bought.
    pub product_id: String,
}

/// The claims of a compact JWS, as an object; empty if there are none.
fn object(jws: &str) -> Map<String, Value> {
    if jws.len() <= RECEIPT_BYTES_MAX { of(jws) } else { Map::new() }
}

/// The same of one whose length was checked before.
pub(super) fn of(jws: &str) -> Map<String, Value> {
    let payload = jws.split('.').nth(1).unwrap_or_default();
    let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// The token that a receipt carries, as we write tokens; empty without one.
pub(super) fn account_token(jws: &str) -> String {
    let claims = object(jws);
    let token = claims.get("appAccountToken").and_then(Value::as_str).and_then(|text| Uuid::try_parse(text).ok());
    token.map_or_else(String::new, |token| token.hyphenated().to_string())
}

/// The download of the app that a receipt was bought in, or an app's transaction is about; empty without one.
pub(crate) fn app_transaction(jws: &str) -> String {
    let claims = object(jws);
    let text = claims.get("appTransactionId").and_then(Value::as_str).unwrap_or_default();
    if text.len() <= ID_BYTES_MAX && money::text::is_plain(text) { text.to_owned() } else { String::new() }
}

/// Reads the claims of a compact JWS.
#[must_use]
pub fn read(jws: &str) -> ReceiptClaims {
    let claims = object(jws);
    let claim = |name: &str| {
        let text = claims.get(name).and_then(Value::as_str).unwrap_or_default();
        // PostgreSQL can't store a NUL, and a terminal should not be sent control characters.
        let shown = text.len() <= ID_BYTES_MAX && money::text::is_plain(text);
        if shown { text.to_owned() } else { String::new() }
    };
    ReceiptClaims {
        environment: claim("environment"),
        bundle_id: claim("bundleId"),
        transaction_id: claim("transactionId"),
        product_id: claim("productId"),
    }
}

#[cfg(test)]
mod tests;
