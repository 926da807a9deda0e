//! Callbacks of banks at `/webhooks/bank/<name>`: checked, stored durably, then answered, and only then read.
//!
//! Evidence of a payment has ranks: a booked entry of a statement, then the bank's answer to our own question, then a callback, then the first answer. A callback
//! therefore decides nothing about money, however well it is signed: it makes a payout or a recall due for a question at once, and announces returns. Whoever
//! could sign one could make us ask too early, and no more. So duplicates, disorder and lies are harmless.
//!
//! - [`signatures`]: the keys of a bank, and what they signed. [`reading`]: what a callback leads to.

pub mod reading;
pub mod signatures;

use crate::payouts::Payouts;
use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, StatusCode},
    routing::post,
};
use money::time::unix_ms;
use ring::digest::{SHA256, digest};
use signatures::CallbackRefusal;
use std::{fmt::Write as _, sync::Arc, time::SystemTime};

/// Longest callback that is taken, in bytes: a notification of some hundred entries.
pub const CALLBACK_BYTES_MAX: usize = 512 * 1024;
/// The header with the id of the key.
const KEY_ID_HEADER: &str = "key-id";
/// The header with the signature.
const SIGNATURE_HEADER: &str = "signature";

/// The routes of callbacks, for the listener of HTTP.
pub fn routes(payouts: Arc<Payouts>) -> Router {
    Router::new().route("/webhooks/bank/{bank}", post(receive)).layer(DefaultBodyLimit::max(CALLBACK_BYTES_MAX)).with_state(payouts)
}

/// Answers 204 once the callback is durable; 401 to what the bank did not sign, 404 for a bank that sends none, 413 to what is too long, and 503 where it could
/// not be checked or stored: the bank then sends it again.
async fn receive(
    State(payouts): State<Arc<Payouts>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    let known = payouts.banks.all().iter().find(|bank| bank.name == name).and_then(|bank| bank.callbacks.as_ref().map(|keys| (bank, keys)));
    let Some((bank, keys)) = known else { return (StatusCode::NOT_FOUND, "no callbacks are taken from such a bank\n") };
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match keys.check(header(KEY_ID_HEADER), header(SIGNATURE_HEADER), &body).await {
        Ok(()) => {}
        Err(CallbackRefusal::KeysUnavailable(why)) => {
            tracing::warn!(bank = bank.name, why, "a callback can't be checked without the bank's keys; the bank has to send it again");
            return (StatusCode::SERVICE_UNAVAILABLE, "the keys can't be read now; nothing was taken, send it again\n");
        }
        Err(refusal) => {
            tracing::warn!(bank = bank.name, %refusal, bytes = body.len(), "a callback was refused");
            return (StatusCode::UNAUTHORIZED, "not signed by a known key of this bank; nothing was taken\n");
        }
    }
    let content = digest(&SHA256, &body).as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    match payouts.store.keep_callback(&payouts.vault, (&bank.name, &content), &body, unix_ms(SystemTime::now())).await {
        Ok(is_new) => {
            if is_new {
                payouts.news.notify_waiters();
            }
            (StatusCode::NO_CONTENT, "")
        }
        Err(error) => {
            tracing::error!(bank = bank.name, %error, "a callback could not be stored; the bank has to send it again");
            (StatusCode::SERVICE_UNAVAILABLE, "it could not be stored; send it again\n")
        }
    }
}
