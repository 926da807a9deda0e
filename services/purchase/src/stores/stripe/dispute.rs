//! What an event says of a dispute about a payment: how far it is, and what Stripe took and gave back for it (docs.stripe.com/api/disputes/object).

use serde::Deserialize;

use super::amounts;
use crate::domain::event::StoreEvent;
use crate::refunds::fact::{DisputeOfEvent, FactStatus};
use crate::stores::ID_BYTES_MAX;

/// The prefix of the types of its events.
const KIND_PREFIX: &str = "charge.dispute.";

/// An event about a dispute, as it is kept.
#[derive(Debug, Deserialize)]
struct DisputeEvent {
    data: DisputeData,
}

#[derive(Debug, Deserialize)]
struct DisputeData {
    object: DisputeDocument,
}

#[derive(Debug, Deserialize)]
struct DisputeDocument {
    id: String,
    amount: i64,
    currency: String,
    status: String,
    /// Everything that was moved for it until then; absent in events that an older program kept.
    balance_transactions: Option<Vec<DisputeMovement>>,
}

/// A line of our balance at Stripe: what was withdrawn is less than nothing, and the fee is more.
#[derive(Debug, Deserialize)]
struct DisputeMovement {
    amount: i64,
    currency: String,
    fee: i64,
}

/// Whether an event of this type is about a dispute.
#[must_use]
pub fn is_dispute(kind: &str) -> bool {
    kind.starts_with(KIND_PREFIX)
}

/// What a kept event says of its dispute, or why a person has to look at it.
pub(crate) fn read(event: &StoreEvent) -> Result<DisputeOfEvent, &'static str> {
    let read: DisputeEvent = serde_json::from_str(&event.payload).map_err(|_| "its dispute can't be read")?;
    let DisputeDocument { id, amount, currency, status, balance_transactions } = read.data.object;
    if !(1..=ID_BYTES_MAX).contains(&id.len()) || !money::text::is_plain(&id) {
        return Err("its dispute has no id");
    }
    let status = match status.as_str() {
        "needs_response" | "under_review" => FactStatus::Disputed,
        "lost" => FactStatus::Lost,
        // An inquiry, about which nothing is withdrawn unless it becomes a dispute; and what was refunded instead is reported as a refund.
        "won" | "warning_needs_response" | "warning_under_review" | "warning_closed" | "charge_refunded" | "prevented" => {
            FactStatus::NotDisputed
        }
        _ => return Err("it says a status of a dispute that nobody knew"),
    };
    let Some(movements) = balance_transactions else {
        return Err("what was withdrawn for its dispute is not in it; the store's next event says it");
    };
    if movements.iter().any(|moved| moved.currency != currency) {
        return Err("money was withdrawn in another currency than the payment's");
    }
    let summed = |of: fn(&DisputeMovement) -> Option<i64>| {
        let units = movements.iter().try_fold(0_i64, |sum, moved| sum.checked_add(of(moved)?))?;
        let amount = amounts::money(&currency, units.checked_abs()?)?.minor_units();
        Some(if units < 0 { -amount } else { amount })
    };
    let beyond = "its amounts can't be represented";
    let amount = amounts::money(&currency, amount).ok_or(beyond)?;
    Ok(DisputeOfEvent {
        id,
        amount,
        status,
        withdrawn: summed(|moved| moved.amount.checked_neg()).ok_or(beyond)?,
        fee: summed(|moved| Some(moved.fee)).ok_or(beyond)?,
        movements: i64::try_from(movements.len()).unwrap_or(i64::MAX),
        shown: format!("{} {} disputed", amount.to_decimal(), amount.currency()),
    })
}
