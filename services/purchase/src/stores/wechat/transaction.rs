//! A transaction: what WeChat Pay says about the payment of one of our orders.

use serde::{Deserialize, Serialize};

use crate::orders::order::{PaymentFacts, PaymentStanding, RefundedSoFar};
use crate::stores::{ID_BYTES_MAX, wallet};

/// A transaction, as a query answers it and a notification reports it. Other fields, among them the buyer's id, are not read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct TransactionDocument {
    /// The app.
    #[serde(default)]
    pub appid: String,
    /// Who is paid.
    #[serde(default)]
    pub mchid: String,
    /// Our id of it.
    #[serde(default)]
    pub out_trade_no: String,
    /// WeChat Pay's id of it; absent where nobody has paid.
    #[serde(default)]
    pub transaction_id: String,
    /// `SUCCESS`, `REFUND`, `NOTPAY`, `CLOSED`, `REVOKED`, `USERPAYING` or `PAYERROR`.
    #[serde(default)]
    pub trade_state: String,
    /// What is paid.
    #[serde(default)]
    pub amount: AmountDocument,
    /// When it was paid.
    #[serde(default)]
    pub success_time: String,
    /// Of a refund: WeChat Pay's id of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub refund_id: String,
    /// Of a refund: our id of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub out_refund_no: String,
    /// Of a refund: `SUCCESS`, `CLOSED` or `ABNORMAL`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub refund_status: String,
}

/// WeChat Pay's words for how far a payment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum PaidState {
    Success,
    Refund,
    Notpay,
    Closed,
    Revoked,
    Userpaying,
    Payerror,
}

/// Amounts in fen. What the buyer paid after a coupon is not read: we get the total.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct AmountDocument {
    /// The whole.
    #[serde(default)]
    pub total: Option<i64>,
    /// Of a refund: its amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund: Option<i64>,
    /// Of the whole.
    #[serde(default)]
    pub currency: Option<String>,
}

impl TransactionDocument {
    /// What it says about its order's payment; `None` where its state is not known. `now_ms` where it does not say when it was paid.
    #[must_use]
    pub fn facts(&self, environment: &str, now_ms: i64) -> Option<PaymentFacts> {
        let state: PaidState = serde_json::from_value(self.trade_state.as_str().into()).ok()?;
        let refunded = if state == PaidState::Refund { RefundedSoFar::Something } else { RefundedSoFar::Unsaid };
        let standing = match state {
            PaidState::Notpay | PaidState::Userpaying => PaymentStanding::Open,
            // Paid, and paid back since in part or in whole; what was paid back is another matter.
            PaidState::Success | PaidState::Refund => PaymentStanding::Paid,
            PaidState::Closed | PaidState::Revoked => PaymentStanding::Expired,
            PaidState::Payerror => PaymentStanding::Failed,
        };
        let currency = self.amount.currency.as_deref().unwrap_or_default();
        let short = |text: &str| if text.len() <= ID_BYTES_MAX { text.to_owned() } else { String::new() };
        Some(PaymentFacts {
            order_id: wallet::order_id(&self.out_trade_no),
            environment: environment.to_owned(),
            merchant: account_id(&self.appid, &self.mchid),
            session_id: short(&self.out_trade_no),
            pay_url: String::new(),
            transaction_id: short(&self.transaction_id),
            amount: self.amount.total.filter(|_| currency == wallet::YUAN).and_then(wallet::fen),
            amount_shown: format!("{} hundredths of {}", self.amount.total.unwrap_or(0), wallet::shown(currency)),
            standing,
            said_at_ms: wallet::from_rfc3339(&self.success_time).unwrap_or(now_ms),
            refunded,
        })
    }
}

/// The id of a merchant as orders keep it: both the app and who is paid through it.
pub(super) fn account_id(appid: &str, mchid: &str) -> String {
    format!("{appid}/{mchid}")
}
