//! Sums of payouts for a report: one line for each currency and each value of the dimensions asked for, in memory that does not grow with the number of payouts.
//! No clock, no I/O: payouts are added one by one, in any order.

use super::PayoutState;
use hdrhistogram::Histogram;
use money::{
    Currency,
    time::{moment_ms, utc_day},
};
use rust_decimal::{Decimal, RoundingStrategy};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

/// Most lines of one report; each has a histogram of about 14 KiB.
pub const LINES_MAX: usize = 2_000;
/// Codes of rejections that a line counts one by one.
pub const CODES_MAX: usize = 40;
/// The longest time that is told apart, in milliseconds: 400 days.
const TIME_MS_MAX: u64 = 400 * 24 * 3600 * 1000;
/// Significant digits of times: within 1 per cent.
const TIME_DIGITS: u8 = 2;
/// Shown for a rejection without a code.
pub const NO_CODE: &str = "none";
/// Shown for codes beyond those that are counted one by one.
pub const OTHER_CODES: &str = "others";

/// What lines are divided by, besides the currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReportDimension {
    /// The rail of the last attempt.
    Rail,
    /// The bank of the last attempt.
    Bank,
    /// The receiving account's country.
    Country,
    /// The day of the request, in UTC.
    Day,
}

/// The part of a payout that a report counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedPayout {
    /// Currency of the amounts.
    pub currency: Currency,
    /// The amount, in minor units.
    pub minor_units: i64,
    /// Id of the rail of the last attempt.
    pub rail: String,
    /// Name of our bank; empty for payouts by older programs.
    pub bank: String,
    /// Id of the account that pays, at that bank.
    pub bank_account: String,
    /// Country of the receiving account; empty if it is not known any more.
    pub country: String,
    /// The public state.
    pub state: PayoutState,
    /// What it was expected to cost, in minor units.
    pub cost_minor_units: i64,
    /// When it was requested, Unix milliseconds.
    pub created_at_ms: i64,
    /// When it was paid or ended otherwise, Unix milliseconds; 0 while neither.
    pub final_at_ms: i64,
    /// The bank's code of a rejection.
    pub reason_code: String,
    /// What came back, in minor units.
    pub returned_minor_units: i64,
}

impl ReportedPayout {
    /// Whether the money was in the account, also if it came back later.
    #[must_use]
    pub fn is_paid(&self) -> bool {
        matches!(self.state, PayoutState::Settled | PayoutState::SettledReturnable)
    }

    /// Milliseconds from the request to the money in the account. 0 if the clock was set back meanwhile.
    #[must_use]
    pub fn account_time_ms(&self) -> u64 {
        u64::try_from(self.final_at_ms.saturating_sub(self.created_at_ms)).unwrap_or(0)
    }

    /// The day of the request in UTC, such as `2026-11-27`.
    #[must_use]
    pub fn day(&self) -> String {
        utc_day(moment_ms(self.created_at_ms)).to_string()
    }
}

/// A limit that a report would exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReportLimit {
    /// [`LINES_MAX`].
    #[error("more than {LINES_MAX} lines")]
    Lines,
    /// The given number of payouts.
    #[error("more than {0} payouts")]
    Payouts(u64),
    /// A sum beyond 64 bits.
    #[error("a sum larger than 64 bits")]
    Sum,
}

/// What a line is about. Dimensions that were not asked for are empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineKey {
    /// Currency of the line's amounts.
    pub currency: Currency,
    /// Id of the rail.
    pub rail: String,
    /// Name of our bank.
    pub bank: String,
    /// Country of the receiving account.
    pub country: String,
    /// Day of the request.
    pub day: String,
}

/// The sums of a line. Amounts are minor units of the line's currency.
#[derive(Debug, Clone)]
pub struct LineSums {
    /// Payouts requested.
    pub payouts: u64,
    /// Their amounts.
    pub amount: i64,
    /// Payouts paid.
    pub paid: u64,
    /// Their amounts.
    pub paid_amount: i64,
    /// What the paid ones were expected to cost.
    pub cost: i64,
    /// Paid ones that were in the account in time.
    pub instant: u64,
    /// Paid ones that came back, at least in part.
    pub returned: u64,
    /// What came back.
    pub returned_amount: i64,
    /// Payouts of unknown outcome.
    pub unknown: u64,
    rejects: BTreeMap<String, u64>,
    times: Histogram<u32>,
}

impl Default for LineSums {
    fn default() -> Self {
        let times = Histogram::new_with_bounds(1, TIME_MS_MAX, TIME_DIGITS).expect("these bounds are valid");
        Self {
            payouts: 0,
            amount: 0,
            paid: 0,
            paid_amount: 0,
            cost: 0,
            instant: 0,
            returned: 0,
            returned_amount: 0,
            unknown: 0,
            rejects: BTreeMap::new(),
            times,
        }
    }
}

impl LineSums {
    fn add(&mut self, payout: &ReportedPayout, instant_ms_max: u64) -> Result<(), ReportLimit> {
        self.payouts += 1;
        add(&mut self.amount, payout.minor_units)?;
        if payout.is_paid() {
            let took_ms = payout.account_time_ms();
            self.paid += 1;
            add(&mut self.paid_amount, payout.minor_units)?;
            add(&mut self.cost, payout.cost_minor_units)?;
            self.instant += u64::from(took_ms <= instant_ms_max);
            self.times.saturating_record(took_ms);
        }
        if payout.returned_minor_units > 0 {
            self.returned += 1;
            add(&mut self.returned_amount, payout.returned_minor_units)?;
        }
        self.unknown += u64::from(payout.state == PayoutState::OutcomeUnknown);
        if payout.state == PayoutState::Rejected {
            let code = if payout.reason_code.is_empty() { NO_CODE } else { payout.reason_code.as_str() };
            let counted = self.rejects.contains_key(code) || self.rejects.len() < CODES_MAX;
            *self.rejects.entry(if counted { code } else { OTHER_CODES }.to_owned()).or_default() += 1;
        }
        Ok(())
    }

    /// The time that this share of the paid ones took at most, in milliseconds, within 1 per cent; 0 if none was paid.
    #[must_use]
    pub fn account_time_ms(&self, quantile: f64) -> u64 {
        if self.paid == 0 { 0 } else { self.times.value_at_quantile(quantile) }
    }

    /// The share of the paid ones that were in the account in time, cut to four places, so that only all of them are 1; none if none was paid.
    #[must_use]
    pub fn instant_share(&self) -> Option<Decimal> {
        let share = Decimal::from(self.instant).checked_div(Decimal::from(self.paid))?;
        Some(share.round_dp_with_strategy(4, RoundingStrategy::ToZero))
    }

    /// Rejections by code, the most frequent first.
    #[must_use]
    pub fn rejects(&self) -> Vec<(&str, u64)> {
        let mut rejects: Vec<(&str, u64)> = self.rejects.iter().map(|(code, count)| (code.as_str(), *count)).collect();
        rejects.sort_by_key(|(_, count)| Reverse(*count));
        rejects
    }
}

fn add(sum: &mut i64, more: i64) -> Result<(), ReportLimit> {
    *sum = sum.checked_add(more).ok_or(ReportLimit::Sum)?;
    Ok(())
}

/// A report in the making.
#[derive(Debug, Clone)]
pub struct PayoutReport {
    by: BTreeSet<ReportDimension>,
    instant_ms_max: u64,
    lines: BTreeMap<LineKey, LineSums>,
    totals: BTreeMap<Currency, LineSums>,
}

impl PayoutReport {
    /// An empty report, divided by these; a payout is instant if it took at most so many milliseconds.
    #[must_use]
    pub fn new(by: BTreeSet<ReportDimension>, instant_ms_max: u64) -> Self {
        Self { by, instant_ms_max, lines: BTreeMap::new(), totals: BTreeMap::new() }
    }

    /// Counts one payout. After a limit, the report is of no use.
    pub fn add(&mut self, payout: &ReportedPayout) -> Result<(), ReportLimit> {
        let of = |dimension, text: &str| if self.by.contains(&dimension) { text.to_owned() } else { String::new() };
        let key = LineKey {
            currency: payout.currency,
            rail: of(ReportDimension::Rail, &payout.rail),
            bank: of(ReportDimension::Bank, &payout.bank),
            country: of(ReportDimension::Country, &payout.country),
            day: if self.by.contains(&ReportDimension::Day) { payout.day() } else { String::new() },
        };
        if self.lines.len() >= LINES_MAX && !self.lines.contains_key(&key) {
            return Err(ReportLimit::Lines);
        }
        self.lines.entry(key).or_default().add(payout, self.instant_ms_max)?;
        self.totals.entry(payout.currency).or_default().add(payout, self.instant_ms_max)
    }

    /// The lines, by currency and then by the dimensions.
    #[must_use]
    pub fn lines(&self) -> &BTreeMap<LineKey, LineSums> {
        &self.lines
    }

    /// Sums over all lines, by currency.
    #[must_use]
    pub fn totals(&self) -> &BTreeMap<Currency, LineSums> {
        &self.totals
    }
}

#[cfg(test)]
mod tests;
