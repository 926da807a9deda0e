//! What a user bought, for the export: orders, refunds, and receipts that were refused.

use serde_json::{Value, json};

use super::{PAGE, WhoseData};
use crate::OperationFault;

/// Orders that the user made on the web, paid or not.
pub(super) async fn orders(tables: &purchase::tables::Store, of: &WhoseData<'_>) -> Result<Value, OperationFault> {
    let (mut orders, mut after) = (Vec::new(), None);
    loop {
        let page = tables.orders_of_user(&of.book, &of.user, after).await?;
        let Some(last) = page.last() else { return Ok(json!(orders)) };
        after = Some(last.order_id);
        orders.extend(page.iter().map(|order| {
            json!({
                "checkout_id": order.order_id, "session_id": order.session_id, "transaction_id": order.transaction_id,
                "product_id": order.product_id, "success_url": order.success_url, "cancel_url": order.cancel_url,
                "payer_id": order.paying.payer_id, "payer_address": order.paying.payer_address,
                "pay_url": order.pay_url, "created_at_ms": order.created_at_ms,
            })
        }));
    }
}

/// Refunds of the user's purchases that were started here.
pub(super) async fn refunds(tables: &purchase::tables::Store, of: &WhoseData<'_>) -> Result<Value, OperationFault> {
    let (mut refunds, mut before) = (Vec::new(), None);
    loop {
        let page = tables.refunds_of_user(&of.book, &of.user, before).await?;
        let Some(last) = page.last() else { return Ok(json!(refunds)) };
        before = Some(last.refund_id);
        refunds.extend(page.iter().map(|refund| {
            json!({
                "refund_id": refund.refund_id, "purchase_id": refund.purchase_id, "store_refund_id": refund.store_refund_id,
                "currency": refund.amount.currency().code(), "minor_units": refund.amount.minor_units(),
                "created_at_ms": refund.created_at_ms,
            })
        }));
    }
}

/// Refused receipts that the user submitted.
pub(super) async fn refused_receipts(tables: &purchase::tables::Store, of: &WhoseData<'_>) -> Result<Value, OperationFault> {
    let filter = purchase::tables::RefusedFilter { user_id: of.user.as_str(), transaction_id: "", refused: rpc::wire::TimeRange::ANY };
    let (mut refused, mut before) = (Vec::new(), None);
    loop {
        let page = tables.refused(&of.book, filter, before, PAGE).await?;
        let Some(last) = page.last() else { return Ok(json!(refused)) };
        before = Some(last.refusal_id);
        refused.extend(page.iter().map(|row| {
            json!({
                "request_id": row.request_id, "refused_at_ms": row.refused_at_ms, "reason": row.reason,
                "transaction_id": row.claims.transaction_id, "product_id": row.claims.product_id,
            })
        }));
    }
}

/// What limits the user's purchases: an age that was reached, a zone, a pause, and the user's own limits.
pub(super) async fn spending(tables: &purchase::tables::Store, of: &WhoseData<'_>) -> Result<Value, OperationFault> {
    let known = tables.spending_of(&of.book, &of.user).await?;
    let limits = known
        .limits
        .iter()
        .map(|(currency, period, minor_units)| json!({ "currency": currency, "period": period, "minor_units": minor_units }));
    let limits: Vec<Value> = limits.collect();
    Ok(json!({
        "age_at_least": known.age_at_least, "time_zone": known.time_zone, "paused_until_ms": known.paused_until_ms, "consent_withdrawn_ms": known.consent_withdrawn_ms, "limits": limits,
    }))
}
