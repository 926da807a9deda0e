//! The store's interface for programs: tokens, purchases, and what was voided.

use super::{Error, KEYS_PATH, SERVICE_ACCOUNT, SandboxGooglePlay, TOKEN_PATH, now_ms, push::PUSH_KEY_ID};
use crate::page::Endpoint;
use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use bankapi::{CallbackHeaders, CallbackVerifier};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;
use uuid::Uuid;

/// How long an access token is valid, in seconds.
const TOKEN_SECONDS: i64 = 3_599;
/// What a token may be asked for.
const SCOPE: &str = "https://www.googleapis.com/auth/androidpublisher";
/// The grant of RFC 7523 section 2.1.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Trouble with the interface.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlayFault {
    /// What is answered in place of the answer, such as 503 or 429.
    pub status: u16,
    /// To how many requests.
    pub times: u32,
    /// The request is executed all the same.
    pub after: bool,
    /// All access tokens end now.
    pub forget_tokens: bool,
    /// Refunds by `orders.refund` are on their way until they are commanded to be `refund_settled`.
    pub refunds_pending: bool,
}

/// What programs call.
pub(super) const ENDPOINTS: [Endpoint<SandboxGooglePlay>; 6] = [
    Endpoint {
        method: "POST",
        path: TOKEN_PATH,
        effect: "An access token for a signed assertion (RFC 7523)",
        example: "/google/token -d 'grant_type=...&assertion=...'",
        answered_by: || post(token),
    },
    Endpoint {
        method: "GET",
        path: KEYS_PATH,
        effect: "The keys that check the tokens of pushes, a JWKS",
        example: "/google/certs",
        answered_by: || get(keys),
    },
    Endpoint {
        method: "GET",
        path: "/androidpublisher/v3/applications/{package}/purchases/productsv2/tokens/{token}",
        effect: "One purchase: purchases.productsv2.getproductpurchasev2",
        example: "/androidpublisher/v3/applications/PACKAGE/purchases/productsv2/tokens/TOKEN -H 'authorization: Bearer ...'",
        answered_by: || get(purchase),
    },
    Endpoint {
        method: "POST",
        path: "/androidpublisher/v3/applications/{package}/purchases/products/{product}/tokens/{token_and_verb}",
        effect: "TOKEN:acknowledge or TOKEN:consume",
        example: "/androidpublisher/v3/applications/PACKAGE/purchases/products/PRODUCT/tokens/TOKEN:consume -H 'authorization: Bearer ...'",
        answered_by: || post(fulfil),
    },
    Endpoint {
        method: "GET, POST",
        path: "/androidpublisher/v3/applications/{package}/orders/{order_and_verb}",
        effect: "One order (GET: orders.get), all that is left of it paid back (POST ORDER:refund: orders.refund), or the answer to a question about a refund, once for each pendingRefundToken and within 24 hours (POST ORDER:reviewrefund)",
        example: "/androidpublisher/v3/applications/PACKAGE/orders/ORDER -H 'authorization: Bearer ...'",
        answered_by: || get(order).post(order_verb),
    },
    Endpoint {
        method: "GET",
        path: "/androidpublisher/v3/applications/{package}/purchases/voidedpurchases",
        effect: "What was paid back since startTime, in pages: purchases.voidedpurchases.list",
        example: "/androidpublisher/v3/applications/PACKAGE/purchases/voidedpurchases?startTime=0 -H 'authorization: Bearer ...'",
        answered_by: || get(voided),
    },
];

fn failed(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({"error": {"code": status.as_u16(), "message": message}}))).into_response()
}

fn broken(error: &Error) -> Response {
    tracing::error!(%error, "the pretend Google Play could not answer");
    failed(StatusCode::INTERNAL_SERVER_ERROR, "it could not answer")
}

async fn keys(State(play): State<SandboxGooglePlay>) -> Json<Value> {
    Json(json!({"keys": [play.shared.push_key.public_jwk(PUSH_KEY_ID)]}))
}

async fn token(State(play): State<SandboxGooglePlay>, body: Bytes) -> Response {
    match play.grant(&body) {
        Ok(token) => Json(json!({"access_token": token, "expires_in": TOKEN_SECONDS, "token_type": "Bearer"})).into_response(),
        Err(why) => (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant", "error_description": why}))).into_response(),
    }
}

async fn purchase(State(play): State<SandboxGooglePlay>, Path((package, token)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let answer = async || match play.sold(&token).await {
        Ok(Some(sold)) if sold.sale.package_name == package => Json(sold.resource()).into_response(),
        Ok(Some(_)) => failed(StatusCode::BAD_REQUEST, "The purchase token does not match the package name."),
        Ok(None) => failed(StatusCode::NOT_FOUND, "The purchase token was not found."),
        Err(error) => broken(&error),
    };
    play.answered(&headers, answer).await
}

async fn fulfil(
    State(play): State<SandboxGooglePlay>,
    Path((package, product, token_and_verb)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let answer = async || {
        let Some((token, verb @ ("acknowledge" | "consume"))) = token_and_verb.rsplit_once(':') else {
            return failed(StatusCode::NOT_FOUND, "no such method");
        };
        match play.sold(token).await {
            Ok(Some(sold)) if sold.sale.package_name == package && sold.sale.product_id == product => {}
            Ok(_) => return failed(StatusCode::NOT_FOUND, "The purchase token was not found."),
            Err(error) => return broken(&error),
        }
        match play.fulfil(token, verb == "consume").await {
            Ok(done) if done.is_continue() => Json(json!({})).into_response(),
            Ok(_) => failed(StatusCode::BAD_REQUEST, "The purchase is not owned by the user."),
            Err(error) => broken(&error),
        }
    };
    play.answered(&headers, answer).await
}

async fn order(State(play): State<SandboxGooglePlay>, Path((package, order)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let answer = async || match play.ordered(&package, &order).await {
        Ok(Some(sold)) => Json(sold.order()).into_response(),
        Ok(None) => failed(StatusCode::NOT_FOUND, "The order was not found."),
        Err(error) => broken(&error),
    };
    play.answered(&headers, answer).await
}

async fn order_verb(
    State(play): State<SandboxGooglePlay>,
    Path((package, order_and_verb)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = async || match order_and_verb.rsplit_once(':') {
        Some((order_id, "refund")) => refund_order(&play, &package, order_id).await,
        Some((order_id, "reviewrefund")) => match serde_json::from_slice(&body).map(|review| play.review(&package, order_id, review)) {
            Ok(Ok(())) => Json(json!({})).into_response(),
            Ok(Err(why)) => failed(StatusCode::BAD_REQUEST, why),
            Err(_) => failed(StatusCode::BAD_REQUEST, "The body is not JSON."),
        },
        _ => failed(StatusCode::NOT_FOUND, "no such method"),
    };
    play.answered(&headers, answer).await
}

async fn refund_order(play: &SandboxGooglePlay, package: &str, order_id: &str) -> Response {
    let sold = match play.ordered(package, order_id).await {
        Ok(Some(sold)) => sold,
        Ok(None) => return failed(StatusCode::NOT_FOUND, "The order was not found."),
        Err(error) => return broken(&error),
    };
    match play.refund_order(&sold.purchase_token).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(Error::Asked(why)) => failed(StatusCode::BAD_REQUEST, why),
        Err(error) => broken(&error),
    }
}

async fn voided(
    State(play): State<SandboxGooglePlay>,
    Path(package): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let answer = async || {
        let given = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        let since_ms = given("startTime").parse().unwrap_or(0);
        if since_ms < now_ms() - 30 * 86_400_000 {
            return failed(StatusCode::BAD_REQUEST, "startTime is more than 30 days ago.");
        }
        let partial = given("includeQuantityBasedPartialRefund") == "true";
        match play.voids(&package, since_ms, given("token")).await {
            Ok((voids, next)) => {
                let voids: Vec<Value> = voids.into_iter().filter(|void| partial || void.get("voidedQuantity").is_none()).collect();
                let pagination = next.map_or(Value::Null, |next| json!({"nextPageToken": next}));
                Json(json!({"voidedPurchases": voids, "tokenPagination": pagination})).into_response()
            }
            Err(error) => broken(&error),
        }
    };
    play.answered(&headers, answer).await
}

impl SandboxGooglePlay {
    /// Sets what goes wrong from now on.
    pub fn fail(&self, fault: PlayFault) {
        let mut memory = self.memory();
        memory.fault = fault;
        if fault.forget_tokens {
            memory.tokens.clear();
        }
    }

    /// How many access tokens are valid.
    #[must_use]
    pub fn tokens(&self) -> usize {
        self.memory().tokens.len()
    }

    /// Checks the access token and applies the fault.
    async fn answered(&self, headers: &HeaderMap, answer: impl AsyncFnOnce() -> Response) -> Response {
        let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
        let fault = {
            let mut memory = self.memory();
            let is_valid = bearer.and_then(|token| memory.tokens.get(token)).is_some_and(|until| *until > now_ms());
            if !is_valid {
                return failed(StatusCode::UNAUTHORIZED, "Request had invalid authentication credentials.");
            }
            let fault = memory.fault;
            memory.fault.times = fault.times.saturating_sub(1);
            fault
        };
        if fault.times == 0 {
            return answer().await;
        }
        if fault.after {
            drop(answer().await);
        }
        failed(StatusCode::from_u16(fault.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE), "The service is currently unavailable.")
    }

    fn grant(&self, form: &[u8]) -> Result<String, String> {
        let fields: HashMap<String, String> = bankapi::oauth::form_fields(form).ok_or("the form can't be read")?.into_iter().collect();
        let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
        if field("grant_type") != GRANT {
            return Err("another grant_type".to_owned());
        }
        let verifier = CallbackVerifier::Jws(self.shared.service_keys.clone());
        let claims = verifier.verify(CallbackHeaders::default(), field("assertion").as_bytes()).map_err(|error| error.to_string())?;
        let claims: Value = serde_json::from_slice(&claims).map_err(|error| error.to_string())?;
        let audience = format!("{}{TOKEN_PATH}", self.shared.url);
        for (name, expected) in [("iss", SERVICE_ACCOUNT), ("aud", &audience), ("scope", SCOPE)] {
            if claims.get(name).and_then(Value::as_str) != Some(expected) {
                return Err(format!("the assertion's {name} is another"));
            }
        }
        if claims.get("exp").and_then(Value::as_i64).is_none_or(|until| until <= now_ms() / 1_000) {
            return Err("the assertion has ended".to_owned());
        }
        let token = Uuid::new_v4().simple().to_string();
        self.memory().tokens.insert(token.clone(), now_ms() + TOKEN_SECONDS * 1_000);
        Ok(token)
    }
}
