//! An account: four counters that only grow, except when a hold is released.

use super::chart::Unit;
use std::sync::Arc;

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccountState {
    /// Debits and credits.
    Open,
    /// Nothing until thawed.
    Frozen,
    /// Nothing, for good.
    Closed,
}

impl AccountState {
    /// The stored code.
    #[inline]
    #[must_use]
    pub const fn code(self) -> i64 {
        match self {
            Self::Open => 1,
            Self::Frozen => 2,
            Self::Closed => 3,
        }
    }

    /// From storage; `None` for an unknown code.
    #[must_use]
    pub const fn from_code(code: i64) -> Option<Self> {
        match code {
            1 => Some(Self::Open),
            2 => Some(Self::Frozen),
            3 => Some(Self::Closed),
            _ => None,
        }
    }
}

/// Debits and credits, posted and pending, in the account's unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Only grows.
    pub debits_posted: i64,
    /// Only grows.
    pub credits_posted: i64,
    /// Held by open pending transfers.
    pub debits_pending: i64,
    /// Announced by open pending transfers.
    pub credits_pending: i64,
}

impl Counters {
    /// Credits minus debits, posted.
    #[inline]
    #[must_use]
    pub fn balance(&self) -> i64 {
        self.credits_posted - self.debits_posted
    }

    /// What a debit may take: the balance less the amounts on hold.
    #[inline]
    #[must_use]
    pub fn available(&self) -> i64 {
        self.balance() - self.debits_pending
    }

    /// Bound of each counter: their differences stay far from overflow.
    const MAX: i64 = 1 << 62;

    fn add(counter: i64, by: i64) -> Option<i64> {
        counter.checked_add(by).filter(|sum| (0..=Self::MAX).contains(sum))
    }

    /// The counters after these changes; `None` if one would leave 0 to 2^62.
    #[must_use]
    pub fn moved(&self, side: Side, posted: i64, pending: i64) -> Option<Self> {
        let mut after = *self;
        match side {
            Side::Debit => {
                after.debits_posted = Self::add(self.debits_posted, posted)?;
                after.debits_pending = Self::add(self.debits_pending, pending)?;
            }
            Side::Credit => {
                after.credits_posted = Self::add(self.credits_posted, posted)?;
                after.credits_pending = Self::add(self.credits_pending, pending)?;
            }
        }
        Some(after)
    }
}

/// One of a transfer's two accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The account that gives.
    Debit,
    /// The account that receives.
    Credit,
}

/// An account: one owner, one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookAccount {
    /// Numeric key inside the book, from 1.
    pub key: i64,
    /// Readable id.
    pub name: Arc<str>,
    /// From the chart.
    pub unit: Unit,
    /// From the chart: debits must not exceed credits.
    pub floor: bool,
    /// What it may do.
    pub state: AccountState,
    /// Debits and credits.
    pub counters: Counters,
    /// Number of the last transfer that touched it; 0 for none.
    pub last_transfer: i64,
    /// How many transfers touched it: the number of its last entry.
    pub entries: i64,
    /// Sequence number of the last event that touched it.
    pub seq: i64,
}
