//! The store's interface for servers, the App Store Server API: what it is told of consumption, what it said before, and what it took back. A request carries a
//! token that the server signed with the key of [`SERVER_KEY`], which is in this repository, so it protects nothing.

use super::desk::{ConsumptionAnswer, ServerFault, StoreDesk};
use super::{Error, Store};
use crate::bank::line::ConnectionCutter;
use crate::page::Endpoint;
use axum::{
    Json,
    extract::{ConnectInfo, Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post, put},
};
use bankapi::{BankKeySet, CallbackHeaders, CallbackVerifier, P256SigningKey};
use money::time::now_ms;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::{MutexGuard, PoisonError};

/// The private key that the store knows of our server, PEM.
pub const SERVER_KEY: &str = include_str!("server_key.pem");
/// The id of that key.
pub const SERVER_KEY_ID: &str = "SANDBOXKEY";
/// The issuer of that key's tokens.
pub const ISSUER_ID: &str = "00000000-5a4d-4b0c-8000-000000000001";

/// Who tokens are for.
const AUDIENCE: &str = "appstoreconnect-v1";
/// The longest time for which a token may be valid, in seconds.
const TOKEN_SECONDS_MAX: i64 = 3_600;
/// Notifications or transactions of one page: few, so that every reader meets a second page.
const PAGE: usize = 2;
/// How far back notifications are listed, in milliseconds.
const HISTORY_MS: i64 = 180 * 86_400_000;
/// How consumed a purchase can be, in thousandths of a percent.
const WHOLE: i64 = 100_000;
const DELIVERY: [&str; 5] =
    ["DELIVERED", "UNDELIVERED_QUALITY_ISSUE", "UNDELIVERED_WRONG_ITEM", "UNDELIVERED_SERVER_OUTAGE", "UNDELIVERED_OTHER"];
const PREFERENCES: [&str; 3] = ["DECLINE", "GRANT_FULL", "GRANT_PRORATED"];

/// What programs call, and what makes trouble for them.
pub(super) const ENDPOINTS: [Endpoint<Store>; 5] = [
    Endpoint {
        method: "PUT",
        path: "/inApps/v2/transactions/consumption/{transaction_id}",
        effect: "Takes the answer to a CONSUMPTION_REQUEST: five fields, only with the buyer's consent",
        example: "/inApps/v2/transactions/consumption/ID -X PUT -H 'authorization: Bearer ...' -H 'content-type: application/json' -d '{...}'",
        answered_by: || put(consumption),
    },
    Endpoint {
        method: "POST",
        path: "/inApps/v1/notifications/history",
        effect: "Lists notifications between startDate and endDate in pages, also those that nobody took",
        example: "/inApps/v1/notifications/history -H 'authorization: Bearer ...' -H 'content-type: application/json' -d '{...}'",
        answered_by: || post(history),
    },
    Endpoint {
        method: "GET",
        path: "/inApps/v2/refund/lookup/{transaction_id}",
        effect: "Lists what was paid back to the buyer of a transaction, in pages",
        example: "/inApps/v2/refund/lookup/ID -H 'authorization: Bearer ...'",
        answered_by: || get(refunds),
    },
    Endpoint {
        method: "GET",
        path: "/apple/answers",
        effect: "Lists what was answered to CONSUMPTION_REQUESTs",
        example: "/apple/answers",
        answered_by: || get(answers),
    },
    Endpoint {
        method: "POST",
        path: "/apple/faults",
        effect: "Answers the next times requests of programs with status and error_code, before or after their execution, or cuts the connection",
        example: r#"/apple/faults -H 'content-type: application/json' -d '{"status": 429, "error_code": 4290000, "times": 3}'"#,
        answered_by: || post(fault),
    },
];

/// What a program asks of past notifications.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HistoryRequest {
    start_date: i64,
    end_date: i64,
    #[serde(default)]
    notification_type: Option<String>,
    #[serde(default)]
    only_failures: bool,
}

/// Where a list goes on.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PlaceInList {
    pagination_token: String,
    revision: String,
}

fn refused(status: StatusCode, code: i64, message: &str) -> Response {
    (status, Json(json!({"errorCode": code, "errorMessage": message}))).into_response()
}

fn bad(code: i64, message: &str) -> Response {
    refused(StatusCode::BAD_REQUEST, code, message)
}

fn broken(error: &Error) -> Response {
    tracing::error!(%error, "the pretend app store could not answer");
    refused(StatusCode::INTERNAL_SERVER_ERROR, 5_000_000, "An unknown error occurred.")
}

fn not_found() -> Response {
    refused(StatusCode::NOT_FOUND, 4_040_010, "Transaction id not found.")
}

async fn consumption(
    State(store): State<Store>,
    ConnectInfo(line): ConnectInfo<ConnectionCutter>,
    Path(transaction_id): Path<String>,
    headers: HeaderMap,
    Json(information): Json<Value>,
) -> Response {
    store.answered(&headers, &line, |bundle_id| {
        let mut desk = store.desk();
        let Some(transaction) = desk.transaction(&transaction_id).filter(|one| one["bundleId"] == *bundle_id) else { return not_found() };
        if transaction["type"] != "Consumable" {
            return bad(4_000_043, "Transaction is not a consumable.");
        }
        if let Some((code, message)) = wrong_information(&information) {
            return bad(code, message);
        }
        desk.answered(ConsumptionAnswer { transaction_id, information });
        StatusCode::ACCEPTED.into_response()
    })
}

/// What is wrong with an answer, by Apple's code and in words.
fn wrong_information(information: &Value) -> Option<(i64, &'static str)> {
    let of = |field: &str| &information[field];
    let is_one_of = |field: &str, words: &[&str]| of(field).as_str().is_some_and(|word| words.contains(&word));
    if of("customerConsented") != true {
        return Some((4_000_035, "Invalid request. The customerConsented field is invalid. Consent is required."));
    }
    if !is_one_of("deliveryStatus", &DELIVERY) {
        return Some((4_000_036, "Invalid request. The deliveryStatus field is invalid."));
    }
    if !of("sampleContentProvided").is_boolean() {
        return Some((4_000_041, "Invalid request. The sampleContentProvided field is invalid."));
    }
    let percentage = of("consumptionPercentage");
    let fits = percentage.is_null() || percentage.as_i64().is_some_and(|milliunits| (0..=WHOLE).contains(&milliunits));
    let preference = of("refundPreference").is_null() || is_one_of("refundPreference", &PREFERENCES);
    let known = ["customerConsented", "deliveryStatus", "sampleContentProvided", "consumptionPercentage", "refundPreference"];
    let is_known = information.as_object().is_some_and(|fields| fields.keys().all(|name| known.contains(&name.as_str())));
    if fits && preference && is_known { None } else { Some((4_000_000, "Bad request.")) }
}

async fn history(
    State(store): State<Store>,
    ConnectInfo(line): ConnectInfo<ConnectionCutter>,
    Query(place): Query<PlaceInList>,
    headers: HeaderMap,
    Json(asked): Json<HistoryRequest>,
) -> Response {
    store.answered(&headers, &line, |bundle_id| {
        if asked.start_date < now_ms() - HISTORY_MS {
            return bad(4_000_012, "Invalid request. The start date is earlier than the allowed start date.");
        }
        if asked.start_date >= asked.end_date {
            return bad(4_000_013, "Invalid request. The end date is before the start date.");
        }
        let Some(from) = place_of(&place.pagination_token) else {
            return bad(4_000_014, "Invalid request. The pagination token is invalid.");
        };
        let desk = store.desk();
        let wanted = desk.said.iter().filter(|said| {
            said.bundle_id == bundle_id
                && (asked.start_date..asked.end_date).contains(&said.said_at_ms)
                && asked.notification_type.as_ref().is_none_or(|kind| *kind == said.kind)
                && !(asked.only_failures && said.is_taken)
        });
        let found: Vec<Value> = wanted
            .skip(from)
            .take(PAGE + 1)
            .map(|said| {
                let result = if said.is_taken { "SUCCESS" } else { "NO_RESPONSE" };
                let attempts = json!([{"attemptDate": said.said_at_ms, "sendAttemptResult": result}]);
                json!({"signedPayload": said.signed_payload, "sendAttempts": attempts})
            })
            .collect();
        let has_more = found.len() > PAGE;
        let mut answer = json!({"notificationHistory": found[..found.len().min(PAGE)], "hasMore": has_more});
        if has_more {
            answer["paginationToken"] = json!(token_of(from + PAGE));
        }
        Json(answer).into_response()
    })
}

async fn refunds(
    State(store): State<Store>,
    ConnectInfo(line): ConnectInfo<ConnectionCutter>,
    Path(transaction_id): Path<String>,
    Query(place): Query<PlaceInList>,
    headers: HeaderMap,
) -> Response {
    store.answered(&headers, &line, |bundle_id| {
        let Some(from) = place_of(&place.revision) else { return bad(4_000_005, "Invalid request revision.") };
        let desk = store.desk();
        let taken_back = match desk.transaction(&transaction_id) {
            Some(of) if of["bundleId"] == *bundle_id => desk.taken_back(of),
            _ => return not_found(),
        };
        drop(desk);
        let page: Result<Vec<String>, Error> = taken_back.iter().skip(from).take(PAGE).map(|claims| store.sign(claims)).collect();
        match page {
            Ok(page) => {
                let (next, has_more) = (from + page.len(), taken_back.len() > from + page.len());
                Json(json!({"signedTransactions": page, "revision": token_of(next), "hasMore": has_more})).into_response()
            }
            Err(error) => broken(&error),
        }
    })
}

fn token_of(place: usize) -> String {
    format!("after-{place}")
}

/// The place of a token; the beginning without one.
fn place_of(token: &str) -> Option<usize> {
    if token.is_empty() { Some(0) } else { token.strip_prefix("after-")?.parse().ok() }
}

async fn answers(State(store): State<Store>) -> Json<Vec<ConsumptionAnswer>> {
    Json(store.answers())
}

async fn fault(State(store): State<Store>, Json(fault): Json<ServerFault>) -> Json<ServerFault> {
    store.fail(fault);
    Json(fault)
}

impl Store {
    /// Sets what goes wrong with requests of programs from now on.
    pub fn fail(&self, fault: ServerFault) {
        self.desk().fault = fault;
    }

    /// What was answered to questions about refunds, the first one first.
    #[must_use]
    pub fn answers(&self) -> Vec<ConsumptionAnswer> {
        self.desk().answers.iter().cloned().collect()
    }

    /// Forgets what it said: its history has nothing of it.
    pub fn forget_history(&self) {
        self.desk().said.clear();
    }

    pub(super) fn desk(&self) -> MutexGuard<'_, StoreDesk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Checks the token, applies the fault and answers for the app that the token names.
    fn answered(&self, headers: &HeaderMap, line: &ConnectionCutter, answer: impl FnOnce(&str) -> Response) -> Response {
        let bearer =
            headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
        let Some(bundle_id) = bearer.and_then(bundle_of) else { return StatusCode::UNAUTHORIZED.into_response() };
        let fault = {
            let mut desk = self.desk();
            let fault = desk.fault;
            desk.fault.times = fault.times.saturating_sub(1);
            fault
        };
        if fault.times == 0 {
            return answer(&bundle_id);
        }
        if fault.after {
            drop(answer(&bundle_id));
        }
        if fault.cut {
            line.cut();
        }
        let status = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        let mut failed =
            if fault.error_code == 0 { status.into_response() } else { refused(status, fault.error_code, "Failed on command.") };
        if fault.retry_after_ms > 0 {
            failed.headers_mut().insert(header::RETRY_AFTER, fault.retry_after_ms.into());
        }
        failed
    }
}

/// The app that a token is for, if our server signed it and it is valid now.
fn bundle_of(token: &str) -> Option<String> {
    let key = P256SigningKey::from_pem(SERVER_KEY.as_bytes()).expect("a key of this repository");
    let set = json!({"keys": [key.public_jwk(SERVER_KEY_ID)]}).to_string();
    let keys = BankKeySet::read(set.as_bytes()).expect("one public key");
    let claims = CallbackVerifier::Jws(keys).verify(CallbackHeaders::default(), token.as_bytes()).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    let (issued, until) = (claims["iat"].as_i64()?, claims["exp"].as_i64()?);
    let now = now_ms() / 1_000;
    let is_valid = claims["iss"] == ISSUER_ID && claims["aud"] == AUDIENCE;
    let is_timely = until > now && issued <= now + 60 && (1..=TOKEN_SECONDS_MAX).contains(&(until - issued));
    claims["bid"].as_str().filter(|_| is_valid && is_timely).map(str::to_owned)
}
