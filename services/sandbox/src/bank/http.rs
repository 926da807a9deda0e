//! The bank's HTTP side, including answers that are lost on purpose.

use super::{
    FINALITY_HEADER,
    line::ConnectionCutter,
    page,
    payments::{Delivery, PaymentDesk, group_rejected, now_ms},
    scenario, trace,
};
use crate::page::{self as root, Endpoint};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{ConnectInfo, DefaultBodyLimit, Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use iso20022::{pain001::Initiation, pain002::StatusReport, xml::DOCUMENT_BYTES_MAX};
use money::{Currency, Money};
use serde::Deserialize;
use std::net::SocketAddr;
use tokio_util::sync::CancellationToken;

#[derive(Clone)]
struct BankRoutes {
    desk: PaymentDesk,
    shutdown: CancellationToken,
}

/// Why a request gets an error status.
enum BankFailure {
    /// The bank's books failed; the details are only logged.
    Books(sqlx::Error),
    /// The request is invalid.
    Request(&'static str),
    /// The bank has no account of ours in that currency.
    NotFound,
    /// The answer could not be written as a message.
    Message(iso20022::Error),
}

impl From<sqlx::Error> for BankFailure {
    fn from(error: sqlx::Error) -> Self {
        Self::Books(error)
    }
}

impl From<iso20022::Error> for BankFailure {
    fn from(error: iso20022::Error) -> Self {
        Self::Message(error)
    }
}

impl IntoResponse for BankFailure {
    fn into_response(self) -> Response {
        match self {
            Self::Books(error) => {
                tracing::error!(%error, "the sandbox bank can't use its books");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
            Self::Message(error) => {
                tracing::error!(%error, "the sandbox bank can't write its answer");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
            Self::Request(why) => (StatusCode::BAD_REQUEST, why).into_response(),
            Self::NotFound => (StatusCode::NOT_FOUND, "no account in such a currency; / lists what there is\n").into_response(),
        }
    }
}

/// Everything that is answered, besides the page that lists it.
const ENDPOINTS: [Endpoint<BankRoutes>; 5] = [
    Endpoint {
        method: "POST",
        path: "/payments",
        effect: "Takes a payment, pain.001.001.09; answers pain.002.001.10, and the same again for an EndToEndId that it has",
        example: "/payments --data-binary @payment.xml",
        answered_by: || post(pay),
    },
    Endpoint {
        method: "GET",
        path: "/payments/{end_to_end_id}",
        effect: "Tells a payment's status, pain.002.001.10; with 404 if there is no such payment",
        example: "/payments/E2E-1",
        answered_by: || get(ask),
    },
    Endpoint {
        method: "GET",
        path: "/statements/{currency}",
        effect: "Writes the statement since the account was opened, camt.053.001.08",
        example: "/statements/USD",
        answered_by: || get(statement),
    },
    Endpoint {
        method: "POST",
        path: "/deposits",
        effect: "Pays in money from elsewhere, once per reference; 204",
        example: r#"/deposits -H 'content-type: application/json' -d '{"currency": "USD", "minor_units": 4990, "reference": "store 1"}'"#,
        answered_by: || post(deposit),
    },
    Endpoint {
        method: "POST",
        path: "/scenarios",
        effect: "Chooses what happens to a payment (end_to_end_id) or to payments to an account (account), always or so many times; 204. \
                 `reject` and `reject_executed` need a code, `late` takes delay_ms",
        example: r#"/scenarios -H 'content-type: application/json' -d '{"account": "4400005678", "behaviour": "reject", "code": "AC04", "times": 1}'"#,
        answered_by: || post(set_scenario),
    },
];

/// Every route, and the page that names them as they are reached at `address`.
pub fn router(address: SocketAddr, desk: PaymentDesk, shutdown: CancellationToken) -> Router {
    root::router(&ENDPOINTS, page::introduction() + &root::list(&ENDPOINTS, address))
        .layer(DefaultBodyLimit::max(DOCUMENT_BYTES_MAX))
        .with_state(BankRoutes { desk, shutdown })
}

fn answer(bank: &BankRoutes, status: StatusCode, report: &StatusReport) -> Result<Response, BankFailure> {
    let window = bank.desk.finality_window().as_secs().to_string();
    let headers = [(header::CONTENT_TYPE.as_str(), "application/xml".to_owned()), (FINALITY_HEADER, window)];
    Ok((status, headers, report.write()?).into_response())
}

async fn pay(
    State(bank): State<BankRoutes>,
    ConnectInfo(line): ConnectInfo<ConnectionCutter>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, BankFailure> {
    let _span = trace::span(&headers, "bank pay");
    let now_ms = now_ms();
    let message = match Initiation::read(&body) {
        Ok(message) => message,
        Err(error) => {
            let report = group_rejected("NOTPROVIDED", "FF01", &error.to_string(), now_ms);
            return answer(&bank, StatusCode::BAD_REQUEST, &report);
        }
    };
    let (report, delivery) = bank.desk.pay(&message, now_ms).await?;
    match delivery {
        Delivery::Now => {}
        Delivery::Cut => line.cut(),
        Delivery::Garbage => return Ok((StatusCode::OK, "<html>It works!</html>").into_response()),
        Delivery::After(delay) => {
            tokio::select! {
                () = tokio::time::sleep(delay) => {}
                () = bank.shutdown.cancelled() => line.cut(),
            }
        }
        Delivery::Never => {
            bank.shutdown.cancelled().await;
            line.cut();
        }
    }
    answer(&bank, StatusCode::OK, &report)
}

async fn ask(State(bank): State<BankRoutes>, headers: HeaderMap, Path(end_to_end_id): Path<String>) -> Result<Response, BankFailure> {
    let _span = trace::span(&headers, "bank ask");
    let now_ms = now_ms();
    match bank.desk.ask(&end_to_end_id, now_ms).await? {
        Some(report) => answer(&bank, StatusCode::OK, &report),
        None => answer(&bank, StatusCode::NOT_FOUND, &PaymentDesk::not_found(&end_to_end_id, now_ms)),
    }
}

async fn statement(State(bank): State<BankRoutes>, Path(code): Path<String>) -> Result<Response, BankFailure> {
    let currency = Currency::try_new(&code).map_err(|_| BankFailure::NotFound)?;
    let statement = bank.desk.statement(currency, now_ms()).await?.ok_or(BankFailure::NotFound)?;
    Ok(([(header::CONTENT_TYPE, "application/xml")], statement.write()?).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DepositRequest {
    currency: String,
    minor_units: i64,
    reference: String,
}

async fn deposit(State(bank): State<BankRoutes>, Json(deposit): Json<DepositRequest>) -> Result<StatusCode, BankFailure> {
    let currency = Currency::try_new(&deposit.currency).map_err(|_| BankFailure::Request("currency must be an ISO 4217 code"))?;
    let amount = Money::try_new(currency, deposit.minor_units).map_err(|_| BankFailure::Request("minor_units must be 0 to 2^53"))?;
    let fits = (1..=200).contains(&deposit.reference.len()) && !deposit.reference.chars().any(char::is_control);
    if !fits || deposit.reference.trim() != deposit.reference {
        return Err(BankFailure::Request("reference must be 1 to 200 printable bytes without blank ends"));
    }
    let known = bank.desk.deposit(amount, &deposit.reference, now_ms()).await?;
    if known {
        return Ok(StatusCode::NO_CONTENT);
    }
    match bank.desk.statement(currency, now_ms()).await? {
        Some(_) => Err(BankFailure::Request("the account can't show more than 2^53 minor units")),
        None => Err(BankFailure::NotFound),
    }
}

async fn set_scenario(State(bank): State<BankRoutes>, Json(request): Json<scenario::ScenarioRequest>) -> Result<StatusCode, BankFailure> {
    let scenario = request.decode().ok_or(BankFailure::Request("one of end_to_end_id and account, and a known behaviour"))?;
    bank.desk.set_scenario(&scenario, now_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}
