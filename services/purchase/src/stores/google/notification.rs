//! Real-time developer notifications, and the list of voided purchases, read into the domain's terms. A notification says that something changed; what is true of a
//! purchase is asked of Google when the notification is read.

use bankapi::json::parse;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use money::BookName;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::StoreKind;
use crate::domain::event::{EventState, StoreEvent, VOIDED_LISTED, VOIDED_PUSH};
use crate::domain::refusal::ReceiptRefusal;
use crate::stores::ID_BYTES_MAX;
use crate::stores::receipt::GoogleReceipt;
use crate::stores::receipt::RefusedReceipt;

/// Kind of a notification that asks about a refund.
const PENDING_REVIEW: &str = "pendingRefundReviewNotification";
/// Kind of a notification of a purchase.
const PRODUCT: &str = "oneTimeProductNotification";
/// Subtype of what was paid back in whole, and in part.
pub(crate) const VOIDED_WHOLLY: &str = "1";
const VOIDED_IN_PART: &str = "2";
/// What the names of all notifications end with.
const NOTIFICATION: &str = "Notification";
/// Subscriptions, which coins are none of.
const SUBSCRIPTION_PRODUCT: i64 = 1;

/// A message that was pushed, not proved to be anybody's.
#[derive(Debug, Clone)]
pub struct PushedMessage {
    message_id: String,
    /// The app that it is about.
    pub package_name: String,
    notification: Value,
}

/// What is kept of a notification of a sale, to read it by.
#[derive(Serialize, Deserialize)]
struct KeptSale {
    package_name: String,
    product_id: String,
    purchase_token: String,
}

/// The receipt in what was kept of a notification.
pub(crate) fn receipt(payload: &str) -> Option<GoogleReceipt> {
    let KeptSale { package_name, product_id, purchase_token } = serde_json::from_str(payload).ok()?;
    Some(GoogleReceipt { package_name, product_id, purchase_token })
}

/// The token of the purchase that a notification of a refund, or the list of them, names; empty for none.
pub(crate) fn voided_token(payload: &str) -> String {
    let Ok(said) = parse(payload.as_bytes()) else { return String::new() };
    [&said[VOIDED_PUSH], &said].into_iter().find_map(|of| token(of).ok()).unwrap_or_default()
}

/// The token with which a notification wants its question about a refund answered; empty where it asks none.
pub(crate) fn pending_refund_token(payload: &str) -> String {
    let Ok(said) = parse(payload.as_bytes()) else { return String::new() };
    let token = text(&said[PENDING_REVIEW], "pendingRefundToken");
    let fits = (1..=super::PURCHASE_TOKEN_BYTES_MAX).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { token.to_owned() } else { String::new() }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// A whole number, which Google writes as a number or as a text.
fn number(value: &Value, field: &str) -> Option<i64> {
    let value = value.get(field)?;
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn malformed(what: &str) -> RefusedReceipt {
    RefusedReceipt::new(ReceiptRefusal::Malformed, format!("{what} is missing or not of its form"))
}

fn id(text: &str, what: &str) -> Result<String, RefusedReceipt> {
    let fits = (1..=ID_BYTES_MAX).contains(&text.len()) && money::text::is_plain(text);
    if fits { Ok(text.to_owned()) } else { Err(malformed(what)) }
}

impl PushedMessage {
    /// Reads the body of a push; `None` if it is none.
    #[must_use]
    pub fn read(body: &[u8]) -> Option<Self> {
        let push = parse(body).ok()?;
        let message = push.get("message")?;
        // Pub/Sub sends the id under both names.
        let message_id = [text(message, "messageId"), text(message, "message_id")].into_iter().find(|id| !id.is_empty())?.to_owned();
        let notification = parse(&STANDARD.decode(text(message, "data")).ok()?).ok()?;
        let package_name = notification.get("packageName")?.as_str()?.to_owned();
        Some(Self { message_id, package_name, notification })
    }

    /// The event that it reports.
    pub fn into_event(self, book: BookName) -> Result<StoreEvent, RefusedReceipt> {
        let said = &self.notification;
        let named =
            said.as_object().and_then(|fields| fields.iter().find(|(name, value)| name.ends_with(NOTIFICATION) && value.is_object()));
        let (kind, content) = named.map_or(("", &Value::Null), |(name, content)| (name.as_str(), content));
        let mut event = StoreEvent {
            store: StoreKind::Google,
            event_id: id(&self.message_id, "messageId")?,
            book,
            state: EventState::Unknown,
            kind: if kind.is_empty() { "none".to_owned() } else { id(kind, "the notification's name")? },
            subtype: String::new(),
            // A notification does not say whether it is about a tester's purchase.
            environment: String::new(),
            bundle_id: self.package_name.clone(),
            transaction_id: String::new(),
            account_token: String::new(),
            signed_at_ms: number(said, "eventTimeMillis").unwrap_or(0),
            payload: said.to_string(),
            tries: 0,
        };
        match kind {
            PRODUCT => {
                let of_type = number(content, "notificationType").ok_or_else(|| malformed("notificationType"))?;
                // Paid, or cancelled while it was pending.
                event.state = if matches!(of_type, 1 | 2) { EventState::New } else { EventState::Unknown };
                event.subtype = of_type.to_string();
                let kept = KeptSale {
                    package_name: self.package_name.clone(),
                    product_id: id(text(content, "sku"), "sku")?,
                    purchase_token: token(content)?,
                };
                event.payload = serde_json::to_string(&kept).expect("texts only");
            }
            VOIDED_PUSH => {
                event.transaction_id = id(text(content, "orderId"), "orderId")?;
                event.subtype = number(content, "refundType").ok_or_else(|| malformed("refundType"))?.to_string();
                let of_subscription = number(content, "productType") == Some(SUBSCRIPTION_PRODUCT);
                event.state = if of_subscription { EventState::Noted } else { EventState::WaitsForRefunds };
            }
            PENDING_REVIEW => {
                event.transaction_id = id(text(content, "orderId"), "orderId")?;
                event.subtype = number(content, "refundReason").map(|reason| reason.to_string()).unwrap_or_default();
                event.account_token =
                    text(content, "obfuscatedAccountId").chars().take(ID_BYTES_MAX).filter(|c| !money::text::is_hidden(*c)).collect();
                event.state = EventState::WaitsForRefunds;
            }
            "testNotification" | "subscriptionNotification" => event.state = EventState::Noted,
            _ => {}
        }
        Ok(event)
    }
}

fn token(content: &Value) -> Result<String, RefusedReceipt> {
    let token = text(content, "purchaseToken");
    let fits = (1..=super::PURCHASE_TOKEN_BYTES_MAX).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(token.to_owned()) } else { Err(malformed("purchaseToken")) }
}

/// A page of the list of voided purchases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoidedPage {
    /// What it says, in its order. Purchases without an order are left out: none of ours is known by anything else there.
    pub events: Vec<StoreEvent>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<String>,
}

impl VoidedPage {
    /// Reads a page; `None` if it is none.
    #[must_use]
    pub fn read(body: &[u8], package_name: &str, book: &BookName) -> Option<Self> {
        let page = parse(body).ok().filter(Value::is_object)?;
        let voids = page.get("voidedPurchases").and_then(Value::as_array).cloned().unwrap_or_default();
        let next = page.get("tokenPagination").map(|pagination| text(pagination, "nextPageToken").to_owned());
        let events = voids.iter().filter_map(|void| voided(void, package_name, book)).collect();
        Some(Self { events, next: next.filter(|next| !next.is_empty()) })
    }
}

fn voided(void: &Value, package_name: &str, book: &BookName) -> Option<StoreEvent> {
    let order = id(text(void, "orderId"), "orderId").ok()?;
    let at_ms = number(void, "voidedTimeMillis")?;
    let quantity = number(void, "voidedQuantity");
    let event_id = format!("voided/{order}/{at_ms}/{}", quantity.unwrap_or(0));
    Some(StoreEvent {
        store: StoreKind::Google,
        event_id: id(&event_id, "the id").ok()?,
        book: book.clone(),
        state: EventState::WaitsForRefunds,
        kind: VOIDED_LISTED.to_owned(),
        subtype: if quantity.is_some() { VOIDED_IN_PART } else { VOIDED_WHOLLY }.to_owned(),
        environment: String::new(),
        bundle_id: package_name.to_owned(),
        transaction_id: order,
        account_token: String::new(),
        signed_at_ms: at_ms,
        payload: void.to_string(),
        tries: 0,
    })
}

#[cfg(test)]
mod tests;
