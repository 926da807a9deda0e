//! What WeChat Pay says about a refund, and our id of one there.

use serde::Deserialize;

use super::transaction::AmountDocument;
use crate::refund_orders::order::RefundOrder;
use crate::stores::ID_BYTES_MAX;
use crate::stores::refunding::{RefundStanding, RefundWord};
use crate::stores::wallet;

/// A refund, as WeChat Pay answers it. Other fields, among them the buyer's account, are not read.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct RefundDocument {
    /// WeChat Pay's id of it.
    #[serde(default)]
    pub refund_id: String,
    /// Our id of it.
    #[serde(default)]
    pub out_refund_no: String,
    /// How far it is.
    #[serde(default)]
    pub status: RefundStatus,
    /// In fen.
    #[serde(default)]
    pub amount: AmountDocument,
}

/// WeChat Pay's words for how far a refund is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RefundStatus {
    /// Paid back.
    Success,
    /// On its way.
    Processing,
    /// Called off.
    Closed,
    /// It has nowhere to go.
    Abnormal,
    /// A word that this program does not know.
    #[default]
    #[serde(other)]
    Other,
}

/// Our id of a refund at a wallet: at most 64 letters and digits.
pub(super) fn out_refund_no(order: &RefundOrder) -> String {
    wallet::out_trade_no(order.refund_id)
}

impl RefundDocument {
    /// What it says; `None` where its state is not known.
    pub(super) fn word(&self) -> Option<RefundWord> {
        let (standing, why) = match self.status {
            RefundStatus::Success => (RefundStanding::Succeeded, ""),
            RefundStatus::Processing => (RefundStanding::Pending, ""),
            RefundStatus::Closed => (RefundStanding::Failed, "WeChat Pay closed the refund"),
            RefundStatus::Abnormal => (RefundStanding::Abnormal, "the money has nowhere to go: choose another way at WeChat Pay's console"),
            RefundStatus::Other => return None,
        };
        let is_id = (1..=ID_BYTES_MAX).contains(&self.refund_id.len()) && money::text::is_plain(&self.refund_id);
        Some(RefundWord {
            store_refund_id: if is_id { self.refund_id.clone() } else { String::new() },
            standing,
            amount: self.amount.refund.and_then(wallet::fen),
            together: None,
            why: why.to_owned(),
        })
    }
}
