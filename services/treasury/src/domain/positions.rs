//! What one entity owes another, by age: repayments settle the oldest loans first.
use jiff::civil::Date;
use std::collections::VecDeque;

#[cfg(test)]
mod tests;

/// Last days of the age buckets but the last, which has no end: what a group's treasurer reviews month by month.
pub const AGE_DAYS: [i64; 3] = [30, 60, 90];

/// What is owed, divided by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AgedPosition {
    /// All that is owed, in minor units.
    pub owed: i64,
    /// Of it, what is at most so many days old as [`AGE_DAYS`] says, and what is older.
    pub ages: [i64; AGE_DAYS.len() + 1],
}

/// Loans that are not repaid, the oldest first.
#[derive(Debug, Clone, Default)]
pub struct OpenLoans {
    loans: VecDeque<(Date, i64)>,
    /// Repaid beyond all loans that were seen before: entries that count from earlier days may come later.
    ahead: i64,
}

impl OpenLoans {
    /// Adds a loan, or interest, that counts from a day. `None` where it can't be counted.
    pub fn lend(&mut self, day: Date, amount: i64) -> Option<()> {
        let settled = amount.min(self.ahead);
        self.ahead -= settled;
        if amount > settled {
            self.loans.push_back((day, amount.checked_sub(settled)?));
        }
        Some(())
    }

    /// Takes a repayment from the oldest loans.
    pub fn repay(&mut self, mut amount: i64) -> Option<()> {
        while let Some((_, loan)) = self.loans.front_mut() {
            let settled = amount.min(*loan);
            (amount, *loan) = (amount - settled, *loan - settled);
            if *loan > 0 {
                return Some(());
            }
            self.loans.pop_front();
        }
        self.ahead = self.ahead.checked_add(amount)?;
        Some(())
    }

    /// What is open on a day, by age.
    #[must_use]
    pub fn aged(&self, on: Date) -> Option<AgedPosition> {
        let mut aged = AgedPosition::default();
        for (day, open) in &self.loans {
            let days = day.until(on).map_or(0, |span| i64::from(span.get_days()));
            let bucket = AGE_DAYS.iter().position(|last| days <= *last).unwrap_or(AGE_DAYS.len());
            aged.ages[bucket] = aged.ages[bucket].checked_add(*open)?;
            aged.owed = aged.owed.checked_add(*open)?;
        }
        aged.owed = aged.owed.checked_sub(self.ahead)?;
        Some(aged)
    }
}
