//! The interface under `/v1/`, as far as it is used here: what it answers, without HTTP.

use super::{
    Desk, TEST_KEY, commands, now_ms,
    objects::{self, Form},
    payouts,
};
use crate::records::KeptRequest;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// The soonest and the latest end of a session after its beginning, in seconds.
const SESSION_S: std::ops::RangeInclusive<i64> = 1_800..=86_400;
/// The most objects of one page of a list.
const PAGE_MAX: usize = 100;

/// A status and a body.
pub type StripeAnswer = (u16, Value);

/// What was asked.
#[derive(Debug)]
pub struct StripeRequest<'a> {
    pub post: bool,
    /// Below `/v1/`.
    pub path: &'a str,
    /// The fields of the form, or of the query.
    pub form: Form,
    pub key: Option<String>,
}

/// An error as Stripe writes it.
pub fn error(status: u16, kind: &str, code: &str, message: &str) -> StripeAnswer {
    (status, json!({"error": {"type": kind, "code": code, "message": message}}))
}

fn invalid(code: &str, message: &str) -> StripeAnswer {
    error(400, "invalid_request_error", code, message)
}

fn missing(what: &str) -> StripeAnswer {
    error(404, "invalid_request_error", "resource_missing", &format!("No such {what}"))
}

/// Whether a header `authorization` carries the key, as Bearer or as the user of Basic.
pub fn is_authorized(header: Option<&str>) -> bool {
    let Some((scheme, value)) = header.and_then(|header| header.split_once(' ')) else { return false };
    if scheme.eq_ignore_ascii_case("basic") {
        return STANDARD.decode(value).is_ok_and(|bytes| bytes == format!("{TEST_KEY}:").as_bytes());
    }
    scheme.eq_ignore_ascii_case("bearer") && value == TEST_KEY
}

impl Desk {
    /// Answers a request. Under a key that is remembered: the first answer, if the request is the same.
    pub async fn answer(&self, request: &StripeRequest<'_>) -> Result<StripeAnswer, sqlx::Error> {
        let _one_at_a_time = self.lock.lock().await;
        let Some(key) = request.key.as_ref().filter(|_| request.post) else { return self.execute(request).await };
        let request_hash = format!("{} {:?}", request.path, request.form);
        if let Some(kept) = self.store.request_of_key(key, now_ms()).await? {
            if kept.request_hash != request_hash {
                let message = "Keys for idempotent requests can only be used with the same parameters they were first used with.";
                return Ok((400, json!({"error": {"type": "idempotency_error", "message": message}})));
            }
            return Ok((kept.status, serde_json::from_str(&kept.answer).unwrap_or_default()));
        }
        let (status, answer) = self.execute(request).await?;
        // What was refused for its form was not begun, so its key stays free.
        if status != 400 {
            let kept = KeptRequest { request_hash, status, answer: answer.to_string() };
            let until_ms = now_ms().saturating_add(money::time::millis(self.config.key_retention));
            self.store.keep_key(key, &kept, until_ms).await?;
        }
        Ok((status, answer))
    }

    async fn execute(&self, request: &StripeRequest<'_>) -> Result<StripeAnswer, sqlx::Error> {
        let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        match (request.post, parts.as_slice()) {
            (true, ["checkout", "sessions"]) => self.create_session(&request.form).await,
            (false, ["checkout", "sessions"]) => Ok(list(self.store.all("session").await?, &request.form)),
            (false, ["checkout", "sessions", id]) => self.session(id, &request.form).await,
            (true, ["checkout", "sessions", id, "expire"]) => self.expire_session(id).await,
            (true, ["payment_intents"]) => self.create_payment(&request.form).await,
            (false, ["payment_intents"]) => Ok(list(self.store.all("payment_intent").await?, &request.form)),
            (false, ["payment_intents", id]) => self.one("payment_intent", id).await,
            (false, ["balance_transactions"]) => Ok(list(self.store.all(payouts::TRANSACTION).await?, &request.form)),
            (false, ["payouts", id]) => self.one(payouts::PAYOUT, id).await,
            (true, ["refunds"]) => self.create_refund(&request.form).await,
            (false, ["refunds"]) => Ok(list(self.store.all("refund").await?, &request.form)),
            (false, ["refunds", id]) => self.one("refund", id).await,
            (false, ["events"]) => Ok(list(self.store.events().await?, &request.form)),
            (false, ["events", id]) => {
                let found = self.store.events().await?.into_iter().find(|event| event["id"] == *id);
                Ok(found.map_or_else(|| missing("event"), |event| (200, event)))
            }
            _ => Ok(error(404, "invalid_request_error", "", "Unrecognized request URL")),
        }
    }

    async fn one(&self, kind: &str, id: &str) -> Result<StripeAnswer, sqlx::Error> {
        Ok(self.store.get(kind, id).await?.map_or_else(|| missing(kind), |object| (200, object)))
    }

    async fn create_session(&self, form: &Form) -> Result<StripeAnswer, sqlx::Error> {
        if let Some(name) = form.keys().find(|name| !is_of_session(name)) {
            return Ok(invalid("parameter_unknown", &format!("Received unknown parameter: {name}")));
        }
        let text = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let number = |name: &str| text(name).parse::<i64>().ok();
        if text("mode") != "payment" || text("success_url").is_empty() || text("line_items[0][price_data][product_data][name]").is_empty() {
            return Ok(invalid("parameter_missing", "mode=payment, success_url and line_items are required"));
        }
        let currency = text("line_items[0][price_data][currency]");
        if currency.len() != 3 || currency != currency.to_lowercase() {
            return Ok(invalid("parameter_invalid_string", "Invalid currency"));
        }
        let amounts = number("line_items[0][price_data][unit_amount]").zip(number("line_items[0][quantity]"));
        let Some(amount) = amounts.and_then(|(one, quantity)| one.checked_mul(quantity)).filter(|amount| *amount > 0) else {
            return Ok(invalid("parameter_invalid_integer", "Invalid integer"));
        };
        if amount < 50 && currency == "usd" {
            return Ok(invalid("amount_too_small", "The Checkout Session's total amount due must add up to at least $0.50 usd"));
        }
        let expires_at = number("expires_at").unwrap_or_else(|| objects::now_s() + SESSION_S.end());
        if !SESSION_S.contains(&(expires_at - objects::now_s())) {
            return Ok(invalid(
                "",
                "The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from Checkout Session creation.",
            ));
        }
        let session = objects::session(form, amount, expires_at, &self.address);
        self.store.put("session", &session).await?;
        Ok((200, session))
    }

    async fn session(&self, id: &str, query: &Form) -> Result<StripeAnswer, sqlx::Error> {
        let Some(mut session) = self.store.get("session", id).await? else { return Ok(missing("checkout.session")) };
        let expands = query.iter().any(|(name, value)| name.starts_with("expand[") && value == "payment_intent");
        if let Some(payment) = session["payment_intent"].as_str().filter(|_| expands)
            && let Some(payment) = self.store.get("payment_intent", payment).await?
        {
            session["payment_intent"] = payment;
        }
        Ok((200, session))
    }

    async fn expire_session(&self, id: &str) -> Result<StripeAnswer, sqlx::Error> {
        match commands::expire(self, id).await? {
            Ok(session) => Ok((200, session)),
            Err(why) => Ok(invalid("", why)),
        }
    }

    async fn create_payment(&self, form: &Form) -> Result<StripeAnswer, sqlx::Error> {
        let amount = form.get("amount").and_then(|amount| amount.parse::<i64>().ok()).filter(|amount| *amount > 0);
        let (Some(amount), Some(currency)) = (amount, form.get("currency")) else {
            return Ok(invalid("parameter_missing", "amount and currency are required"));
        };
        let payment = objects::payment_intent(amount, currency, &json!({}), "requires_payment_method");
        self.store.put("payment_intent", &payment).await?;
        Ok((200, payment))
    }

    async fn create_refund(&self, form: &Form) -> Result<StripeAnswer, sqlx::Error> {
        const KNOWN: [&str; 4] = ["amount", "payment_intent", "charge", "reason"];
        if let Some(name) = form.keys().find(|name| !KNOWN.contains(&name.as_str()) && !name.starts_with("metadata[")) {
            return Ok(invalid("parameter_unknown", &format!("Received unknown parameter: {name}")));
        }
        let amount = match form.get("amount").map(|amount| amount.parse::<i64>()) {
            Some(Ok(amount)) => Some(amount),
            Some(Err(_)) => return Ok(invalid("parameter_invalid_integer", "Invalid integer: amount")),
            None => None,
        };
        let payment = form.get("payment_intent").cloned().unwrap_or_default();
        match commands::refund(self, &payment, amount, &objects::below(form, "metadata")).await? {
            Ok(refund) => Ok((200, refund)),
            Err(why) => Ok(invalid("charge_already_refunded", why)),
        }
    }
}

/// Whether a session has such a parameter: the ones that are understood here.
fn is_of_session(name: &str) -> bool {
    const WHOLE: [&str; 12] = [
        "mode",
        "success_url",
        "cancel_url",
        "client_reference_id",
        "expires_at",
        "line_items[0][quantity]",
        "line_items[0][price_data][currency]",
        "line_items[0][price_data][unit_amount]",
        "line_items[0][price_data][product_data][name]",
        "payment_method_options[card][request_three_d_secure]",
        "payment_method_types[0]",
        "adaptive_pricing[enabled]",
    ];
    WHOLE.contains(&name) || name.starts_with("metadata[") || name.starts_with("payment_intent_data[metadata][")
}

/// A page of a list that is newest first: filtered by time, type and payment, and beginning after an object.
fn list(all: Vec<Value>, query: &Form) -> StripeAnswer {
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<i64>().ok());
    let limit = number("limit").and_then(|limit| usize::try_from(limit).ok()).unwrap_or(10).clamp(1, PAGE_MAX);
    let fits = |object: &Value| {
        let created = object["created"].as_i64().unwrap_or(0);
        let of = |field: &str| query.get(field).is_none_or(|wanted| object[field] == **wanted);
        created >= number("created[gte]").unwrap_or(i64::MIN)
            && created <= number("created[lte]").unwrap_or(i64::MAX)
            && of("type")
            && query.get("types[]").is_none_or(|kinds| kinds.split(',').any(|kind| object["type"] == *kind))
            && of("payment_intent")
            && of("payout")
    };
    let mut found: Vec<Value> = all.into_iter().filter(fits).collect();
    if let Some(after) = query.get("starting_after") {
        let Some(place) = found.iter().position(|object| object["id"] == **after) else {
            return invalid("resource_missing", "No such object: starting_after");
        };
        found.drain(..=place);
    }
    let has_more = found.len() > limit;
    found.truncate(limit);
    (200, json!({"object": "list", "data": found, "has_more": has_more}))
}
