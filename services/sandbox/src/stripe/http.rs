//! The card processor's HTTP side.

use super::{
    Desk,
    api::{StripeAnswer, StripeRequest, error, is_authorized},
    command::StripeCommand,
    commands::FAULTS,
    objects::Form,
    webhook::{SETTING, WebhookRegistration},
};
use crate::{
    bank::line::ConnectionCutter,
    page::{self, Endpoint},
};
use axum::{
    Router,
    body::Bytes,
    extract::{ConnectInfo, DefaultBodyLimit, Path, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
    routing::{any, get, post, put},
};
use std::fmt::Display;

/// Maximum size of a request; a session's form has a kilobyte or two.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Everything that is answered, besides the page that lists it.
const ENDPOINTS: [Endpoint<Desk>; 4] = [
    Endpoint {
        method: "GET, POST",
        path: "/v1/{*path}",
        effect: "Stripe's interface: checkout/sessions (make, get, list, expire), payment_intents, refunds, events, balance_transactions, payouts; forms, and JSON back",
        example: "/v1/checkout/sessions -u sk_test_largesse_sandbox:",
        answered_by: || any(api),
    },
    Endpoint {
        method: "PUT",
        path: "/webhook",
        effect: "Registers where events go, with which secrets they are signed, and how the deliveries go wrong; 204",
        example: r#"/webhook -X PUT -d '{"url": "http://127.0.0.1:7071/webhooks/store/stripe"}'"#,
        answered_by: || put(register),
    },
    Endpoint {
        method: "POST",
        path: "/commands",
        effect: "Has the buyer pay (pay, pay_late then settle or fail_late, fail), the session expire, the payment be refunded (refund, refund_pending, refund_settled, refund_failed, refunds_become) or disputed (inquire, dispute, dispute_won, dispute_lost, warn), payments be paid out (pay_out, move_payout), an event be repeated, keys be forgotten, and requests fail (fault)",
        example: r#"/commands -d '{"command": "pay", "session": "cs_test_..."}'"#,
        answered_by: || post(command),
    },
    Endpoint {
        method: "GET",
        path: "/pay/{session}",
        effect: "The page that a buyer is sent to; it says how to pay",
        example: "/pay/cs_test_...",
        answered_by: || get(pay_page),
    },
];

fn introduction() -> String {
    format!(
        "The pretend card processor, for TEST books only. It speaks Stripe's HTTP interface, with the key {} as Bearer or Basic.\n\n\
         Faults of requests (POST /commands, \"command\": \"fault\"): {}.\n\n",
        super::TEST_KEY,
        FAULTS.join(", ")
    )
}

/// Every route, and the page that names them as they are reached at `address`.
pub fn router(address: &impl Display, desk: Desk) -> Router {
    let page = introduction() + &page::list(&ENDPOINTS, address);
    page::router(&ENDPOINTS, page).layer(DefaultBodyLimit::max(BODY_BYTES_MAX)).with_state(desk)
}

/// The fields of a form or a query.
fn fields(text: &str) -> Form {
    let url = reqwest::Url::parse(&format!("http://form/?{text}"));
    let mut form = Form::new();
    for (name, value) in url.iter().flat_map(|url| url.query_pairs()) {
        let is_more = name.ends_with("[]") && form.contains_key(&*name);
        let before = form.entry(name.into_owned()).or_default();
        *before = if is_more { format!("{before},{value}") } else { value.into_owned() };
    }
    form
}

fn shown((status, body): StripeAnswer) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

fn broken(error: &sqlx::Error) -> Response {
    tracing::error!(%error, "the sandbox's card processor can't use its tables");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

async fn api(
    State(desk): State<Desk>,
    ConnectInfo(line): ConnectInfo<ConnectionCutter>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if !is_authorized(text("authorization")) {
        return shown(error(401, "invalid_request_error", "", "Invalid API Key provided"));
    }
    let fault = match desk.take_fault().await {
        Ok(fault) => fault,
        Err(error) => return broken(&error),
    };
    match fault.as_str() {
        "down" => {
            line.cut();
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        "429" => return shown(error(429, "invalid_request_error", "rate_limit", "Too many requests")),
        "409" => return shown(error(409, "idempotency_error", "idempotency_key_in_use", "There is currently another in-progress request")),
        "500" => return shown(error(500, "api_error", "", "An error occurred")),
        _ => {}
    }
    let path = uri.path().split_once("/v1/").map_or("", |(_, path)| path);
    let is_post = method == Method::POST;
    let form = if is_post { String::from_utf8_lossy(&body).into_owned() } else { uri.query().unwrap_or_default().to_owned() };
    let key = text("idempotency-key").map(str::to_owned);
    match desk.answer(&StripeRequest { post: is_post, path, form: fields(&form), key }).await {
        Ok(answer) => {
            if fault == "cut" {
                line.cut();
            }
            shown(answer)
        }
        Err(error) => broken(&error),
    }
}

async fn register(State(desk): State<Desk>, body: Bytes) -> Response {
    let read = serde_json::from_slice::<WebhookRegistration>(&body).ok().filter(WebhookRegistration::is_callable);
    let Some(registration) = read else {
        return (StatusCode::BAD_REQUEST, "url (http://), secrets, copies, reversed, dropped, held; nothing was registered\n")
            .into_response();
    };
    match desk.store.set(SETTING, &serde_json::json!(registration).to_string()).await {
        Ok(()) => {
            desk.queued.notify_one();
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => broken(&error),
    }
}

async fn command(State(desk): State<Desk>, body: Bytes) -> Response {
    let Ok(asked) = serde_json::from_slice::<StripeCommand>(&body) else {
        return (StatusCode::BAD_REQUEST, "not a command; nothing was done\n").into_response();
    };
    match desk.command(&asked).await {
        Ok(Ok(object)) => shown((200, object)),
        Ok(Err(why)) => (StatusCode::CONFLICT, format!("{why}; nothing was done\n")).into_response(),
        Err(error) => broken(&error),
    }
}

async fn pay_page(Path(session): Path<String>) -> String {
    let session: String = session.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect();
    format!("to pay: curl .../commands -d '{{\"command\": \"pay\", \"session\": \"{session}\"}}'\n")
}
