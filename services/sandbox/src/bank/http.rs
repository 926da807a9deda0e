//! The bank's HTTP side, including answers that are lost on purpose.

mod commands;
mod recalls;

use super::{
    FINALITY_HEADER,
    books::read_account,
    clock::{moment, now_ms},
    desk::{DeskError, PaymentDesk},
    line::ConnectionCutter,
    page,
    payees::{PayeeVerification, PayeeVerified},
    payments::Delivery,
    rails::day_of,
    status::{group_rejected, not_found},
    trace,
};
use crate::page::{self as root, Endpoint};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{ConnectInfo, DefaultBodyLimit, Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use iso20022::{pain001::Initiation, pain002::StatusReport, xml::DOCUMENT_BYTES_MAX};
use money::Currency;
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
    /// The bank has no such thing.
    Unknown(&'static str),
    /// What is asked for contradicts the books; nothing was booked.
    Conflict(&'static str),
    /// The answer could not be written as a message.
    Message(iso20022::Error),
}

impl From<sqlx::Error> for BankFailure {
    fn from(error: sqlx::Error) -> Self {
        Self::Books(error)
    }
}

impl From<DeskError> for BankFailure {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Books(error) => Self::Books(error),
            DeskError::Message(error) => Self::Message(error),
        }
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
            Self::Unknown(what) => (StatusCode::NOT_FOUND, what).into_response(),
            Self::Conflict(why) => (StatusCode::CONFLICT, why).into_response(),
            Self::NotFound => (StatusCode::NOT_FOUND, "no account in such a currency; / lists what there is\n").into_response(),
        }
    }
}

/// Everything that is answered, besides the page that lists it.
const ENDPOINTS: [Endpoint<BankRoutes>; 13] = [
    Endpoint {
        method: "POST",
        path: "/payments",
        effect: "Takes payments, pain.001.001.09; answers pain.002.001.10, and the same again for an EndToEndId that it has",
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
        method: "POST",
        path: "/payments/{end_to_end_id}/returns",
        effect: "Gives an executed payment back, all that is left or minor_units of it, less a charge that is kept back; 204, or 409 if less is left",
        example: r#"/payments/E2E-1/returns -H 'content-type: application/json' -d '{"code": "AC04", "minor_units": 2, "charge": 1}'"#,
        answered_by: || post(commands::give_back),
    },
    Endpoint {
        method: "GET",
        path: "/statements/{currency}",
        effect: "Writes the statement since the account was opened, camt.053.001.08: its newest 10,000 bookings, or with ?after=N the first after \
                 the booking of that number",
        example: "/statements/USD",
        answered_by: || get(statement),
    },
    Endpoint {
        method: "GET",
        path: "/statements/{currency}/last-day",
        effect: "Writes the statement of the last day with bookings that is over, camt.053.001.08: the same bytes however often; 204 if there is none",
        example: "/statements/USD/last-day",
        answered_by: || get(last_day),
    },
    Endpoint {
        method: "POST",
        path: "/statements/{currency}/faults",
        effect: "Makes a mistake in the books: duplicate_debit or wrong_amount of an end_to_end_id, unknown_credit or unknown_debit of minor_units; \
                 or shows batches without their transactions (bare_batches) or with them again (full_batches); 204",
        example: r#"/statements/USD/faults -H 'content-type: application/json' -d '{"fault": "unknown_credit", "minor_units": 4990}'"#,
        answered_by: || post(commands::make_fault),
    },
    Endpoint {
        method: "POST",
        path: "/recalls",
        effect: "Asks for payments back, camt.055.001.08; answers camt.029.001.09 that says pending",
        example: "/recalls --data-binary @recall.xml",
        answered_by: || post(recalls::recall),
    },
    Endpoint {
        method: "GET",
        path: "/recalls/{assignment_id}",
        effect: "Tells what became of a recall, camt.029.001.09; with 404 if there is no such recall",
        example: "/recalls/R-1",
        answered_by: || get(recalls::ask),
    },
    Endpoint {
        method: "POST",
        path: "/callbacks",
        effect: "Registers a receiver, which gets pain.002, camt.054 and camt.029 by POST, signed (headers key-id and signature), until it answers \
                 2xx; one with a name replaces the receiver of that name; 204",
        example: r#"/callbacks -H 'content-type: application/json' -d '{"url": "http://127.0.0.1:9/bank"}'"#,
        answered_by: || post(recalls::register),
    },
    Endpoint {
        method: "GET",
        path: "/public-keys",
        effect: "Lists the public keys of callbacks, a JWK set",
        example: "/public-keys",
        answered_by: || get(recalls::public_keys),
    },
    Endpoint {
        method: "POST",
        path: "/payee-verifications",
        effect: "Says whether an account is the party's, JSON as in the EPC's Verification of Payee; Sandbox vop:close NAME, vop:none, \
                 vop:unknown and vop:silent as the party's name choose the answer, else it matches",
        example: r#"/payee-verifications -H 'content-type: application/json' -d '{"party": {"name": "Ana"}, "partyAccount": {"iban": "DE89"}}'"#,
        answered_by: || post(verify_payee),
    },
    Endpoint {
        method: "POST",
        path: "/deposits",
        effect: "Pays in money from elsewhere, once per reference; 204",
        example: r#"/deposits -H 'content-type: application/json' -d '{"currency": "USD", "minor_units": 4990, "reference": "store 1"}'"#,
        answered_by: || post(commands::deposit),
    },
    Endpoint {
        method: "POST",
        path: "/scenarios",
        effect: "Chooses what happens to a payment (end_to_end_id) or to payments to an account (account; * for any), always or so many times; 204. \
                 Behaviours with a code need `code`, those with an amount `minor_units`; `late` and returns take delay_ms",
        example: r#"/scenarios -H 'content-type: application/json' -d '{"account": "4400005678", "behaviour": "reject", "code": "AC04", "times": 1}'"#,
        answered_by: || post(commands::set_scenario),
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
        Delivery::AfterCallbacks(about) => bank.desk.mailbox().delivered(&about, bank.desk.late_answer()).await?,
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
        None => answer(&bank, StatusCode::NOT_FOUND, &not_found(&end_to_end_id, now_ms)),
    }
}

async fn verify_payee(
    State(bank): State<BankRoutes>,
    ConnectInfo(line): ConnectInfo<ConnectionCutter>,
    Json(asked): Json<PayeeVerification>,
) -> Result<Json<PayeeVerified>, BankFailure> {
    if !asked.names_an_account() {
        return Err(BankFailure::Request("partyAccount must name one account, by iban or other"));
    }
    match asked.answer() {
        Some(verified) => Ok(Json(verified)),
        None => {
            bank.shutdown.cancelled().await;
            line.cut();
            Err(BankFailure::Unknown("no answer was to be given\n"))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatementQuery {
    after: Option<i64>,
}

async fn statement(
    State(bank): State<BankRoutes>,
    Path(code): Path<String>,
    Query(query): Query<StatementQuery>,
) -> Result<Response, BankFailure> {
    let currency = Currency::try_new(&code).map_err(|_| BankFailure::NotFound)?;
    let account = read_account(bank.desk.books(), currency, query.after).await?.ok_or(BankFailure::NotFound)?;
    let statement = super::statement::statement(currency, &account, query.after.is_some(), now_ms());
    Ok(([(header::CONTENT_TYPE, "application/xml")], statement.write()?).into_response())
}

async fn last_day(State(bank): State<BankRoutes>, Path(code): Path<String>) -> Result<Response, BankFailure> {
    let currency = Currency::try_new(&code).map_err(|_| BankFailure::NotFound)?;
    let account = read_account(bank.desk.books(), currency, None).await?.ok_or(BankFailure::NotFound)?;
    let today = day_of(currency, moment(now_ms()));
    match super::statement::last_day(currency, &account, today) {
        Some(statement) => Ok(([(header::CONTENT_TYPE, "application/xml")], statement.write()?).into_response()),
        None => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}
