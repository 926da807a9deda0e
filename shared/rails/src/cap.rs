//! The most that one payment may be. Three caps stay apart, because three parties change them: the scheme, the bank, and our own policy.

use jiff::civil::Date;
use money::{Currency, Money};
use std::{collections::BTreeSet, fmt};

/// A cap that applies from a day on, until a later one of the same currency does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatedCap {
    /// The most that one payment may be.
    pub amount: Money,
    /// First day, in the rail's zone; none if it always applied.
    pub from: Option<Date>,
    /// Payments in other currencies are capped by what is worth as much, unless their currency has a cap of its own.
    pub or_equivalent: bool,
}

impl fmt::Display for DatedCap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.amount, if self.or_equivalent { " or equivalent" } else { "" })?;
        self.from.map_or(Ok(()), |from| write!(f, " from {from}"))
    }
}

/// The cap of one owner for payments in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CapAnswer {
    /// There is none.
    Uncapped,
    /// The most that one payment may be, in the currency asked for.
    AtMost(Money),
    /// There is one, but only in another currency or what is worth as much: no rate is at hand to compare a payment with it.
    EquivalentOf(Money),
}

impl fmt::Display for CapAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uncapped => f.write_str("none"),
            Self::AtMost(amount) => write!(f, "{amount}"),
            Self::EquivalentOf(amount) => write!(f, "equivalent of {amount}"),
        }
    }
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

/// A cap and whose it is.
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

/// The cap that applies to a currency on a day of the rail's zone. Of two that begin on the same day, the lower applies.
fn dated_cap_on(caps: &[DatedCap], currency: Currency, day: Date) -> Option<&DatedCap> {
    let begun = caps.iter().filter(|cap| cap.amount.currency() == currency && cap.from.is_none_or(|from| from <= day));
    begun.max_by_key(|cap| (cap.from, -cap.amount.minor_units()))
}

/// The cap that is stated in a currency itself on a day of the rail's zone. `None` doesn't say that payments in it have no cap: [`cap_answer`] does.
#[must_use]
pub fn cap_on(caps: &[DatedCap], currency: Currency, day: Date) -> Option<Money> {
    dated_cap_on(caps, currency, day).map(|cap| cap.amount)
}

/// The cap for payments in a currency on a day of the rail's zone: its own, or that another one's equivalent applies. Of several of those, the first by
/// currency.
#[must_use]
pub fn cap_answer(caps: &[DatedCap], currency: Currency, day: Date) -> CapAnswer {
    if let Some(amount) = cap_on(caps, currency, day) {
        return CapAnswer::AtMost(amount);
    }
    let others: BTreeSet<Currency> = caps.iter().map(|cap| cap.amount.currency()).collect();
    let mut equivalents = others.into_iter().filter_map(|other| dated_cap_on(caps, other, day).filter(|cap| cap.or_equivalent));
    equivalents.next().map_or(CapAnswer::Uncapped, |cap| CapAnswer::EquivalentOf(cap.amount))
}

impl<'a> RailCaps<'a> {
    fn by_owner(self) -> [(CapOwner, &'a [DatedCap]); 3] {
        [(CapOwner::Scheme, self.scheme), (CapOwner::Bank, self.bank), (CapOwner::Policy, self.policy)]
    }
}

/// The lowest of the three caps that are stated in a currency on a day of the rail's zone; none if nobody has one in it, which leaves those of
/// [`unjudged_caps`]. The day is that on which the bank gets the payment, also if the rail opens later.
#[must_use]
pub fn lowest_cap(caps: RailCaps<'_>, currency: Currency, day: Date) -> Option<LowestCap> {
    let found = caps.by_owner().into_iter().filter_map(|(owner, caps)| Some(LowestCap { owner, amount: cap_on(caps, currency, day)? }));
    found.min_by_key(|cap| (cap.amount.minor_units(), cap.owner))
}

/// Caps in other currencies of which the equivalent applies to a payment in this one, by owner. A cap in this currency settles only the same owner's.
#[must_use]
pub fn unjudged_caps(caps: RailCaps<'_>, currency: Currency, day: Date) -> Vec<LowestCap> {
    let found = caps.by_owner().into_iter().filter_map(|(owner, caps)| match cap_answer(caps, currency, day) {
        CapAnswer::EquivalentOf(amount) => Some(LowestCap { owner, amount }),
        CapAnswer::Uncapped | CapAnswer::AtMost(_) => None,
    });
    found.collect()
}

#[cfg(test)]
mod tests;
