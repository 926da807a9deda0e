//! Calls to Stripe: forms there, JSON back (docs.stripe.com/api).

use std::path::Path;
use std::time::Duration;

use reqwest::{Client, RequestBuilder};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Error as SetupError;
use super::refund_document::RefundDocument;
use super::session::SessionDocument;
use crate::stores::wallet::shown;

/// The version whose shapes are read here.
const VERSION: &str = "2026-10-28.endive";
/// How long one call may take; Stripe's own libraries wait longer, and a buyer does not.
const CALL_TIMEOUT: Duration = Duration::from_secs(15);
/// Longest answer, in bytes; a page of 100 sessions has half of that.
const ANSWER_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Sessions of one page, Stripe's limit.
const PAGE: usize = 100;
/// Pages that are read in search of one order: sessions that were made within the seconds around one request.
const PAGES_MAX: usize = 20;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiFault {
    /// Stripe refused the request and did nothing: its code and message.
    Refused(String),
    /// There is no such object.
    NotFound,
    /// The idempotency key was used with other parameters.
    KeyReused,
    /// It is not known whether anything was done, or nothing was done for now: ask again later.
    Later(String),
}

/// The client of one account.
#[derive(Clone)]
pub struct StripeApi {
    client: Client,
    url: String,
    key: String,
}

#[derive(Debug, Default, Deserialize)]
struct ErrorDocument {
    #[serde(default)]
    error: ErrorBody,
}

#[derive(Debug, Default, Deserialize)]
struct ErrorBody {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ListDocument<T> {
    data: Vec<T>,
    #[serde(default)]
    has_more: bool,
}

impl StripeApi {
    /// A client for the interface at `url` with a secret key.
    pub(crate) fn new(url: &str, ca: Option<&Path>, key: &str) -> Result<Self, SetupError> {
        let builder = if url.starts_with("http://") { http_client::local() } else { http_client::builder(ca.unwrap_or(Path::new("")))? };
        let client = builder.timeout(CALL_TIMEOUT).build()?;
        Ok(Self { client, url: url.trim_end_matches('/').to_owned(), key: key.to_owned() })
    }

    /// Makes a session, or finds the one that this key made before; Stripe remembers the key for at least 24 hours.
    pub async fn create_session(&self, form: &[(&str, String)], idempotency_key: &str) -> Result<SessionDocument, ApiFault> {
        self.post("v1/checkout/sessions", form, idempotency_key).await
    }

    /// Makes a refund, or finds the one that this key made before.
    pub async fn create_refund(&self, form: &[(&str, String)], idempotency_key: &str) -> Result<RefundDocument, ApiFault> {
        self.post("v1/refunds", form, idempotency_key).await
    }

    /// All refunds of a payment, whoever made them. Stripe takes no more than a few dozen for one.
    pub async fn refunds_of(&self, payment: &str) -> Result<Vec<RefundDocument>, ApiFault> {
        let mut url = self.path("v1/refunds")?;
        url.query_pairs_mut().append_pair("payment_intent", payment).append_pair("limit", &PAGE.to_string());
        let page: ListDocument<RefundDocument> = self.send(self.client.get(url)).await?;
        if page.has_more { Err(ApiFault::Later(format!("more than {PAGE} refunds of one payment"))) } else { Ok(page.data) }
    }

    /// A page of the events of these types that were made between two times in Unix seconds, newest first, after this one when given; whether there are more.
    pub async fn events(&self, kinds: &[&str], from_s: i64, until_s: i64, after: &str) -> Result<(Vec<Value>, bool), ApiFault> {
        let mut url = self.path("v1/events")?;
        let query = [("limit", PAGE.to_string()), ("created[gte]", from_s.to_string()), ("created[lte]", until_s.to_string())];
        url.query_pairs_mut().extend_pairs(query).extend_pairs(kinds.iter().map(|kind| ("types[]", *kind)));
        if !after.is_empty() {
            url.query_pairs_mut().append_pair("starting_after", after);
        }
        let page: ListDocument<Value> = self.send(self.client.get(url)).await?;
        Ok((page.data, page.has_more))
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, form: &[(&str, String)], idempotency_key: &str) -> Result<T, ApiFault> {
        let mut encoded = reqwest::Url::parse("http://form/").expect("a constant");
        encoded.query_pairs_mut().extend_pairs(form);
        let body = encoded.query().unwrap_or_default().to_owned();
        let request = self.client.post(format!("{}/{path}", self.url)).header("idempotency-key", idempotency_key);
        self.send(request.header("content-type", "application/x-www-form-urlencoded").body(body)).await
    }

    /// A session with its payment.
    pub async fn session(&self, id: &str) -> Result<SessionDocument, ApiFault> {
        let mut url = self.path("v1/checkout/sessions")?;
        // Stripe's own id, as it came: it must not become another path.
        url.path_segments_mut().map_err(|()| ApiFault::Later("the address has no path".to_owned()))?.push(id);
        url.query_pairs_mut().append_pair("expand[]", "payment_intent");
        self.send(self.client.get(url)).await
    }

    /// The session that carries an order, among those made between two times in Unix seconds. Stripe can't be asked for metadata of sessions, so the list of
    /// that time is read. `None`: there is none.
    pub async fn session_of_order(&self, order_id: uuid::Uuid, from_s: i64, until_s: i64) -> Result<Option<SessionDocument>, ApiFault> {
        let mut after: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let mut url = self.path("v1/checkout/sessions")?;
            let limit = PAGE.to_string();
            let query = [("limit", limit), ("created[gte]", from_s.to_string()), ("created[lte]", until_s.to_string())];
            url.query_pairs_mut().extend_pairs(query);
            if let Some(after) = &after {
                url.query_pairs_mut().append_pair("starting_after", after);
            }
            let page: ListDocument<SessionDocument> = self.send(self.client.get(url)).await?;
            after = page.data.last().map(|last| last.id.clone());
            if let Some(found) = page.data.into_iter().find(|session| session.order_id() == Some(order_id)) {
                return Ok(Some(found));
            }
            if !page.has_more || after.is_none() {
                return Ok(None);
            }
        }
        Err(ApiFault::Later(format!(
            "more than {} sessions were made within seconds; the order's was not among those that were read",
            PAGE * PAGES_MAX
        )))
    }

    fn path(&self, path: &str) -> Result<reqwest::Url, ApiFault> {
        reqwest::Url::parse(&format!("{}/{path}", self.url)).map_err(|error| ApiFault::Later(error.to_string()))
    }

    async fn send<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, ApiFault> {
        let sent = request.bearer_auth(&self.key).header("stripe-version", VERSION).send().await;
        let answer = sent.map_err(|error| ApiFault::Later(error.without_url().to_string()))?;
        let status = answer.status().as_u16();
        let body = http_client::read(answer, ANSWER_BYTES_MAX).await.map_err(|error| ApiFault::Later(error.to_string()))?;
        if status == 200 {
            // Something was done, and the answer can't be read.
            return serde_json::from_slice(&body).map_err(|error| ApiFault::Later(format!("an answer that can't be read: {error}")));
        }
        Err(fault(status, &serde_json::from_slice::<ErrorDocument>(&body).unwrap_or_default().error))
    }
}

/// What a status proves (docs.stripe.com/api/errors): 400, 402 and 404 that nothing was done; 409, 429 and a wrong key that nothing was done for now; the rest nothing.
fn fault(status: u16, error: &ErrorBody) -> ApiFault {
    let words = |text: &Option<String>| shown(text.as_deref().unwrap_or_default());
    let (code, message) = (words(&error.code), words(&error.message));
    match status {
        400 if error.kind.as_deref() == Some("idempotency_error") => ApiFault::KeyReused,
        400 | 402 => ApiFault::Refused(format!("{code}: {message}")),
        404 => ApiFault::NotFound,
        _ => ApiFault::Later(format!("Stripe answered {status} {code}: {message}")),
    }
}

#[cfg(test)]
mod tests;
