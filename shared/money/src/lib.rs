//! Amounts, currencies and ids, with nothing async in them.
//!
//! - [`amount`]: coins, diamonds and what the ledger moves; private fields, checked arithmetic only.
//! - [`currency`]: ISO 4217 codes, minor units and [`Money`].
//! - [`text`]: what people read, and what hides in it.
//! - [`named!`]: enums whose values have names.
//! - [`time`]: moments in milliseconds. [`id`]: books, users, request ids, and the ids derived from them.

pub mod amount;
pub mod currency;
pub mod id;
mod names;
pub mod text;
pub mod time;

pub use amount::{AMOUNT_MAX, Amount, Coins, Diamonds};
pub use currency::{Currency, Money, Rounding};
pub use id::{AGE_MAX_MS, AHEAD_MAX_MS, BookName, IdTimeBounds, RequestId, UntimelyId, UserKey, derive_id, id_time_ms};

/// Why a value is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Outside the type's range.
    #[error("{what} must be {bounds}, not {got}")]
    Range {
        /// The type's noun.
        what: &'static str,
        /// The range in words.
        bounds: &'static str,
        /// The value that was given.
        got: i128,
    },
    /// Not of the type's form. The text given is not repeated: it may be personal.
    #[error("{what} must {form}")]
    Form {
        /// The type's noun.
        what: &'static str,
        /// The form, as `match` and a pattern, or `be` and words.
        form: &'static str,
    },
}

impl Error {
    /// The same without the noun, for callers that add their own: `must be a UUID`.
    #[must_use]
    pub fn must(&self) -> String {
        match self {
            Self::Range { bounds, got, .. } => format!("must be {bounds}, not {got}"),
            Self::Form { form, .. } => format!("must {form}"),
        }
    }
}
