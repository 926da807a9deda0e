//! What Alipay answers about a refund, and our id of one there.

use serde::Deserialize;

use crate::refund_orders::order::RefundOrder;
use crate::stores::wallet;

/// What `alipay.trade.refund` answers. Other fields, among them the buyer's, are not read.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct RefundAnswer {
    /// `Y`: money moved with this request. `N`: it did not; a repeated request, or one that is not done.
    #[serde(default)]
    pub fund_change: String,
    /// Everything that was refunded of the trade so far, in yuan.
    #[serde(default)]
    pub refund_fee: String,
}

/// What `alipay.trade.fastpay.refund.query` answers.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct RefundQueryAnswer {
    /// Our id of the refund.
    #[serde(default)]
    pub out_request_no: String,
    /// How far it is; absent where nothing was refunded.
    #[serde(default)]
    pub refund_status: Option<RefundStatus>,
    /// How much it is, in yuan.
    #[serde(default)]
    pub refund_amount: String,
}

/// Alipay's words for how far a refund is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RefundStatus {
    /// Paid back: the only word by which it is.
    RefundSuccess,
    /// Any other.
    #[serde(other)]
    Other,
}

/// Our id of a refund at Alipay.
pub(super) fn out_request_no(order: &RefundOrder) -> String {
    wallet::out_trade_no(order.refund_id)
}
