//! What the App Store lists: notifications of 180 days, and what it paid back to a buyer. Everything in them is signed, and verified like a notification.

use chart::BookKind;
use money::BookName;
use reqwest::Method;
use serde_json::{Value, json};

use app_store_server_library::models::jws_transaction_decoded_payload::JWSTransactionDecodedPayload;

use super::{
    ReceiptVerifier, claims, notification, parts, refused_by_library,
    server::{self, ServerCall},
};
use crate::domain::StoreKind;
use crate::domain::event::{EventState, StoreEvent};
use crate::domain::refusal::ReceiptRefusal;
use crate::questions::answer::NotAnswered;
use crate::stores::receipt::RefusedReceipt;

/// Subtype of a refund that is listed.
const LISTED: &str = "LISTED";
/// Apple's codes for a page that can't be found any more.
const TOKEN_GONE: [i64; 3] = [4_000_005, 4_000_014, 4_000_017];
/// Apple's code for a transaction that it does not know.
const TRANSACTION_UNKNOWN: i64 = 4_040_010;

/// An app whose lists are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListedApp {
    pub(crate) bundle_id: String,
    pub(crate) book: BookName,
    pub(crate) kind: BookKind,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ListPage {
    /// Its signed entries, and where the next page begins; `None` on the last one.
    Entries(Vec<String>, Option<String>),
    /// The place is no longer good: the list is read from its beginning.
    TokenGone,
    /// The App Store does not know what was asked about.
    Unknown,
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|entry| entry.as_str().map(str::to_owned)).collect()
}

/// Where the next page begins; an error where there is one and no place.
pub(crate) fn next(body: &Value, token: &str) -> Result<Option<String>, NotAnswered> {
    if body["hasMore"] != true {
        return Ok(None);
    }
    let token = body[token].as_str().filter(|token| !token.is_empty());
    let missing = || NotAnswered { why: "a list goes on and does not say where".to_owned(), for_all: false, retry_at_ms: 0 };
    token.map(|token| Some(token.to_owned())).ok_or_else(missing)
}

impl ReceiptVerifier {
    /// The apps that are configured, with their books.
    pub(crate) fn apps(&self) -> Vec<(String, BookName)> {
        let mut apps: Vec<_> =
            self.bundles.iter().filter_map(|(name, app)| Some((name.clone(), BookName::try_new(&app.book).ok()?))).collect();
        apps.sort();
        apps
    }

    /// Whether lists of apps of such books can be read.
    pub(crate) fn can_list(&self, kind: BookKind) -> bool {
        self.servers[server::place(kind)].is_some()
    }

    fn server(&self, app: &ListedApp) -> Result<&server::AppStoreServer, NotAnswered> {
        let why = || "no key for the App Store Server API is configured (purchase.apple)".to_owned();
        self.servers[server::place(app.kind)].as_ref().ok_or_else(|| NotAnswered { why: why(), for_all: false, retry_at_ms: 0 })
    }

    /// A page of what was said about an app in a span of time: `POST /inApps/v1/notifications/history`.
    pub(crate) async fn history(&self, app: &ListedApp, from_ms: i64, until_ms: i64, token: &str) -> Result<ListPage, NotAnswered> {
        let asked = json!({"startDate": from_ms, "endDate": until_ms});
        let call =
            ServerCall { method: Method::POST, segments: &["v1", "notifications", "history"], place: Some(("paginationToken", token)) };
        let said = self.server(app)?.answer(&app.bundle_id, call, |request| request.json(&asked)).await?;
        if TOKEN_GONE.contains(&said.code()) && !token.is_empty() {
            return Ok(ListPage::TokenGone);
        }
        match said.body["notificationHistory"].as_array() {
            Some(entries) if said.status.is_success() => {
                let payloads = entries.iter().filter_map(|entry| entry["signedPayload"].as_str().map(str::to_owned)).collect();
                Ok(ListPage::Entries(payloads, next(&said.body, "paginationToken")?))
            }
            _ => Err(said.unavailable()),
        }
    }

    /// A page of what was paid back to the buyer of a transaction: `GET /inApps/v2/refund/lookup/{transactionId}`.
    pub(crate) async fn refunds(&self, app: &ListedApp, transaction_id: &str, revision: &str) -> Result<ListPage, NotAnswered> {
        let segments = ["v2", "refund", "lookup", transaction_id];
        let call = ServerCall { method: Method::GET, segments: &segments, place: Some(("revision", revision)) };
        let said = self.server(app)?.answer(&app.bundle_id, call, |request| request).await?;
        match said.code() {
            code if TOKEN_GONE.contains(&code) && !revision.is_empty() => Ok(ListPage::TokenGone),
            TRANSACTION_UNKNOWN => Ok(ListPage::Unknown),
            _ if said.status.is_success() && said.body["signedTransactions"].is_array() => {
                Ok(ListPage::Entries(texts(&said.body["signedTransactions"]), next(&said.body, "revision")?))
            }
            _ => Err(said.unavailable()),
        }
    }

    /// A notification of a list, if it is about the app.
    pub(crate) fn listed(&self, app: &ListedApp, payload: &str) -> Result<StoreEvent, RefusedReceipt> {
        let (kind, event) = self.notification(payload)?;
        let is_apps = kind == app.kind && event.bundle_id == app.bundle_id;
        if is_apps { Ok(event) } else { Err(RefusedReceipt::new(ReceiptRefusal::Bundle, "a list has a notification about another app")) }
    }

    /// A transaction of a list as the event that it was paid back; `None` if it was not.
    pub(crate) fn listed_refund(&self, app: &ListedApp, signed: &str) -> Result<Option<StoreEvent>, RefusedReceipt> {
        let (certificates, claimed) = parts::read::<JWSTransactionDecodedPayload>(signed, super::RECEIPT_BYTES_MAX)?;
        let known = self.bundles.get_key_value(&app.bundle_id);
        let library = self.library(app.kind, &certificates, claimed.signed_date.map(|date| date.timestamp()), known)?;
        let said = library.verify_and_decode_signed_transaction(signed).map_err(|error| refused_by_library(&error))?;
        let Some(at) = said.revocation_date else { return Ok(None) };
        let malformed = |what: &str| RefusedReceipt::new(ReceiptRefusal::Malformed, format!("{what} is missing or not of its form"));
        let transaction_id = claims::read(signed).transaction_id;
        if transaction_id.is_empty() {
            return Err(malformed("transactionId"));
        }
        let part = notification::refunded_milliunits(signed).ok_or_else(|| malformed("revocationPercentage"))?;
        Ok(Some(StoreEvent {
            store: StoreKind::Apple,
            event_id: format!("refund/{transaction_id}/{}/{part}", at.timestamp_millis()),
            book: app.book.clone(),
            state: EventState::WaitsForRefunds,
            kind: notification::REFUND.to_owned(),
            subtype: LISTED.to_owned(),
            environment: super::word(&said.environment.ok_or_else(|| malformed("environment"))?)?,
            bundle_id: app.bundle_id.clone(),
            transaction_id,
            account_token: claims::account_token(signed),
            // Not when the list was signed: what is taken back after the refund was said later.
            signed_at_ms: at.timestamp_millis(),
            payload: signed.to_owned(),
            tries: 0,
        }))
    }
}
