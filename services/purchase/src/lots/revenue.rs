//! What a day earned, as it is posted. No I/O.

use std::time::SystemTime;

use jiff::{ToSpan as _, civil::Date};
use money::time::{day_start, unix_ms};
use money::{BookName, Currency, Money};

use super::working::LotOverflow;
use crate::sheets::day;

/// How long after its end a day is planned: the ledger's clock may be behind this one.
const DAY_OVER_AFTER_MS: i64 = 900_000;

/// An amount that is moved, or moved back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedMoney {
    /// What is moved, at least nothing.
    pub amount: Money,
    /// Against the usual direction.
    pub is_back: bool,
}

impl SignedMoney {
    /// Less than nothing is moved back.
    pub(crate) fn try_new(currency: Currency, minor_units: i64) -> Result<SignedMoney, LotOverflow> {
        let amount = minor_units.checked_abs().and_then(|amount| Money::try_new(currency, amount).ok()).ok_or(LotOverflow)?;
        Ok(SignedMoney { amount, is_back: minor_units < 0 })
    }

    /// Minor units; less than nothing where it is moved back.
    #[must_use]
    pub fn minor_units(self) -> i64 {
        if self.is_back { -self.amount.minor_units() } else { self.amount.minor_units() }
    }
}

/// An edition of a day's revenue, as it is planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevenuePosting {
    /// The book.
    pub book: BookName,
    /// The day, UTC.
    pub day: Date,
    /// Id of the entity that sold.
    pub entity: String,
    /// 1 and up; those after the first are differences.
    pub edition: i64,
    /// Earned of what was sold without tax.
    pub revenue: SignedMoney,
    /// Kept of coins that were forfeited on that day.
    pub breakage: SignedMoney,
    /// The channel's part of both.
    pub commission: SignedMoney,
    /// How often the ledger finally refused it.
    pub attempt: i64,
    /// When it was planned, or planned again, in Unix milliseconds.
    pub planned_at_ms: i64,
}

impl RevenuePosting {
    /// The last millisecond of the day.
    #[must_use]
    pub fn ends_at_ms(&self) -> i64 {
        day_start(self.day.saturating_add(1.day())).as_millisecond() - 1
    }
}

/// The last day that is over at a time.
#[must_use]
pub fn last_day_over(now: SystemTime) -> Date {
    day(unix_ms(now).saturating_sub(DAY_OVER_AFTER_MS)).saturating_sub(1.day())
}
