//! Requests to the Android Publisher API, version 3 (revision 20261026 of its description).

use super::access::GoogleAccess;
use crate::stores::Unavailable;
use crate::stores::receipt::GoogleReceipt;
use reqwest::{Client, Method, RequestBuilder, StatusCode, Url, header::AUTHORIZATION};
use std::time::Duration;

/// How long a request may take; the buyer waits for it.
pub(super) const TIME_OUT: Duration = Duration::from_secs(10);
/// The most bytes of an answer: a page of voided purchases has some 500 KiB.
const ANSWER_BYTES_MAX: usize = bankapi::json::DOCUMENT_BYTES_MAX;
/// The most voided purchases of a page: Google's own limit.
const PAGE_SIZE: u32 = 1_000;

/// What Google answers about a purchase.
#[derive(Debug)]
pub(super) enum AboutPurchase {
    /// The purchase, JSON.
    Found(Vec<u8>),
    /// There is none under this token in this app, with what Google said.
    Unknown(String),
}

/// The API at its base address.
#[derive(Debug)]
pub(super) struct GoogleApi {
    base: Url,
    client: Client,
    access: GoogleAccess,
}

impl GoogleApi {
    pub(super) fn try_new(base: &str, client: Client, access: GoogleAccess) -> Result<Self, String> {
        let base: Url = base.parse().map_err(|_| "not an address".to_owned())?;
        if base.cannot_be_a_base() { Err("not an address with a host".to_owned()) } else { Ok(Self { base, client, access }) }
    }

    /// `purchases.productsv2.getproductpurchasev2`.
    pub(super) async fn purchase(&self, package: &str, token: &str) -> Result<AboutPurchase, Unavailable> {
        let url = self.url(&[package, "purchases", "productsv2", "tokens", token]);
        let (status, body) = self.answer(|| self.client.request(Method::GET, url.clone())).await?;
        match status {
            StatusCode::OK => Ok(AboutPurchase::Found(body)),
            // A token that is none of Google's, another app's, or of a purchase long gone.
            StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::GONE => Ok(AboutPurchase::Unknown(said(status, &body))),
            _ => Err(unavailable(status, &body)),
        }
    }

    /// `purchases.products.consume`. The inner error: Google will not, for a reason that the purchase itself shows.
    pub(super) async fn consume(&self, receipt: &GoogleReceipt) -> Result<Result<(), String>, Unavailable> {
        let token = format!("{}:consume", receipt.purchase_token);
        let url = self.url(&[&receipt.package_name, "purchases", "products", &receipt.product_id, "tokens", &token]);
        let (status, body) = self.answer(|| self.client.request(Method::POST, url.clone()).body(Vec::new())).await?;
        match status {
            status if status.is_success() => Ok(Ok(())),
            StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::CONFLICT => Ok(Err(said(status, &body))),
            _ => Err(unavailable(status, &body)),
        }
    }

    /// A page of `purchases.voidedpurchases.list`: one-time products, also those that were voided in part.
    pub(super) async fn voided(&self, package: &str, since_ms: i64, page: &str) -> Result<Vec<u8>, Unavailable> {
        let mut url = self.url(&[package, "purchases", "voidedpurchases"]);
        let (since, most) = (since_ms.to_string(), PAGE_SIZE.to_string());
        let asked = [("startTime", since.as_str()), ("maxResults", &most), ("type", "0"), ("includeQuantityBasedPartialRefund", "true")];
        let next = Some(("token", page)).filter(|_| !page.is_empty());
        url.query_pairs_mut().extend_pairs(asked.into_iter().chain(next));
        let (status, body) = self.answer(|| self.client.request(Method::GET, url.clone())).await?;
        if status == StatusCode::OK { Ok(body) } else { Err(unavailable(status, &body)) }
    }

    /// `orders.refund`. The inner error: Google will not, for a reason that the order itself shows.
    pub(super) async fn refund_order(&self, package: &str, order_id: &str, revoke: bool) -> Result<Result<(), String>, Unavailable> {
        let mut url = self.url(&[package, "orders", &format!("{order_id}:refund")]);
        url.query_pairs_mut().append_pair("revoke", if revoke { "true" } else { "false" });
        let (status, body) = self.answer(|| self.client.request(Method::POST, url.clone()).body(Vec::new())).await?;
        match status {
            status if status.is_success() => Ok(Ok(())),
            StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::CONFLICT => Ok(Err(said(status, &body))),
            _ => Err(unavailable(status, &body)),
        }
    }

    /// `orders.reviewrefund`. The inner error: Google will not, because it was answered before, or the token is no longer good.
    pub(super) async fn review_refund(
        &self,
        package: &str,
        order_id: &str,
        review: &serde_json::Value,
    ) -> Result<Result<(), String>, Unavailable> {
        let url = self.url(&[package, "orders", &format!("{order_id}:reviewrefund")]);
        let (status, body) = self.answer(|| self.client.request(Method::POST, url.clone()).json(review)).await?;
        match status {
            status if status.is_success() => Ok(Ok(())),
            StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::CONFLICT => Ok(Err(said(status, &body))),
            _ => Err(unavailable(status, &body)),
        }
    }

    /// `orders.get`: the order, JSON. `None`: there is none of this id in this app.
    pub(super) async fn order(&self, package: &str, order_id: &str) -> Result<Option<Vec<u8>>, Unavailable> {
        let url = self.url(&[package, "orders", order_id]);
        let (status, body) = self.answer(|| self.client.request(Method::GET, url.clone())).await?;
        match status {
            StatusCode::OK => Ok(Some(body)),
            StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::GONE => Ok(None),
            _ => Err(unavailable(status, &body)),
        }
    }

    fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        let mut path = url.path_segments_mut().expect("a base address");
        // Each segment is encoded: a token can't lead elsewhere.
        path.pop_if_empty().extend(["androidpublisher", "v3", "applications"]).extend(segments);
        drop(path);
        url
    }

    /// Sends a request, once more with a new token if the first is refused.
    async fn answer(&self, request: impl Fn() -> RequestBuilder) -> Result<(StatusCode, Vec<u8>), Unavailable> {
        let of_all = |why: String| Unavailable { why, for_all: true };
        let token = self.access.token(None).await.map_err(of_all)?;
        let (status, body) = send(request().header(AUTHORIZATION, token.authorization())).await?;
        if status != StatusCode::UNAUTHORIZED {
            return Ok((status, body));
        }
        let token = self.access.token(Some(&token)).await.map_err(of_all)?;
        send(request().header(AUTHORIZATION, token.authorization())).await
    }
}

async fn send(request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), Unavailable> {
    // Without the address: it has the token in it.
    let response = request.send().await;
    let response =
        response.map_err(|error| Unavailable { why: format!("Google can't be reached: {}", error.without_url()), for_all: true })?;
    let status = response.status();
    let body = http_client::read(response, ANSWER_BYTES_MAX).await;
    let body = body.map_err(|_| Unavailable { why: "Google's answer was too long or cut".to_owned(), for_all: false })?;
    Ok((status, body.to_vec()))
}

/// An answer that decides nothing: no permission, too many requests, or a failure there.
fn unavailable(status: StatusCode, body: &[u8]) -> Unavailable {
    Unavailable { why: said(status, body), for_all: true }
}

/// What Google said, for staff.
fn said(status: StatusCode, body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Said {
        error: SaidError,
    }
    #[derive(serde::Deserialize)]
    struct SaidError {
        message: String,
    }
    let message = serde_json::from_slice::<Said>(body).map(|said| said.error.message).unwrap_or_default();
    let message: String = money::text::shown(&message).chars().take(200).collect();
    format!("Google answered {}: {message}", status.as_u16())
}
