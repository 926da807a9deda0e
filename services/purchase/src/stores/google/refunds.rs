//! Refunds at Google Play: of a whole order, known by the order's own id (`orders.refund` and `orders.get`).

use std::time::SystemTime;

use serde::Deserialize;

use super::{GooglePlay, KnownApp};
use crate::domain::Purchase;
use crate::refund_orders::order::RefundOrder;
use crate::stores::refunding::{NotRefunded, RefundStanding, RefundWord, RefundingStore};

/// An order, as far as its refunds are concerned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct OrderDocument {
    order_id: String,
    state: OrderStanding,
}

/// Google's words for how far an order is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum OrderStanding {
    Pending,
    Processed,
    Canceled,
    PendingRefund,
    PartiallyRefunded,
    Refunded,
    /// A word that this program does not know.
    #[default]
    #[serde(other)]
    Other,
}

impl GooglePlay {
    fn app_of(&self, of: &Purchase) -> Result<&KnownApp, String> {
        let unknown = || format!("the app {} is not configured any more", of.bundle_id);
        self.apps.get(&of.bundle_id).filter(|app| app.book == of.book.as_str()).ok_or_else(unknown)
    }

    /// How far the refund of an order is; `None`: there is none.
    async fn order_standing(&self, of: &Purchase) -> Result<Option<RefundWord>, String> {
        let app = self.app_of(of)?;
        let found = self.sides[app.side].api.order(&of.bundle_id, &of.transaction_id).await;
        // Of none, such as of a promotion, there is nothing to pay back.
        let Some(body) = found.map_err(|unavailable| unavailable.why)? else { return Ok(None) };
        let order: OrderDocument = serde_json::from_slice(&body).map_err(|_| "an order that can't be read".to_owned())?;
        if order.order_id != of.transaction_id {
            return Err("an answer about another order".to_owned());
        }
        let standing = match order.state {
            OrderStanding::Refunded => RefundStanding::Succeeded,
            OrderStanding::PendingRefund => RefundStanding::Pending,
            OrderStanding::Pending | OrderStanding::Processed | OrderStanding::Canceled | OrderStanding::PartiallyRefunded => {
                return Ok(None);
            }
            OrderStanding::Other => return Err("a state of the order that is not known".to_owned()),
        };
        Ok(Some(RefundWord { store_refund_id: String::new(), standing, amount: None, together: None, why: String::new() }))
    }
}

#[tonic::async_trait]
impl RefundingStore for GooglePlay {
    /// `orders.refund` pays back all that is left.
    fn takes_parts(&self) -> bool {
        false
    }

    async fn refund(&self, _order: &RefundOrder, of: &Purchase, _now: SystemTime) -> Result<RefundWord, NotRefunded> {
        let app = self.app_of(of).map_err(NotRefunded::Unknown)?;
        let side = &self.sides[app.side];
        let asked = side.api.refund_order(&of.bundle_id, &of.transaction_id, side.refund_revokes).await;
        let refused = asked.map_err(|unavailable| NotRefunded::Unknown(unavailable.why))?;
        match (self.order_standing(of).await, refused) {
            (Ok(Some(word)), _) => Ok(word),
            // Refused, and nothing was paid back by an earlier request either.
            (Ok(None), Err(why)) => Err(NotRefunded::Refused(why)),
            (Ok(None), Ok(())) => Err(NotRefunded::Unknown("Google took the refund, and the order does not show it yet".to_owned())),
            (Err(why), _) => Err(NotRefunded::Unknown(why)),
        }
    }

    async fn refund_standing(&self, _order: &RefundOrder, of: &Purchase, _now: SystemTime) -> Result<Option<RefundWord>, String> {
        self.order_standing(of).await
    }
}
