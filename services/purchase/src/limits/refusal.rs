//! Why coins are not sold to a user now, as callers see it.

use money::time::rfc3339_ms;
use tonic::{Code, Status};

use super::SpendingBound;

/// Why coins are not sold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimitRefusal {
    /// Nobody of this age, or of unknown age, buys in the market.
    Age {
        /// The market.
        market: String,
        /// From which age on one does, in years.
        minimum_age: u32,
    },
    /// A parent withdrew consent for the app.
    ConsentWithdrawn,
    /// The user paused spending.
    Paused {
        /// Until when, in Unix milliseconds.
        until_ms: i64,
    },
    /// It is more than what a limit leaves.
    Limit(SpendingBound),
}

impl LimitRefusal {
    /// Stable name.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Age { .. } => "AGE",
            Self::ConsentWithdrawn => "PARENT_WITHDREW_CONSENT",
            Self::Paused { .. } => "SPENDING_PAUSED",
            Self::Limit(_) => "SPENDING_LIMIT",
        }
    }
}

fn at(ms: i64) -> String {
    rfc3339_ms(ms)
}

impl From<LimitRefusal> for Status {
    fn from(refusal: LimitRefusal) -> Status {
        let reason = refusal.reason();
        match refusal {
            LimitRefusal::Age { market, minimum_age } => {
                let message = format!(
                    "coins are sold in {market} from the age of {minimum_age}, and the user's age is lower or not known; nothing was done"
                );
                let facts = [("market", market), ("minimum_age", minimum_age.to_string())];
                rpc::refused(Code::FailedPrecondition, reason, message, &facts)
            }
            LimitRefusal::ConsentWithdrawn => {
                let message = "a parent of the user withdrew consent for the app through the store; nothing was done".to_owned();
                rpc::refused(Code::FailedPrecondition, reason, message, &[])
            }
            LimitRefusal::Paused { until_ms } => {
                let message = format!("the user paused spending until {}; nothing was done", at(until_ms));
                rpc::refused(Code::FailedPrecondition, reason, message, &[("until", at(until_ms))])
            }
            LimitRefusal::Limit(bound) => {
                let (most, left) = (bound.most.unwrap_or(0), bound.left().unwrap_or(0));
                let (window, set_by, currency) = (bound.window.word(), bound.set_by.word(), bound.currency.code());
                let message = format!(
                    "{left} of {most} minor units of {currency} are left of the limit by {window} that the {set_by} has, and the price is higher; nothing was done"
                );
                let facts = [
                    ("window", window.to_owned()),
                    ("set_by", set_by.to_owned()),
                    ("currency", currency.to_owned()),
                    ("limit_minor_units", most.to_string()),
                    ("left_minor_units", left.to_string()),
                ];
                let until = bound.resets_at_ms.map(|ms| ("until", at(ms)));
                let facts: Vec<_> = facts.into_iter().chain(until).collect();
                rpc::refused(Code::FailedPrecondition, reason, message, &facts)
            }
        }
    }
}
