//! The ACH bank's HTTP side.

use super::{
    desk::{AchDesk, UploadOutcome},
    details,
    fault::{ACH_FAULTS, AchFault, AchScenarioRequest, is_file_name},
};
use crate::{
    bank::line::ConnectionCutter,
    delivery::deliver,
    page::{self as root, Endpoint},
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{ConnectInfo, DefaultBodyLimit, Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{delete, get, post, put},
};
use bankfiles::nacha::FILE_BYTES_MAX;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt::Display;
use tokio_util::sync::CancellationToken;

#[derive(Clone)]
struct AchRoutes {
    desk: AchDesk,
    shutdown: CancellationToken,
}

/// Why a request gets an error status.
enum AchBankFailure {
    /// The bank's books failed; the details are only logged.
    Books(sqlx::Error),
    /// The statement can't be written.
    Message(iso20022::Error),
    /// The request is wrong, in words.
    Refused(StatusCode, &'static str),
}

impl From<sqlx::Error> for AchBankFailure {
    fn from(error: sqlx::Error) -> Self {
        Self::Books(error)
    }
}

impl From<iso20022::Error> for AchBankFailure {
    fn from(error: iso20022::Error) -> Self {
        Self::Message(error)
    }
}

impl IntoResponse for AchBankFailure {
    fn into_response(self) -> Response {
        match self {
            Self::Books(error) => {
                tracing::error!(%error, "the sandbox's ACH bank can't use its books");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
            Self::Message(error) => {
                tracing::error!(%error, "the sandbox's ACH bank can't write a statement");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
            Self::Refused(status, why) => (status, why).into_response(),
        }
    }
}

/// Everything that is answered, besides the page that lists it.
const ENDPOINTS: [Endpoint<AchRoutes>; 7] = [
    Endpoint {
        method: "PUT",
        path: "/files/{name}",
        effect: "Takes a NACHA file; 202 with its SHA-256. The same bytes again get the first answer, other bytes under the name 409",
        example: "/files/payouts-1.ach -X PUT --data-binary @payouts-1.ach",
        answered_by: || put(upload),
    },
    Endpoint {
        method: "GET",
        path: "/files/{name}/acknowledgement",
        effect: "Tells whether the file is accepted and when its batches settle, or every problem; 404 until there is an answer",
        example: "/files/payouts-1.ach/acknowledgement",
        answered_by: || get(acknowledgement),
    },
    Endpoint {
        method: "GET",
        path: "/returns",
        effect: "The oldest file of returns or notifications of change that is not confirmed, its name in the header file-name; 204 without",
        example: "/returns",
        answered_by: || get(returns),
    },
    Endpoint {
        method: "DELETE",
        path: "/returns/{name}",
        effect: "Confirms a file of /returns, so that the next one comes; 204",
        example: "/returns/returns-2026-11-27-1.ach -X DELETE",
        answered_by: || delete(confirm),
    },
    Endpoint {
        method: "GET",
        path: "/statements/USD",
        effect: "Writes the statement since the account was opened, camt.053.001.08; with ?details=true each debit lists its entries",
        example: "/statements/USD?details=true",
        answered_by: || get(statement),
    },
    Endpoint {
        method: "POST",
        path: "/clock",
        effect: "Moves the bank's clock forward: now, or advance_seconds; 204. GET /clock tells it",
        example: r#"/clock -H 'content-type: application/json' -d '{"advance_seconds": 86400}'"#,
        answered_by: || post(move_clock).get(clock),
    },
    Endpoint {
        method: "POST",
        path: "/scenarios",
        effect: "Chooses what happens to an upload of a name, or of any (*), always or so many times; 204",
        example: r#"/scenarios -H 'content-type: application/json' -d '{"file": "*", "behaviour": "cut_after_storing", "times": 1}'"#,
        answered_by: || post(set_scenario),
    },
];

fn introduction() -> String {
    let effect = |name: &str| AchFault::parse(name).map_or_else(String::new, |fault| fault.effect());
    let faults = ACH_FAULTS.map(|name| format!("{name:<24}  {}\n", effect(name)));
    format!(
        "The pretend ACH bank, for TEST books only. It takes NACHA files and keeps books and a clock of its own.\n\n\
         What a receiver's bank does is chosen by the entry's name: `Sandbox return:R03` comes back on the next banking day, `Sandbox return:R23/40` on \
         the fortieth, `Sandbox noc:C01` is paid and corrected.\n\n\
         What happens to an upload (POST /scenarios):\n\n{}\n",
        faults.concat()
    )
}

/// Every route, and the page that names them as they are reached at `address`.
pub fn router(address: impl Display, desk: AchDesk, shutdown: CancellationToken) -> Router {
    root::router(&ENDPOINTS, introduction() + &root::list(&ENDPOINTS, address))
        .layer(DefaultBodyLimit::max(FILE_BYTES_MAX))
        .with_state(AchRoutes { desk, shutdown })
}

async fn upload(
    State(bank): State<AchRoutes>,
    ConnectInfo(line): ConnectInfo<ConnectionCutter>,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Response, AchBankFailure> {
    if !is_file_name(&name) {
        let why = "a file's name has 1 to 100 letters, digits, points, hyphens and underscores; nothing was stored\n";
        return Err(AchBankFailure::Refused(StatusCode::BAD_REQUEST, why));
    }
    match bank.desk.upload(&name, &body).await? {
        UploadOutcome::Stored(receipt, delivery) => {
            let answer = (StatusCode::ACCEPTED, Json(receipt)).into_response();
            Ok(deliver(delivery, answer, &line, &bank.shutdown).await)
        }
        UploadOutcome::NameTaken => {
            Err(AchBankFailure::Refused(StatusCode::CONFLICT, "another file has this name; nothing was stored: give it another name\n"))
        }
        UploadOutcome::Lost => {
            line.cut();
            Ok(StatusCode::ACCEPTED.into_response())
        }
    }
}

async fn acknowledgement(State(bank): State<AchRoutes>, Path(name): Path<String>) -> Result<Json<Value>, AchBankFailure> {
    let none = AchBankFailure::Refused(StatusCode::NOT_FOUND, "no acknowledgement yet, or no such file\n");
    if !is_file_name(&name) {
        return Err(none);
    }
    bank.desk.acknowledgement(&name).await?.map(Json).ok_or(none)
}

async fn returns(State(bank): State<AchRoutes>) -> Result<Response, AchBankFailure> {
    Ok(match bank.desk.mail().await? {
        Some((name, content)) => ([(header::CONTENT_TYPE.as_str(), "text/plain".to_owned()), ("file-name", name)], content).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

async fn confirm(State(bank): State<AchRoutes>, Path(name): Path<String>) -> Result<StatusCode, AchBankFailure> {
    if is_file_name(&name) && bank.desk.confirm(&name).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(AchBankFailure::Refused(StatusCode::NOT_FOUND, "no such file waits to be confirmed\n"))
}

#[derive(Deserialize)]
struct StatementQuery {
    #[serde(default)]
    details: bool,
}

async fn statement(State(bank): State<AchRoutes>, Query(query): Query<StatementQuery>) -> Result<Response, AchBankFailure> {
    let statement = bank.desk.statement(query.details).await?;
    let statement = statement.ok_or(AchBankFailure::Refused(StatusCode::NOT_FOUND, "no account\n"))?;
    let text = details::write(&statement.statement, &statement.details, query.details)?;
    Ok(([(header::CONTENT_TYPE, "application/xml")], text).into_response())
}

async fn clock(State(bank): State<AchRoutes>) -> Result<Json<Value>, AchBankFailure> {
    Ok(Json(json!({"now": bank.desk.now().await?.to_string()})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockRequest {
    now: Option<String>,
    advance_seconds: Option<u32>,
}

async fn move_clock(State(bank): State<AchRoutes>, body: Bytes) -> Result<StatusCode, AchBankFailure> {
    let wrong = AchBankFailure::Refused(StatusCode::BAD_REQUEST, "one of now, RFC 3339, and advance_seconds; the clock was not moved\n");
    let Ok(request) = serde_json::from_slice::<ClockRequest>(&body) else { return Err(wrong) };
    let moved = match (request.now.map(|now| now.parse::<Timestamp>()), request.advance_seconds) {
        (Some(Ok(to)), None) => bank.desk.move_clock(|_| Some(to)).await?,
        (None, Some(seconds)) => bank.desk.move_clock(|now| now.checked_add(SignedDuration::from_secs(i64::from(seconds))).ok()).await?,
        _ => return Err(wrong),
    };
    let refused = AchBankFailure::Refused(StatusCode::CONFLICT, "the clock goes forward only, at most twenty years; it was not moved\n");
    moved.then_some(StatusCode::NO_CONTENT).ok_or(refused)
}

async fn set_scenario(State(bank): State<AchRoutes>, body: Bytes) -> Result<StatusCode, AchBankFailure> {
    let scenario = serde_json::from_slice::<AchScenarioRequest>(&body).ok().filter(AchScenarioRequest::is_valid);
    let wrong = AchBankFailure::Refused(StatusCode::BAD_REQUEST, "a file's name or *, and a known behaviour; nothing was set\n");
    bank.desk.store().set_scenario(&scenario.ok_or(wrong)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
