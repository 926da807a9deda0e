//! The bank's HTTP side.

use super::{
    Config,
    behaviour::{API_BEHAVIOURS, ApiBehaviour, ApiScenarioRequest},
    callbacks::CallbackRegistration,
    desk::ApiDesk,
    now_ms,
    request::ApiRequestError,
    tokens::TokenDesk,
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
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use money::Currency;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{fmt::Display, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

#[derive(Clone)]
struct ApiRoutes {
    desk: ApiDesk,
    tokens: Arc<TokenDesk>,
    public_keys: Value,
    /// How long an answer waits for its callbacks.
    callbacks_first_max: Duration,
    shutdown: CancellationToken,
}

/// Why a request gets an error.
enum ApiBankFailure {
    /// The bank's books failed; the details are only logged.
    Books(sqlx::Error),
    /// The statement can't be written.
    Message(iso20022::Error),
    /// An error of the API.
    Api(ApiRequestError),
    /// A request to the sandbox itself is invalid.
    Request(&'static str),
}

impl From<sqlx::Error> for ApiBankFailure {
    fn from(error: sqlx::Error) -> Self {
        Self::Books(error)
    }
}

impl From<iso20022::Error> for ApiBankFailure {
    fn from(error: iso20022::Error) -> Self {
        Self::Message(error)
    }
}

impl IntoResponse for ApiBankFailure {
    fn into_response(self) -> Response {
        let error = match self {
            Self::Books(error) => {
                tracing::error!(%error, "the sandbox's JSON bank can't use its books");
                ApiRequestError::new(500, "15000", "System error", None)
            }
            Self::Message(error) => {
                tracing::error!(%error, "the sandbox's JSON bank can't write a statement");
                ApiRequestError::new(500, "15000", "System error", None)
            }
            Self::Api(error) => error,
            Self::Request(why) => return (StatusCode::BAD_REQUEST, why).into_response(),
        };
        let status = StatusCode::from_u16(error.http_status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(error.body())).into_response()
    }
}

fn not_found() -> ApiBankFailure {
    ApiBankFailure::Api(ApiRequestError::new(404, "10104", "Not found", None))
}

/// Everything that is answered, besides the page that lists it.
const ENDPOINTS: [Endpoint<ApiRoutes>; 9] = [
    Endpoint {
        method: "POST",
        path: "/oauth2/token",
        effect: "Gives an access token for a signed assertion (RFC 7523), each of which is good for one token",
        example: "/oauth2/token --data-binary @form",
        answered_by: || post(token),
    },
    Endpoint {
        method: "POST",
        path: "/payments",
        effect: "Takes a payment; 202 with its paymentId. A repeated Idempotency-Key with the same body gets the first answer",
        example: "/payments -H 'idempotency-key: 1' --data-binary @payment.json",
        answered_by: || post(pay).get(find),
    },
    Endpoint {
        method: "GET",
        path: "/payments/{payment_id}",
        effect: "Tells of one payment; always 404 for ACH and wires. Without the id, /payments?endToEndId= finds any",
        example: "/payments?endToEndId=E2E-1",
        answered_by: || get(details),
    },
    Endpoint {
        method: "GET",
        path: "/payments/{payment_id}/status",
        effect: "Tells the status of one payment; always 404 for ACH and wires",
        example: "/payments/019b135e-ad7e-7000-a7ec-b42b96d50000/status",
        answered_by: || get(status),
    },
    Endpoint {
        method: "PUT",
        path: "/callback",
        effect: "Registers where callbacks go: shape cloud_events, events or callbacks; signature none, detached or jws; copies; reversed; 204",
        example: r#"/callback -X PUT -H 'content-type: application/json' -d '{"url": "http://127.0.0.1:9000/", "signature": "detached"}'"#,
        answered_by: || put(register),
    },
    Endpoint {
        method: "GET",
        path: "/public-keys",
        effect: "The keys that callbacks are signed with, as a JWKS",
        example: "/public-keys",
        answered_by: || get(public_keys),
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
        path: "/scenarios",
        effect: "Chooses what happens to a payment (end_to_end_id) or to payments to a name (holder), always or so many times; decides about \
                 payments that wait; 204",
        example: r#"/scenarios -H 'content-type: application/json' -d '{"end_to_end_id": "E2E-1", "behaviour": "reject:11500"}'"#,
        answered_by: || post(set_scenario),
    },
    Endpoint {
        method: "GET",
        path: "/behaviours",
        effect: "Lists the behaviours, one a line",
        example: "/behaviours",
        answered_by: || get(async || API_BEHAVIOURS.map(|name| format!("{name}\n")).concat()),
    },
];

fn introduction() -> String {
    let effect = |name: &str| ApiBehaviour::parse(name).map_or_else(String::new, |behaviour| behaviour.effect());
    let behaviours = API_BEHAVIOURS.map(|name| format!("{name:<20}  {}\n", effect(name)));
    format!(
        "The pretend bank with a JSON interface modelled after Global Payments v2, for TEST books only. It keeps books of its own.\n\n\
         What happens to a payment is chosen by a scenario (POST /scenarios), else by the creditor's name: `Sandbox ` and a behaviour; else it settles.\n\n\
         Behaviours:\n\n{}\n",
        behaviours.concat()
    )
}

/// Every route, and the page that names them as they are reached at `address`.
pub fn router(address: impl Display, desk: ApiDesk, config: &Config, public_keys: Value, shutdown: CancellationToken) -> Router {
    let tokens = Arc::new(TokenDesk::new(config.clients.clone(), config.token_lifetime, &address));
    root::router(&ENDPOINTS, introduction() + &root::list(&ENDPOINTS, address))
        .layer(DefaultBodyLimit::max(bankapi::json::DOCUMENT_BYTES_MAX))
        .with_state(ApiRoutes { desk, tokens, public_keys, callbacks_first_max: config.late_answer, shutdown })
}

impl ApiRoutes {
    fn admit(&self, headers: &HeaderMap) -> Result<(), ApiBankFailure> {
        let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        if self.tokens.admits(authorization, now_ms()) {
            return Ok(());
        }
        Err(ApiBankFailure::Api(ApiRequestError::new(401, "14000", "Client could not be authenticated", None)))
    }
}

async fn token(State(bank): State<ApiRoutes>, body: Bytes) -> Response {
    let given = bank.tokens.give(&body, now_ms());
    match given {
        Ok((token, seconds)) => {
            let body = json!({"access_token": token, "token_type": "Bearer", "expires_in": seconds});
            ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
        }
        Err((error, why)) => (StatusCode::BAD_REQUEST, Json(json!({"error": error, "error_description": why}))).into_response(),
    }
}

async fn pay(
    State(bank): State<ApiRoutes>,
    ConnectInfo(line): ConnectInfo<ConnectionCutter>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiBankFailure> {
    bank.admit(&headers)?;
    let key = headers.get("idempotency-key").map(|value| value.to_str().unwrap_or_default());
    let worked = bank.desk.pay(&body, key, now_ms()).await?;
    let answer = match worked.answer {
        Ok(body) => (StatusCode::ACCEPTED, Json(body)).into_response(),
        Err(error) => ApiBankFailure::Api(error).into_response(),
    };
    if let Some(end_to_end_id) = &worked.after_callbacks {
        bank.desk.callbacks_delivered(end_to_end_id, bank.callbacks_first_max).await?;
    }
    let answer = deliver(worked.delivery, answer, &line, &bank.shutdown).await;
    drop(worked.in_flight);
    Ok(answer)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PaymentQuery {
    end_to_end_id: Option<String>,
    payment_type: Option<String>,
    view: Option<String>,
}

async fn find(State(bank): State<ApiRoutes>, headers: HeaderMap, Query(query): Query<PaymentQuery>) -> Result<Json<Value>, ApiBankFailure> {
    bank.admit(&headers)?;
    let id = query.end_to_end_id.filter(|id| (1..=128).contains(&id.chars().count()) && !id.contains('\0'));
    let wrong = |words| ApiBankFailure::Api(ApiRequestError::new(400, "10001", words, None));
    let id = id.ok_or_else(|| wrong("endToEndId must be given, 1 to 128 characters"))?;
    let full = match query.view.as_deref() {
        None | Some("SUMMARY") => false,
        Some("FULL") => true,
        Some(_) => return Err(wrong("view must be SUMMARY or FULL")),
    };
    let found = bank.desk.find(&id, query.payment_type.as_deref(), full).await?;
    if found.is_empty() { Err(not_found()) } else { Ok(Json(json!({"payments": found}))) }
}

async fn details(State(bank): State<ApiRoutes>, headers: HeaderMap, Path(id): Path<String>) -> Result<Json<Value>, ApiBankFailure> {
    by_id(&bank, &headers, &id, true).await
}

async fn status(State(bank): State<ApiRoutes>, headers: HeaderMap, Path(id): Path<String>) -> Result<Json<Value>, ApiBankFailure> {
    by_id(&bank, &headers, &id, false).await
}

async fn by_id(bank: &ApiRoutes, headers: &HeaderMap, id: &str, full: bool) -> Result<Json<Value>, ApiBankFailure> {
    bank.admit(headers)?;
    // PostgreSQL takes no zero bytes.
    if id.contains('\0') {
        return Err(not_found());
    }
    bank.desk.get(id, full).await?.map(Json).ok_or_else(not_found)
}

async fn register(State(bank): State<ApiRoutes>, headers: HeaderMap, body: Bytes) -> Result<StatusCode, ApiBankFailure> {
    bank.admit(&headers)?;
    let registration = serde_json::from_slice::<CallbackRegistration>(&body).ok().filter(CallbackRegistration::is_callable);
    let wrong = "url must be http:// with a host, shape and signature known words, copies 1 to 5; nothing was registered";
    let registration = registration.ok_or(ApiBankFailure::Request(wrong))?;
    let text = serde_json::to_string(&registration).map_err(|_| ApiBankFailure::Request(wrong))?;
    bank.desk.store().register(&text).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn public_keys(State(bank): State<ApiRoutes>) -> Json<Value> {
    Json(bank.public_keys)
}

async fn statement(State(bank): State<ApiRoutes>, headers: HeaderMap, Path(code): Path<String>) -> Result<Response, ApiBankFailure> {
    bank.admit(&headers)?;
    let currency = Currency::try_new(&code).map_err(|_| not_found())?;
    let statement = bank.desk.statement(currency, now_ms()).await?.ok_or_else(not_found)?;
    Ok(([(header::CONTENT_TYPE, "application/xml")], statement.statement.write()?).into_response())
}

async fn set_scenario(State(bank): State<ApiRoutes>, body: Bytes) -> Result<StatusCode, ApiBankFailure> {
    let scenario = serde_json::from_slice::<ApiScenarioRequest>(&body).ok().and_then(ApiScenarioRequest::decode);
    let wrong = "one of end_to_end_id and holder, and a known behaviour; nothing was set";
    bank.desk.set_scenario(&scenario.ok_or(ApiBankFailure::Request(wrong))?).await?;
    Ok(StatusCode::NO_CONTENT)
}
