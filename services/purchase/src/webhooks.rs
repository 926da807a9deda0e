//! Notifications of stores at `/webhooks/store/<name>`: checked, stored durably, then answered, and only then read.

use crate::domain::StoreKind;
use crate::purchases::Purchases;
use crate::stores::NotTaken;
use crate::stores::alipay;
use crate::stores::apple::notification::NOTIFICATION_BYTES_MAX;
use crate::stores::stripe::event::EVENT_BYTES_MAX;
use axum::{
    Router,
    extract::{Path, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::post,
};
use rpc::webhooks;
use serde::Deserialize;
use std::{sync::Arc, time::SystemTime};
use telemetry::LimitedLines;

/// Longest body that is taken, in bytes: a notification, and what wraps it.
pub const BODY_BYTES_MAX: usize = if EVENT_BYTES_MAX > NOTIFICATION_BYTES_MAX { EVENT_BYTES_MAX } else { NOTIFICATION_BYTES_MAX } + 1024;

/// Lines about refused notifications, by store: whoever sends them must not fill the log.
static LINES: LimitedLines = LimitedLines::new();

/// The routes of notifications, for the listener of HTTP.
pub fn routes(purchases: Arc<Purchases>) -> Router {
    Router::new().route("/webhooks/store/{store}", post(receive)).with_state(purchases)
}

/// The part of the path that is read. By name: the listener's own routes, under which these are served, add parts to it.
#[derive(Deserialize)]
struct ReportingStore {
    store: String,
}

/// Answers once the notification is durable, also if it was delivered before; 400 to what is none, 401 to what is not proved to be from the store and about an
/// app of ours, 404 for a store that is not served, 413 to what is too long, and 503 where it could not be stored: the store then sends it again.
async fn receive(
    State(purchases): State<Arc<Purchases>>,
    Path(ReportingStore { store: name }): Path<ReportingStore>,
    request: Request,
) -> Response {
    let Some(store) = StoreKind::from_name(&name) else {
        return (StatusCode::NOT_FOUND, "no notifications of such a store are taken\n").into_response();
    };
    let call = match webhooks::gather(request, BODY_BYTES_MAX).await {
        Ok(call) => call,
        Err(refused) => return refused,
    };
    match purchases.take_in(store, call.headers(), &call.body, SystemTime::now()).await {
        Ok(_) => taken(store),
        Err(NotTaken::Malformed) => not_taken(store, StatusCode::BAD_REQUEST, "not a notification; nothing was taken"),
        Err(NotTaken::Refused(refused)) => {
            if let Some(left_out) = LINES.admit(store.as_str()) {
                let (reason, why) = (refused.refusal.reason(), refused.message);
                tracing::warn!(
                    store = store.as_str(),
                    reason,
                    why,
                    left_out,
                    "a notification was refused; left_out more since the last such line"
                );
            }
            let message = "nothing proves that it is from this store, about an app of ours; nothing was taken";
            not_taken(store, StatusCode::UNAUTHORIZED, message)
        }
        Err(NotTaken::Later(why)) => {
            if let Some(left_out) = LINES.admit(&format!("{} later", store.as_str())) {
                tracing::error!(
                    store = store.as_str(),
                    why,
                    left_out,
                    "a notification could not be stored; the store has to send it again"
                );
            }
            not_taken(store, StatusCode::SERVICE_UNAVAILABLE, "it could not be stored; send it again")
        }
    }
}

/// What ends a store's deliveries: for all but one the status alone.
fn taken(store: StoreKind) -> Response {
    let body = if store == StoreKind::Alipay { alipay::notification::TAKEN } else { "" };
    (StatusCode::OK, body).into_response()
}

/// What has a store send it again, in its words.
fn not_taken(store: StoreKind, status: StatusCode, message: &str) -> Response {
    match store {
        StoreKind::Wechat => {
            let body = serde_json::json!({"code": "FAIL", "message": message}).to_string();
            (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
        _ => (status, format!("{message}\n")).into_response(),
    }
}
