//! What diamonds are worth, and the outcome of a quote. No async, no wire, no clock.
use jiff::{SignedDuration, Timestamp, civil::Date};
use money::{Currency, Diamonds, Money, Rounding};
use rust_decimal::Decimal;
use uuid::Uuid;

/// One row of the rate card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// What diamonds are converted to.
    pub currency: Currency,
    /// First day (UTC) on which it applies.
    pub from: Date,
    /// Whole currency units per diamond.
    pub per_diamond: Decimal,
    /// Smallest gross amount.
    pub minimum: Money,
    /// Fee of one conversion.
    pub fee: Money,
}

/// Terms of every conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Withheld for tax, in basis points of the gross amount, 0 to 10,000.
    pub withholding_bps: u32,
    /// How long a quote is valid.
    pub quote_ttl_minutes: i64,
}

/// The amounts of a conversion. All in one currency; `gross` = `withholding` + `fee` + `net`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amounts {
    /// Diamonds at the rate, rounded down to the minor unit; the company keeps the remainder.
    pub gross: Money,
    /// For the tax office, rounded half up.
    pub withholding: Money,
    /// Our fee.
    pub fee: Money,
    /// For the creator.
    pub net: Money,
}

/// Why diamonds have no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unpriced {
    /// Below the minimum, or nothing would be left.
    TooSmall {
        /// The smallest gross amount.
        minimum: Money,
    },
    /// More money than an amount can represent.
    TooLarge,
}

/// Prices diamonds.
pub fn amounts(diamonds: Diamonds, rate: &Rate, terms: Terms) -> Result<Amounts, Unpriced> {
    let exact = rate.per_diamond.checked_mul(Decimal::from(diamonds.get())).ok_or(Unpriced::TooLarge)?;
    let gross = Money::from_decimal(rate.currency, exact, Rounding::Down).map_err(|_| Unpriced::TooLarge)?;
    let share = Decimal::new(terms.withholding_bps.into(), 4);
    let withheld = gross.to_decimal().checked_mul(share).ok_or(Unpriced::TooLarge)?;
    let withholding = Money::from_decimal(rate.currency, withheld, Rounding::HalfUp).map_err(|_| Unpriced::TooLarge)?;
    let net = gross.checked_sub(withholding).and_then(|rest| rest.checked_sub(rate.fee)).filter(|net| net.minor_units() > 0);
    match net {
        Some(net) if gross.minor_units() >= rate.minimum.minor_units() => Ok(Amounts { gross, withholding, fee: rate.fee, net }),
        Some(_) | None => Err(Unpriced::TooSmall { minimum: rate.minimum }),
    }
}

/// An offer to convert diamonds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Derived from the request that made it.
    pub id: Uuid,
    /// The user it belongs to.
    pub user: money::UserKey,
    /// Diamonds to convert.
    pub diamonds: Diamonds,
    /// Whole currency units per diamond.
    pub rate: Decimal,
    /// First day of the rate's row.
    pub rate_date: Date,
    /// Version of the rate card.
    pub rate_card_version: String,
    /// The amounts of the conversion.
    pub amounts: Amounts,
    /// When it was made.
    pub create_time: Timestamp,
    /// From then on it can't be accepted.
    pub expire_time: Timestamp,
    /// The quote's state.
    pub state: QuoteState,
}

/// The state of a quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuoteState {
    /// Not accepted.
    Open,
    /// It was accepted in time; whether the ledger posted it isn't known here. The acceptance has to be posted again under its own id.
    Accepting(Acceptance),
    /// Converted.
    Used {
        /// The conversion's posting.
        posting_id: String,
    },
}

/// The acceptance of a quote, as sent: the ledger compares it on a retry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// The client's id.
    pub request_id: Uuid,
    /// The `user_id` as sent; empty when none was.
    pub user_named: String,
}

/// What to post for an acceptance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Convert, unless the quote has been used.
    Convert,
    /// Record that it expired.
    Expired,
}

impl Quote {
    /// Decides an acceptance that arrives now. A used quote is left to the ledger's guard, which also knows whose acceptance used it.
    #[must_use]
    pub fn decide(&self, now: Timestamp) -> Decision {
        match self.state {
            QuoteState::Used { .. } | QuoteState::Accepting(_) => Decision::Convert,
            QuoteState::Open if now < self.expire_time => Decision::Convert,
            QuoteState::Open => Decision::Expired,
        }
    }
}

/// When a quote made now expires.
#[must_use]
pub fn expiry(now: Timestamp, terms: Terms) -> Timestamp {
    let ttl = SignedDuration::try_from_mins(terms.quote_ttl_minutes).unwrap_or(SignedDuration::ZERO);
    now.checked_add(ttl).unwrap_or(now)
}

#[cfg(test)]
mod tests;
