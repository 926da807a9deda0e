//! The most that one payment may be. Three caps stay apart, because three parties change them: the scheme, the bank, and our own policy.

use jiff::civil::Date;
use money::{Currency, Money};
use std::fmt;

/// A cap that applies from a day on, until a later one of the same currency does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatedCap {
    /// The most that one payment may be.
    pub amount: Money,
    /// First day, in the rail's zone; none if it always applied.
    pub from: Option<Date>,
}

/// Whose cap it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CapOwner {
    /// The scheme's rule or the width of its amount field.
    Scheme,
    /// The bank or provider that we send through.
    Bank,
    /// Our own.
    Policy,
}

impl fmt::Display for CapOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "scheme",
            Self::Bank => "bank",
            Self::Policy => "own policy",
        })
    }
}

/// The lowest cap and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LowestCap {
    /// Whose cap it is; of equal ones, the first of scheme, bank, policy.
    pub owner: CapOwner,
    /// The most that one payment may be.
    pub amount: Money,
}

/// The three lists of caps of one rail.
#[derive(Debug, Clone, Copy, Default)]
pub struct RailCaps<'a> {
    /// The scheme's, from the rail's record.
    pub scheme: &'a [DatedCap],
    /// The bank's.
    pub bank: &'a [DatedCap],
    /// Our own.
    pub policy: &'a [DatedCap],
}

/// The cap that applies to a currency on a day of the rail's zone; none if there is none. Of two that begin on the same day, the lower applies.
#[must_use]
pub fn cap_on(caps: &[DatedCap], currency: Currency, day: Date) -> Option<Money> {
    let begun = caps.iter().filter(|cap| cap.amount.currency() == currency && cap.from.is_none_or(|from| from <= day));
    begun.max_by_key(|cap| (cap.from, -cap.amount.minor_units())).map(|cap| cap.amount)
}

/// The lowest of the three caps of a currency on a day of the rail's zone; none if nobody has one. The day is that on which the bank gets the payment, also if
/// the rail opens later.
#[must_use]
pub fn lowest_cap(caps: RailCaps<'_>, currency: Currency, day: Date) -> Option<LowestCap> {
    let owners = [(CapOwner::Scheme, caps.scheme), (CapOwner::Bank, caps.bank), (CapOwner::Policy, caps.policy)];
    let found = owners.into_iter().filter_map(|(owner, caps)| Some(LowestCap { owner, amount: cap_on(caps, currency, day)? }));
    found.min_by_key(|cap| (cap.amount.minor_units(), cap.owner))
}

#[cfg(test)]
mod tests;
