//! Refunds at Stripe: made under a key that follows from our refund, and found by our id in their metadata (docs.stripe.com/api/refunds).

use std::time::SystemTime;

use serde::Deserialize;
use uuid::Uuid;

use super::amounts;
use super::api::ApiFault;
use super::merchant::Merchant;
use crate::domain::Purchase;
use crate::refund_orders::order::RefundOrder;
use crate::stores::ID_BYTES_MAX;
use crate::stores::refunding::{NotRefunded, RefundStanding, RefundWord, RefundingStore};

/// A refund as Stripe writes it. Other fields are not read.
#[derive(Debug, Clone, Deserialize)]
pub struct RefundDocument {
    /// `re_...`.
    pub id: String,
    /// `pending`, `requires_action`, `succeeded`, `failed` or `canceled`.
    #[serde(default)]
    pub status: Option<String>,
    /// As Stripe counts the currency.
    #[serde(default)]
    pub amount: Option<i64>,
    /// In lower case.
    #[serde(default)]
    pub currency: Option<String>,
    /// Why it failed.
    #[serde(default)]
    pub failure_reason: Option<String>,
    /// What we gave with it.
    #[serde(default)]
    pub metadata: Option<RefundMetadata>,
}

/// The metadata that we give with a refund.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct RefundMetadata {
    /// Our refund's id.
    #[serde(default)]
    pub refund_id: Option<String>,
}

impl RefundDocument {
    /// Our refund that it is; `None` for one that was made by others.
    fn refund_id(&self) -> Option<Uuid> {
        Uuid::try_parse(self.metadata.as_ref()?.refund_id.as_deref()?).ok()
    }

    pub(super) fn word(&self) -> RefundWord {
        let standing = match self.status.as_deref() {
            Some("succeeded") => RefundStanding::Succeeded,
            Some("failed" | "canceled") => RefundStanding::Failed,
            // The buyer has to say where the money goes, or Stripe waits for the bank.
            _ => RefundStanding::Pending,
        };
        let is_id = (1..=ID_BYTES_MAX).contains(&self.id.len()) && money::text::is_plain(&self.id);
        RefundWord {
            store_refund_id: if is_id { self.id.clone() } else { String::new() },
            standing,
            amount: self.currency.as_deref().zip(self.amount).and_then(|(currency, units)| amounts::money(currency, units)),
            together: None,
            why: money::text::shown(self.failure_reason.as_deref().unwrap_or_default()).chars().take(200).collect(),
        }
    }
}

/// The form of a refund. The same for each attempt, as the idempotency key demands.
fn form(order: &RefundOrder, of: &Purchase) -> Result<Vec<(&'static str, String)>, amounts::NotChargeable> {
    Ok(vec![
        ("payment_intent", of.transaction_id.clone()),
        ("amount", amounts::charged(order.amount)?.to_string()),
        ("reason", "requested_by_customer".to_owned()),
        ("metadata[refund_id]", order.refund_id.hyphenated().to_string()),
    ])
}

#[tonic::async_trait]
impl RefundingStore for Merchant {
    fn takes_parts(&self) -> bool {
        true
    }

    /// Stripe remembers the key for a day. After that it would make another refund, so the sweep looks for the first one before it comes here again.
    async fn refund(&self, order: &RefundOrder, of: &Purchase, _now: SystemTime) -> Result<RefundWord, NotRefunded> {
        let form = form(order, of).map_err(|why| NotRefunded::Refused(why.to_string()))?;
        let key = format!("largesse-refund-{}", order.refund_id.hyphenated());
        match self.api.create_refund(&form, &key).await {
            Ok(made) => Ok(made.word()),
            Err(ApiFault::Refused(why)) => Err(NotRefunded::Refused(why)),
            Err(ApiFault::NotFound) => Err(NotRefunded::Unknown("Stripe knows no such payment, or the interface is elsewhere".to_owned())),
            Err(ApiFault::KeyReused) => Err(NotRefunded::Unknown("the idempotency key was used for another refund".to_owned())),
            Err(ApiFault::Later(why)) => Err(NotRefunded::Unknown(why)),
        }
    }

    /// Whatever its id: the refund of the payment that has ours in its metadata.
    async fn refund_standing(&self, order: &RefundOrder, of: &Purchase, _now: SystemTime) -> Result<Option<RefundWord>, String> {
        let all = self.api.refunds_of(&of.transaction_id).await.map_err(|fault| format!("{fault:?}"))?;
        Ok(all.iter().find(|made| made.refund_id() == Some(order.refund_id)).map(RefundDocument::word))
    }
}
