//! A wallet's bill of a day, trade by trade: by whose ids each was paid or paid back, which the lines of a report leave out.

use jiff::civil::{Date, DateTime};
use money::Money;

/// A bill as it says itself whose and of which days it is, with its trades.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DailyBill {
    /// The account in its heading; empty where it has none.
    pub account: String,
    /// Its trades, in their order.
    pub trades: Vec<BillTrade>,
}

/// A payment, or a refund of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillTrade {
    /// The line, from 1.
    pub line_no: u64,
    /// The app; empty where its lines don't say.
    pub app: String,
    /// Who is paid; empty where its lines don't say.
    pub merchant: String,
    /// The wallet's id of the payment.
    pub transaction_id: String,
    /// The seller's id of the payment.
    pub order_no: String,
    /// When it happened, as the wallet counts days.
    pub at: DateTime,
    /// What was paid, or paid back of it.
    pub amount: Money,
    /// Of a refund: which, and how far it is. `None`: it is a payment.
    pub refund: Option<BillRefund>,
}

/// Of a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillRefund {
    /// The wallet's id of it; empty where it has none.
    pub refund_no: String,
    /// The seller's id of it, or one that the wallet made up.
    pub request_no: String,
    /// How far it is.
    pub standing: BillRefundStanding,
}

/// How far a refund was when the bill was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BillRefundStanding {
    /// Paid back.
    PaidBack,
    /// On its way, or with nowhere to go for now.
    OnItsWay,
    /// It failed.
    Failed,
}

impl DailyBill {
    /// What says that this is not the bill of this account and day; `None` where nothing does. What is empty may be any.
    #[must_use]
    pub fn strange(&self, account: &str, app: &str, merchant: &str, day: Date) -> Option<String> {
        // Alipay's heading has more digits after the seller's.
        if !self.account.is_empty() && !self.account.starts_with(account) {
            return Some(format!("it is the bill of account {}", self.account));
        }
        let is_ours = |trade: &&BillTrade| {
            let is = |stated: &str, ours: &str| stated.is_empty() || ours.is_empty() || stated == ours;
            is(&trade.app, app) && is(&trade.merchant, merchant)
        };
        if let Some(other) = self.trades.iter().find(|trade| !is_ours(trade)) {
            return Some(format!("line {} is of app {} and merchant {}", other.line_no, other.app, other.merchant));
        }
        let other = self.trades.iter().find(|trade| trade.at.date() != day)?;
        Some(format!("line {} is of {}", other.line_no, other.at.date()))
    }
}

#[cfg(test)]
mod tests;
