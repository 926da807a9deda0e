//! Refunds at Stripe: made under a key that follows from our refund, and found by our id in their metadata (docs.stripe.com/api/refunds).

use std::time::SystemTime;

use super::amounts;
use super::api::ApiFault;
use super::merchant::Merchant;
use super::refund_document::RefundDocument;
use crate::domain::Purchase;
use crate::refund_orders::order::RefundOrder;
use crate::stores::refunding::{NotRefunded, RefundWord, RefundingStore};

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
