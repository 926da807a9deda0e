//! Webhook events: who signed one, and what it says. Only what is needed is kept of one: names, addresses and cards of buyers are not.

use money::time::unix_ms;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::SystemTime;

use super::merchant::{Merchant, Merchants};
use super::session::{Expandable, SessionDocument};
use super::{amounts, environment};
use crate::domain::StoreKind;
use crate::domain::event::{EventState, StoreEvent};
use crate::domain::refusal::ReceiptRefusal;
use crate::orders::order::EventNews;
use crate::orders::order::PaymentStanding;
use crate::refunds::fact::{FactStatus, RefundOfEvent};
use crate::stores::ID_BYTES_MAX;
use crate::stores::payee::OrderAccount as _;
use crate::stores::receipt::RefusedReceipt;
use chart::BookKind;

/// Largest event that is taken, in bytes; real ones have a few KiB.
pub const EVENT_BYTES_MAX: usize = 256 * 1024;

/// The fields of an event's object that are kept, where it has them.
const KEPT: [&str; 17] = [
    "id",
    "object",
    "amount",
    "amount_refunded",
    "amount_total",
    "charge",
    "created",
    "currency",
    "fraud_type",
    "livemode",
    "payment_intent",
    "payment_status",
    "reason",
    "status",
    "failure_reason",
    "actionable",
    "balance_transaction",
];

/// An event's envelope.
#[derive(Debug, Clone, Deserialize, Serialize)]
struct EventEnvelope {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    livemode: bool,
    created: i64,
    /// Set for events of connected accounts, and by the sandbox.
    #[serde(default)]
    account: Option<String>,
    data: EventData,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
struct EventData {
    object: Value,
}

impl Merchants {
    /// Verifies an event and reads its envelope, or returns what is wrong with it; with the kind of book that it may be about.
    pub fn event(&self, header: Option<&str>, body: &[u8], now: SystemTime) -> Result<(BookKind, StoreEvent), RefusedReceipt> {
        let refused = |refusal, why: String| RefusedReceipt::new(refusal, why);
        let merchant = self
            .signed_by(header, body, unix_ms(now) / 1_000)
            .map_err(|unsigned| refused(ReceiptRefusal::Signature, unsigned.to_string()))?;
        let envelope: EventEnvelope = serde_json::from_slice(body).map_err(|_| malformed("the event"))?;
        Ok((merchant.kind(), of_envelope(merchant, envelope)?))
    }
}

fn malformed(what: &str) -> RefusedReceipt {
    RefusedReceipt::new(ReceiptRefusal::Malformed, format!("{what} is missing or not of its form"))
}

/// An event of an account that its list has.
pub(super) fn of_value(merchant: &Merchant, listed: Value) -> Result<StoreEvent, RefusedReceipt> {
    of_envelope(merchant, serde_json::from_value(listed).map_err(|_| malformed("the event"))?)
}

/// What an event says that is proved to be Stripe's and about this account.
fn of_envelope(merchant: &Merchant, envelope: EventEnvelope) -> Result<StoreEvent, RefusedReceipt> {
    let fits = |text: &str| (1..=ID_BYTES_MAX).contains(&text.len()) && money::text::is_plain(text);
    if !fits(&envelope.id) || !fits(&envelope.kind) {
        return Err(malformed("its id or type"));
    }
    let object = &envelope.data.object;
    let short = |field: &str| object[field].as_str().filter(|text| fits(text)).unwrap_or_default().to_owned();
    let payment =
        if object["object"] == "payment_intent" { short("id") } else { payment_of(object).filter(|id| fits(id)).unwrap_or_default() };
    let subtype = if object["object"] == "checkout.session" { short("payment_status") } else { short("status") };
    Ok(StoreEvent {
        store: StoreKind::Stripe,
        event_id: envelope.id.clone(),
        book: merchant.book().clone(),
        state: EventState::New,
        kind: envelope.kind.clone(),
        subtype,
        environment: environment(envelope.livemode).to_owned(),
        bundle_id: merchant.account_id().to_owned(),
        transaction_id: payment,
        account_token: String::new(),
        signed_at_ms: envelope.created.saturating_mul(1_000),
        payload: reduced(envelope),
        tries: 0,
    })
}

/// The payment that an object names, as an id or whole.
fn payment_of(object: &Value) -> Option<String> {
    serde_json::from_value::<Expandable>(object["payment_intent"].clone()).ok().map(|payment| payment.id().to_owned())
}

/// The event with the kept fields of its object only.
fn reduced(mut envelope: EventEnvelope) -> String {
    let object = &envelope.data.object;
    let mut kept: serde_json::Map<String, Value> = KEPT
        .iter()
        .filter_map(|field| Some(((*field).to_owned(), object.get(*field)?.clone())))
        .filter(|(_, value)| !value.is_object())
        .collect();
    if let Some(moved) = object["balance_transactions"].as_array() {
        kept.insert("balance_transactions".to_owned(), moved.iter().map(kept_movement).collect());
    }
    if let Some(payment) = payment_of(object) {
        kept.insert("payment_intent".to_owned(), Value::String(payment));
    }
    if let Some(order_id) = object["metadata"]["order_id"].as_str() {
        kept.insert("metadata".to_owned(), serde_json::json!({ "order_id": order_id }));
    }
    envelope.data.object = Value::Object(kept);
    serde_json::to_string(&envelope).unwrap_or_default()
}

/// A line of our balance, with what is needed of it.
fn kept_movement(moved: &Value) -> Value {
    let field = |name: &str| moved.get(name).cloned().unwrap_or_default();
    serde_json::json!({ "id": field("id"), "amount": field("amount"), "currency": field("currency"), "fee": field("fee") })
}

/// What a kept event says; `None` where it can't be read.
pub fn news(event: &StoreEvent) -> Option<EventNews> {
    let envelope: EventEnvelope = serde_json::from_str(&event.payload).ok()?;
    let object = &envelope.data.object;
    Some(match event.kind.as_str() {
        "checkout.session.completed"
        | "checkout.session.async_payment_succeeded"
        | "checkout.session.async_payment_failed"
        | "checkout.session.expired" => {
            let mut session: SessionDocument = serde_json::from_value(object.clone()).ok()?;
            // The type says how far it is, and these fields are not kept or not set by every version.
            session.status = Some(if event.kind.ends_with(".expired") { "expired" } else { "complete" }.to_owned());
            let merchant = envelope.account.as_deref().unwrap_or(&event.bundle_id);
            let mut facts = session.facts(merchant, event.signed_at_ms);
            if event.kind.ends_with(".async_payment_failed") {
                facts.standing = PaymentStanding::Failed;
            }
            EventNews::Payment(facts)
        }
        "payment_intent.succeeded" => {
            let order_id = object["metadata"]["order_id"].as_str().and_then(|text| uuid::Uuid::try_parse(text).ok());
            EventNews::AskAbout(order_id)
        }
        "charge.refunded" => EventNews::MoneyBack(shown(object, "amount_refunded", "refunded so far")),
        "refund.created" | "refund.updated" | "refund.failed" | "charge.refund.updated" => {
            EventNews::MoneyBack(shown(object, "amount", "refund"))
        }
        "charge.dispute.created"
        | "charge.dispute.updated"
        | "charge.dispute.closed"
        | "charge.dispute.funds_withdrawn"
        | "charge.dispute.funds_reinstated" => EventNews::MoneyBack(shown(object, "amount", "disputed")),
        "radar.early_fraud_warning.created" | "radar.early_fraud_warning.updated" => {
            let kind = object["fraud_type"].as_str().unwrap_or_default();
            EventNews::MoneyBack(format!(
                "warning: {}",
                kind.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(60).collect::<String>()
            ))
        }
        kind if is_noted(kind) => EventNews::Nothing,
        _ => EventNews::Unknown,
    })
}

/// What a kept event says of a refund; `None` where it can't be read.
pub(crate) fn refund(event: &StoreEvent) -> Option<RefundOfEvent> {
    let envelope: EventEnvelope = serde_json::from_str(&event.payload).ok()?;
    let object = &envelope.data.object;
    let amount = |field: &str| amounts::money(object["currency"].as_str()?, object[field].as_i64()?);
    if event.kind == "charge.refunded" {
        return Some(RefundOfEvent {
            id: String::new(),
            last_id: String::new(),
            amount: amount("amount_refunded")?,
            status: FactStatus::Granted,
            shown: shown(object, "amount_refunded", "refunded so far"),
        });
    }
    let id = object["id"].as_str().filter(|id| (1..=ID_BYTES_MAX).contains(&id.len()) && money::text::is_plain(id))?.to_owned();
    let status = match object["status"].as_str()? {
        "succeeded" => FactStatus::Granted,
        "pending" | "requires_action" => FactStatus::Pending,
        "failed" | "canceled" => FactStatus::Undone,
        _ => return None,
    };
    Some(RefundOfEvent { id, last_id: String::new(), amount: amount("amount")?, status, shown: shown(object, "amount", "refund") })
}

/// An amount of the object, with what it is: `5.00 USD refunded so far`.
fn shown(object: &Value, field: &str, what: &str) -> String {
    let (units, currency) = (object[field].as_i64().unwrap_or(0), object["currency"].as_str().unwrap_or_default());
    match amounts::money(currency, units) {
        Some(amount) => format!("{} {} {what}", amount.to_decimal(), amount.currency()),
        None => format!("{units} (as Stripe counts it) {what}"),
    }
}

/// Types about which nothing is done: the charge behind a payment, attempts, and our money on its way to the bank.
fn is_noted(kind: &str) -> bool {
    const FAMILIES: [&str; 8] =
        ["payment_intent.", "charge.", "payout.", "balance.", "review.", "customer.", "payment_method.", "product."];
    FAMILIES.iter().any(|family| kind.starts_with(family))
}
