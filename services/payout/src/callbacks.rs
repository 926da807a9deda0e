//! Callbacks of banks at `/webhooks/bank/<name>`: checked, stored durably, then answered, and only then read.
//!
//! Evidence of a payment has ranks: a booked entry of a statement, then the bank's answer to our own question, then a callback, then the first answer. A callback
//! therefore decides nothing about money, however well it is signed: it makes a payout or a recall due for a question at once, and announces returns. Whoever
//! could sign one could make us ask too early, and no more. So duplicates, disorder and lies are harmless.
//!
//! - [`reading`]: what a callback leads to. `registering`: pretend banks are told where their callbacks go. What proves them: [`crate::banks::proof`].

pub mod reading;
pub(crate) mod registering;

use crate::{
    banks::{Bank, proof::CallbackRefusal},
    payouts::Payouts,
};
use axum::{
    Router,
    extract::{ConnectInfo, Path, Request, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::post,
};
use money::time::unix_ms;
use ring::digest::{SHA256, digest};
use rpc::{ShownCertificate, webhooks};
use serde::Deserialize;
use std::{fmt::Write as _, sync::Arc, time::SystemTime};
use telemetry::LimitedLines;

/// Longest callback that is taken, in bytes: a notification of some hundred entries.
pub const CALLBACK_BYTES_MAX: usize = 512 * 1024;

/// Lines about refused callbacks, by bank: whoever sends them must not fill the log.
static LINES: LimitedLines = LimitedLines::new();

/// The routes of callbacks, for the listener of HTTP.
pub fn routes(payouts: Arc<Payouts>) -> Router {
    Router::new().route("/webhooks/bank/{bank}", post(receive)).with_state(payouts)
}

/// The part of the path that is read. By name: the listener's own routes, under which these are served, add parts to it.
#[derive(Deserialize)]
struct CallingBank {
    bank: String,
}

/// Answers 204 once the callback is durable; 401 to what is not proved to be from the bank, 404 for a bank that sends none, 413 to what is too long, and 503 where it could
/// not be checked or stored: the bank then sends it again.
async fn receive(State(payouts): State<Arc<Payouts>>, Path(CallingBank { bank: name }): Path<CallingBank>, request: Request) -> Response {
    let known =
        payouts.banks.all().iter().find(|bank| bank.name == name).and_then(|bank| bank.callbacks.as_ref().map(|check| (bank, check)));
    let Some((bank, check)) = known else { return (StatusCode::NOT_FOUND, "no callbacks are taken from such a bank\n").into_response() };
    let call = match webhooks::gather(request, CALLBACK_BYTES_MAX).await {
        Ok(call) => call,
        Err(refused) => return refused,
    };
    // Absent where the listener speaks no TLS.
    let shown = call.head.extensions.get::<ConnectInfo<ShownCertificate>>().map(|ConnectInfo(shown)| shown.clone()).unwrap_or_default();
    match check.check(call.headers(), shown, &call.body).await {
        Ok(said) => keep(&payouts, bank, &said).await.into_response(),
        Err(refusal) => refused(bank, &refusal, call.body.len()).into_response(),
    }
}

fn refused(bank: &Bank, refusal: &CallbackRefusal, bytes: usize) -> (StatusCode, &'static str) {
    if let CallbackRefusal::KeysUnavailable(why) = refusal {
        // Of a kind of its own: forged callbacks must not hide it.
        if let Some(left_out) = LINES.admit(&format!("{} keys", bank.name)) {
            tracing::warn!(
                bank = bank.name,
                why,
                left_out,
                "a callback can't be checked without the bank's keys; the bank has to send it again"
            );
        }
        return (StatusCode::SERVICE_UNAVAILABLE, "the keys can't be read now; nothing was taken, send it again\n");
    }
    if let Some(left_out) = LINES.admit(&bank.name) {
        tracing::warn!(bank = bank.name, %refusal, bytes, left_out, "a callback was refused; left_out more since the last such line");
    }
    (StatusCode::UNAUTHORIZED, "nothing proves that it is from this bank; nothing was taken\n")
}

/// Keeps what a bank said, once.
async fn keep(payouts: &Payouts, bank: &Bank, said: &[u8]) -> (StatusCode, &'static str) {
    let content = digest(&SHA256, said).as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    match payouts.store.keep_callback(&payouts.vault, &bank.name, &content, said, unix_ms(SystemTime::now())).await {
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
