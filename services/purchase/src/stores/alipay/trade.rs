//! A trade: what Alipay says about the payment of one of our orders.

use serde::Deserialize;

use crate::orders::order::{PaymentFacts, PaymentStanding, RefundedSoFar};
use crate::stores::ID_BYTES_MAX;
use crate::stores::wallet;

/// What the gateway answers about an order whose page nobody has opened.
pub const NOT_EXIST: &str = "ACQ.TRADE_NOT_EXIST";

/// What it answers to an order that was paid or ended before.
pub const WAS_MADE: [&str; 2] = ["ACQ.TRADE_HAS_SUCCESS", "ACQ.TRADE_HAS_CLOSE"];

/// A trade, as a query answers it. Other fields, among them the buyer's, are not read.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct TradeDocument {
    /// Our id of it.
    pub out_trade_no: String,
    /// Alipay's id of it.
    #[serde(default)]
    pub trade_no: String,
    /// How far it is.
    #[serde(default)]
    pub trade_status: TradeStatus,
    /// In yuan.
    #[serde(default)]
    pub total_amount: String,
    /// When it was paid, in Beijing's time; absent where it was not.
    #[serde(default)]
    pub send_pay_date: Option<String>,
}

/// Alipay's words for how far a trade is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TradeStatus {
    /// Opened, and not paid yet.
    WaitBuyerPay,
    /// Paid.
    TradeSuccess,
    /// Paid, and too late to be refunded.
    TradeFinished,
    /// Ended unpaid, or refunded in full.
    TradeClosed,
    /// A word that this program does not know.
    #[default]
    #[serde(other)]
    Other,
}

impl TradeStatus {
    /// The status of a word.
    #[must_use]
    pub fn of(word: &str) -> Self {
        serde_json::from_value(word.into()).unwrap_or_default()
    }
}

/// How far a payment is. A trade that is closed was never paid, or was refunded in full: then nothing is left of the payment.
pub(super) fn standing(trade_status: TradeStatus, was_paid: bool) -> Option<PaymentStanding> {
    match trade_status {
        TradeStatus::WaitBuyerPay => Some(PaymentStanding::Open),
        TradeStatus::TradeSuccess | TradeStatus::TradeFinished => Some(PaymentStanding::Paid),
        TradeStatus::TradeClosed if was_paid => Some(PaymentStanding::Failed),
        TradeStatus::TradeClosed => Some(PaymentStanding::Expired),
        TradeStatus::Other => None,
    }
}

/// What a trade says about its order. It is ours: the question was signed for our app, and the answer for us.
pub(super) fn facts_of_query(trade: &TradeDocument, environment: &str, account_id: &str, now_ms: i64) -> PaymentFacts {
    let paid_at_ms = trade.send_pay_date.as_deref().and_then(wallet::from_beijing);
    PaymentFacts {
        said_at_ms: paid_at_ms.unwrap_or(now_ms),
        // A word that is not known proves nothing.
        standing: standing(trade.trade_status, trade.send_pay_date.is_some()).unwrap_or(PaymentStanding::Open),
        ..facts(&trade.out_trade_no, &trade.trade_no, &trade.total_amount, environment, account_id)
    }
}

/// The parts that a query and a notification have in common.
pub(super) fn facts(out_trade_no: &str, trade_no: &str, total_amount: &str, environment: &str, account_id: &str) -> PaymentFacts {
    let short = |text: &str| if text.len() <= ID_BYTES_MAX { text.to_owned() } else { String::new() };
    PaymentFacts {
        order_id: wallet::order_id(out_trade_no),
        environment: environment.to_owned(),
        merchant: account_id.to_owned(),
        session_id: short(out_trade_no),
        pay_url: String::new(),
        transaction_id: short(trade_no),
        amount: wallet::yuan(total_amount),
        amount_shown: format!("{} yuan", wallet::shown(total_amount)),
        standing: PaymentStanding::Open,
        said_at_ms: 0,
        refunded: RefundedSoFar::Unsaid,
    }
}
