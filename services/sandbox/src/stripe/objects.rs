//! The JSON of the processor's objects, in Stripe's field names. Amounts are in the currency's smallest unit as Stripe counts it.

use super::{TEST_ACCOUNT, now_ms};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The version of the interface, with which every event says it was made.
pub const API_VERSION: &str = "2026-10-28.endive";

pub fn new_id(prefix: &str) -> String {
    format!("{prefix}_{}", Uuid::now_v7().simple())
}

/// The present Unix time in seconds.
pub fn now_s() -> i64 {
    now_ms() / 1_000
}

/// The fields of a form by their full names, such as `metadata[order_id]`. Of a list such as `types[]`, its values with commas between them.
pub type Form = BTreeMap<String, String>;

/// What a form gives under `prefix[...]`, as an object.
pub fn below(form: &Form, prefix: &str) -> Value {
    let inner = form.iter().filter_map(|(name, value)| {
        let key = name.strip_prefix(prefix)?.strip_prefix('[')?.strip_suffix(']')?;
        (!key.contains('[')).then(|| (key.to_owned(), json!(value)))
    });
    Value::Object(inner.collect::<Map<_, _>>())
}

/// A new, unpaid session. Its payment is made when somebody pays.
pub fn session(form: &Form, amount: i64, expires_at: i64, address: &str) -> Value {
    let text = |name: &str| form.get(name).cloned();
    let id = new_id("cs_test");
    json!({
        "id": id,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": text("adaptive_pricing[enabled]").as_deref() != Some("false")},
        "amount_subtotal": amount,
        "amount_total": amount,
        "cancel_url": text("cancel_url"),
        "client_reference_id": text("client_reference_id"),
        "created": now_s(),
        "currency": text("line_items[0][price_data][currency]"),
        "customer_details": null,
        "expires_at": expires_at,
        "livemode": false,
        "metadata": below(form, "metadata"),
        "mode": "payment",
        "payment_intent": null,
        "payment_intent_data": below(form, "payment_intent_data[metadata]"),
        "payment_method_options": {"card": {"request_three_d_secure": text("payment_method_options[card][request_three_d_secure]").unwrap_or_else(|| "automatic".to_owned())}},
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "status": "open",
        "success_url": text("success_url"),
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "url": format!("{address}/pay/{id}"),
    })
}

pub fn payment_intent(amount: i64, currency: &str, metadata: &Value, status: &str) -> Value {
    json!({
        "id": new_id("pi"),
        "object": "payment_intent",
        "amount": amount,
        "amount_received": if status == "succeeded" { amount } else { 0 },
        "created": now_s(),
        "currency": currency,
        "latest_charge": null,
        "livemode": false,
        "metadata": metadata,
        "status": status,
    })
}

pub fn charge(payment: &Value) -> Value {
    json!({
        "id": new_id("ch"),
        "object": "charge",
        "amount": payment["amount"],
        "amount_captured": payment["amount"],
        "amount_refunded": 0,
        "billing_details": {"email": "ada@example.com", "name": "Ada Buyer"},
        "captured": true,
        "created": now_s(),
        "currency": payment["currency"],
        "disputed": false,
        "livemode": false,
        "metadata": payment["metadata"],
        "paid": true,
        "payment_intent": payment["id"],
        "refunded": false,
        "status": "succeeded",
    })
}

pub fn refund(charge: &Value, amount: i64, status: &str) -> Value {
    json!({
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "charge": charge["id"],
        "created": now_s(),
        "currency": charge["currency"],
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": "requested_by_customer",
        "status": status,
    })
}

pub fn dispute(charge: &Value, amount: i64, status: &str) -> Value {
    json!({
        "id": new_id("dp"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now_s(),
        "currency": charge["currency"],
        "evidence_details": {"due_by": now_s() + 9 * 86_400, "has_evidence": false, "past_due": false, "submission_count": 0},
        "is_charge_refundable": false,
        "livemode": false,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": "fraudulent",
        "status": status,
    })
}

/// What is withdrawn for a dispute, with the fee, or given back.
pub fn dispute_movement(dispute: &Value, amount: i64, fee: i64) -> Value {
    json!({
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "created": now_s(),
        "currency": dispute["currency"],
        "fee": fee,
        "net": amount - fee,
        "reporting_category": if amount < 0 { "dispute" } else { "dispute_reversal" },
        "source": dispute["id"],
        "type": "adjustment",
    })
}

pub fn warning(charge: &Value) -> Value {
    json!({
        "id": new_id("issfr"),
        "object": "radar.early_fraud_warning",
        "actionable": true,
        "charge": charge["id"],
        "created": now_s(),
        "fraud_type": "made_with_stolen_card",
        "livemode": false,
        "payment_intent": charge["payment_intent"],
    })
}

/// What happened, with the object as it is right after.
pub fn event(kind: &str, object: &Value) -> Value {
    json!({
        "id": new_id("evt"),
        "object": "event",
        "account": TEST_ACCOUNT,
        "api_version": API_VERSION,
        "created": now_s(),
        "data": {"object": object},
        "livemode": object["livemode"].as_bool().unwrap_or(false),
        "pending_webhooks": 1,
        "request": {"id": null, "idempotency_key": null},
        "type": kind,
    })
}
