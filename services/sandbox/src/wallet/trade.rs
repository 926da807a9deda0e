//! A trade: an order of the seller's, known by an id that the seller gave.

use super::now_ms;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why nothing is done, in words.
pub(crate) type NothingDone = &'static str;

/// How far a trade is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TradeState {
    /// Nobody has paid.
    Unpaid,
    /// Paid; what was refunded is counted apart.
    Paid,
    /// Paid, and not to be refunded any more.
    Finished,
    /// Ended unpaid.
    Closed,
}

/// A trade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trade {
    /// The seller's id.
    pub id: String,
    /// The wallet's id.
    pub number: String,
    /// What is sold.
    pub subject: String,
    /// The amount, in hundredths.
    pub fen: i64,
    /// ISO 4217.
    pub currency: String,
    /// The seller's app.
    pub app: String,
    /// Who is paid.
    pub seller: String,
    /// How far it is.
    pub state: TradeState,
    /// How much of it was refunded.
    pub refunded_fen: i64,
    /// When it can no longer be paid, in Unix milliseconds.
    pub expires_at_ms: i64,
    /// When it was paid, in Unix milliseconds; 0: not yet.
    pub paid_at_ms: i64,
    /// Where the seller wants reports, unless another address is registered.
    pub notify_url: String,
    /// How it is paid, in the wallet's word.
    #[serde(default)]
    pub way: String,
    /// What a query answers whatever happened; on command.
    pub query_says: Option<TradeState>,
}

impl Trade {
    /// Whether so much of it can be refunded.
    pub(crate) fn may_refund(&self, fen: i64) -> bool {
        self.state == TradeState::Paid && (1..=self.fen - self.refunded_fen).contains(&fen)
    }

    /// The state that a query answers.
    pub(crate) fn queried(&self) -> TradeState {
        self.query_says.unwrap_or(self.state)
    }
}

/// An amount in units with two decimals.
pub(crate) fn decimal(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

/// A time in Beijing, in this format of `strftime`.
pub(crate) fn beijing(at_ms: i64, format: &str) -> String {
    money::time::moment_ms(at_ms).to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::Offset::constant(8))).strftime(format).to_string()
}

/// The Unix milliseconds of a time in Beijing.
pub(crate) fn from_beijing(text: &str) -> Option<i64> {
    let local: jiff::civil::DateTime = text.parse().ok()?;
    Some(local.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::Offset::constant(8))).ok()?.timestamp().as_millisecond())
}

/// A new id of a wallet: digits, as theirs are.
pub(crate) fn new_number() -> String {
    format!("{}{}", beijing(now_ms(), "%Y%m%d"), Uuid::now_v7().as_u128() % 10_u128.pow(20))
}
