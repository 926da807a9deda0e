//! What Stripe says about a refund.

use serde::Deserialize;
use uuid::Uuid;

use super::amounts;
use crate::stores::ID_BYTES_MAX;
use crate::stores::refunding::{RefundStanding, RefundWord};

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
    pub(super) fn refund_id(&self) -> Option<Uuid> {
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
