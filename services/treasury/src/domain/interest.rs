//! Interest on daily balances, in whole minor units: exact until the one rounding at the end.
use super::terms::RATE_PARTS;
use jiff::civil::Date;

#[cfg(test)]
mod tests;

/// Days in a row with one balance and one rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InterestRun {
    /// The first of them.
    pub from: Date,
    /// How many they are.
    pub days: i64,
    /// The balance at the end of each, in minor units.
    pub balance: i64,
    /// The rate for a year, in millionths.
    pub rate: i64,
    /// Days of the year that interest is divided by.
    pub year_days: i64,
}

/// A day, and what its interest is computed of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InterestDay {
    /// The day.
    pub on: Date,
    /// In minor units.
    pub balance: i64,
    /// Millionths a year.
    pub rate: i64,
    /// The days of that year: 360 or 365.
    pub year_days: i64,
}

/// The interest of all runs together, in minor units, halves away from zero; `None` where it can't be counted.
#[must_use]
pub fn interest(runs: &[InterestRun]) -> Option<i64> {
    // Runs of both kinds of years have the common denominator of 360 times 365.
    let mut sum = 0_i128;
    for run in runs {
        let other = if run.year_days == 360 { 365 } else { 360 };
        let weighted = i128::from(run.balance).checked_mul(i128::from(run.rate))?.checked_mul(i128::from(run.days))?;
        sum = sum.checked_add(weighted.checked_mul(other)?)?;
    }
    let whole = i128::from(RATE_PARTS) * 360 * 365;
    let half = if sum < 0 { -whole / 2 } else { whole / 2 };
    i64::try_from(sum.checked_add(half)? / whole).ok()
}

/// The balances of days in a row as runs: days with the same balance, rate and year are one.
#[must_use]
pub fn runs(days: &[InterestDay]) -> Vec<InterestRun> {
    let mut runs: Vec<InterestRun> = Vec::new();
    for InterestDay { on: from, balance, rate, year_days } in days.iter().copied() {
        match runs.last_mut() {
            Some(run) if (run.balance, run.rate, run.year_days) == (balance, rate, year_days) => run.days += 1,
            _ => runs.push(InterestRun { from, days: 1, balance, rate, year_days }),
        }
    }
    runs
}
