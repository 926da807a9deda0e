//! The sums of accounting days: by legal entity, ledger account, kind of posting and the events' own day.
use crate::{account, day::accounting_day};
use jiff::civil::Date;
use std::collections::BTreeMap;

/// What a sum is kept by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DayLineKey {
    /// The legal entity whose accounts it is in.
    pub entity: String,
    /// The accounting day.
    pub day: Date,
    /// The ledger account, as the trial balance names it, or a line between two entities.
    pub account: String,
    /// `COIN`, `DIAMOND` or a currency.
    pub unit: String,
    /// The kind of the postings.
    pub kind: String,
    /// The day of the events themselves; earlier than `day` for events that came after it was closed.
    pub event_day: Date,
}

/// A line's sums, in minor units, coins or diamonds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DayLineSums {
    /// Sum of debits.
    pub debits: i64,
    /// Sum of credits.
    pub credits: i64,
    /// How many debits and credits were added.
    pub entries: i64,
}

/// More than a sum can count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sum is more than can be counted")]
pub struct Overflow;

impl DayLineSums {
    /// Both together.
    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        let add = |one: i64, other: i64| one.checked_add(other).ok_or(Overflow);
        Ok(Self {
            debits: add(self.debits, other.debits)?,
            credits: add(self.credits, other.credits)?,
            entries: add(self.entries, other.entries)?,
        })
    }
}

/// A transfer that moved something, with what its posting says of it.
#[derive(Debug, Clone, Copy)]
pub struct BookedTransfer<'a> {
    /// The account debited.
    pub debit: &'a str,
    /// The account credited.
    pub credit: &'a str,
    /// `COIN`, `DIAMOND` or a currency.
    pub unit: &'a str,
    /// Amount in the unit.
    pub amount: i64,
    /// Kind of the posting.
    pub kind: &'a str,
    /// The event's own day.
    pub event_day: Date,
}

/// Sums that grow transfer by transfer.
#[derive(Debug, Default)]
pub struct DayLines {
    sums: BTreeMap<DayLineKey, DayLineSums>,
}

impl DayLines {
    /// Adds a transfer. `closed_through` is the last closed day of each entity when the transfer entered the journal. A transfer between two entities is
    /// balanced in the accounts of each by a line between them.
    pub fn add(&mut self, transfer: BookedTransfer<'_>, closed_through: &BTreeMap<String, Date>) -> Result<(), Overflow> {
        let (from, to) = (account::entity(transfer.debit), account::entity(transfer.credit));
        let (debit, credit) = (chart::group(transfer.debit), chart::group(transfer.credit));
        if from != to {
            let (beside_debit, beside_credit) = (account::between(&to, transfer.unit), account::between(&from, transfer.unit));
            self.entry(&from, beside_debit, false, transfer, closed_through)?;
            self.entry(&to, beside_credit, true, transfer, closed_through)?;
        }
        self.entry(&from, debit, true, transfer, closed_through)?;
        self.entry(&to, credit, false, transfer, closed_through)
    }

    fn entry(
        &mut self,
        entity: &str,
        account: String,
        is_debit: bool,
        transfer: BookedTransfer<'_>,
        closed_through: &BTreeMap<String, Date>,
    ) -> Result<(), Overflow> {
        let day = accounting_day(transfer.event_day, closed_through.get(entity).copied()).ok_or(Overflow)?;
        let (unit, kind) = (transfer.unit.to_owned(), transfer.kind.to_owned());
        let key = DayLineKey { entity: entity.to_owned(), day, account, unit, kind, event_day: transfer.event_day };
        let (debits, credits) = if is_debit { (transfer.amount, 0) } else { (0, transfer.amount) };
        let sums = self.sums.entry(key).or_default();
        *sums = sums.plus(DayLineSums { debits, credits, entries: 1 })?;
        Ok(())
    }

    /// Whether nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }

    /// The sums, in the order of their keys.
    #[must_use]
    pub const fn sums(&self) -> &BTreeMap<DayLineKey, DayLineSums> {
        &self.sums
    }
}

#[cfg(test)]
mod tests;
