//! The endpoints that both pretend wallets have beside their interfaces.

use super::{
    Desk,
    commands::WalletCommand,
    report::{self, ReportRegistration},
};
use crate::page::{self, Endpoint};
use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post, put},
};

/// Maximum size of a request; an order has a kilobyte or two.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// What both answer beside their interfaces.
const ENDPOINTS: [Endpoint<Desk>; 3] = [
    Endpoint {
        method: "PUT",
        path: "/webhook",
        effect: "Registers where reports go, and how the deliveries go wrong; 204",
        example: r#"/webhook -X PUT -d '{"url": "http://127.0.0.1:7071/webhooks/store/STORE"}'"#,
        answered_by: || put(register),
    },
    Endpoint {
        method: "POST",
        path: "/commands",
        effect: "Has the buyer pay (pay), the trade be closed or finished, what was paid be refunded (refund, refund_abnormal, refund_closed; those that the seller asks for as refunds_become says, then refund_settled, refund_called_off, refund_stuck), queries say something else (say), an event be reported again (repeat), another key sign (rotate, key_mode), requests fail (fault), money go to the seller's bank (withdraw), the day be over for its bill (close_day), and bills be wrong (bill)",
        example: r#"/commands -d '{"command": "pay", "trade": "ID"}'"#,
        answered_by: || post(command),
    },
    Endpoint {
        method: "GET",
        path: "/events",
        effect: "What happened, newest first, as JSON",
        example: "/events",
        answered_by: || get(events),
    },
];

/// Every route, and the page that names them as they are reached at `address`; `own` are those of the interface.
pub fn router(introduction: &str, address: &str, own: Vec<Endpoint<Desk>>, desk: Desk) -> Router {
    let endpoints: Vec<Endpoint<Desk>> = own.into_iter().chain(ENDPOINTS).collect();
    let page = introduction.to_owned() + &page::list(&endpoints, address);
    page::router(&endpoints, page).layer(DefaultBodyLimit::max(BODY_BYTES_MAX)).with_state(desk)
}

pub fn broken(error: &sqlx::Error) -> Response {
    tracing::error!(%error, "a pretend wallet can't use its tables");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

pub fn json(status: u16, body: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn register(State(desk): State<Desk>, body: Bytes) -> Response {
    let read = serde_json::from_slice::<ReportRegistration>(&body).ok().filter(ReportRegistration::is_callable);
    let Some(registration) = read else {
        return (StatusCode::BAD_REQUEST, "url (http://), copies, reversed, dropped, held; nothing was registered\n").into_response();
    };
    match report::register(&desk, &registration).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => broken(&error),
    }
}

async fn command(State(desk): State<Desk>, body: Bytes) -> Response {
    let Ok(asked) = serde_json::from_slice::<WalletCommand>(&body) else {
        return (StatusCode::BAD_REQUEST, "not a command; nothing was done\n").into_response();
    };
    match desk.command(&asked).await {
        Ok(Ok(trade)) => json(200, trade.to_string()),
        Ok(Err(why)) => (StatusCode::CONFLICT, format!("{why}; nothing was done\n")).into_response(),
        Err(error) => broken(&error),
    }
}

async fn events(State(desk): State<Desk>) -> Response {
    match desk.store.events().await {
        Ok(events) => json(200, serde_json::Value::from(events).to_string()),
        Err(error) => broken(&error),
    }
}
