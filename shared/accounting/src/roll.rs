//! The roll-forward of what is owed: opening, what was added and what was released by kind of event, closing. The closing of a period is the next one's opening.
use crate::{
    account::LedgerAccount,
    journal::{DayTitle, MappedFault},
    line::Overflow,
    table::{cell, decimal, write},
};
use chart::{AccountClass, Purpose};
use jiff::civil::Date;
use std::collections::BTreeMap;

/// The liabilities that are rolled forward: revenue that is not earned yet, and what creators and agencies earned.
const ROLLED: [AccountClass; 4] = [
    AccountClass::House(Purpose::DeferredRevenue),
    AccountClass::House(Purpose::AccruedCreatorLiability),
    AccountClass::CreatorPayable,
    AccountClass::AgencyPayable,
];

/// Columns of a roll-forward.
const ROLL_COLUMNS: [&str; 11] =
    ["book", "entity", "first_date", "last_date", "status", "account", "currency", "record", "kind", "amount_minor_units", "amount"];

/// Whether a line's account is rolled forward.
#[must_use]
pub fn is_rolled(account: &str, unit: &str) -> bool {
    matches!(LedgerAccount::parse(account, unit), LedgerAccount::Money(class, _) if ROLLED.contains(&class))
}

/// Sums of an account: before a period, or in it under one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolledSums {
    /// The ledger account, as the trial balance names it.
    pub account: String,
    /// The currency.
    pub unit: String,
    /// Kind of the postings; empty for sums before the period.
    pub kind: String,
    /// Sum of debits.
    pub debits: i64,
    /// Sum of credits.
    pub credits: i64,
}

/// What one kind of event did to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollMovement {
    /// Kind of the postings.
    pub kind: String,
    /// Credits: what is owed more.
    pub added: i64,
    /// Debits: what is owed less.
    pub released: i64,
}

/// An account's roll-forward, in minor units. All balances are credits minus debits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollForward {
    /// The ledger account, as the trial balance names it.
    pub account: String,
    /// The currency.
    pub unit: String,
    /// Balance before the period.
    pub opening: i64,
    /// What changed it, in the order of the kinds' names.
    pub movements: Vec<RollMovement>,
    /// Balance at the end of the period.
    pub closing: i64,
}

/// What each kind added and released.
type KindSums<'a> = BTreeMap<&'a str, (i64, i64)>;

/// Rolls accounts forward from their sums before a period and in it. Accounts that are not rolled forward are left out.
pub fn roll_forward(before: &[RolledSums], during: &[RolledSums]) -> Result<Vec<RollForward>, Overflow> {
    let mut rolled: BTreeMap<(&str, &str), (i64, KindSums<'_>)> = BTreeMap::new();
    for sums in before.iter().filter(|sums| is_rolled(&sums.account, &sums.unit)) {
        let (opening, _) = rolled.entry((&sums.account, &sums.unit)).or_default();
        *opening = sums.credits.checked_sub(sums.debits).and_then(|balance| opening.checked_add(balance)).ok_or(Overflow)?;
    }
    for sums in during.iter().filter(|sums| is_rolled(&sums.account, &sums.unit)) {
        let (_, kinds) = rolled.entry((&sums.account, &sums.unit)).or_default();
        let (added, released) = kinds.entry(&sums.kind).or_default();
        *added = added.checked_add(sums.credits).ok_or(Overflow)?;
        *released = released.checked_add(sums.debits).ok_or(Overflow)?;
    }
    let mut lines = Vec::new();
    for ((account, unit), (opening, kinds)) in rolled {
        let (mut closing, mut movements) = (opening, Vec::new());
        for (kind, (added, released)) in kinds {
            closing = added.checked_sub(released).and_then(|change| closing.checked_add(change)).ok_or(Overflow)?;
            movements.push(RollMovement { kind: kind.to_owned(), added, released });
        }
        lines.push(RollForward { account: account.to_owned(), unit: unit.to_owned(), opening, movements, closing });
    }
    Ok(lines)
}

/// A roll-forward as CSV: for each account its opening, what each kind added and released, and its closing. Releases have a minus, so that the rows add up to the
/// closing. The period begins on `first_day`; it ends on the title's day.
pub fn roll_forward_csv(title: DayTitle<'_>, first_day: Date, lines: &[RollForward]) -> Result<String, MappedFault> {
    let mut rows = Vec::new();
    for line in lines {
        let LedgerAccount::Money(_, currency) = LedgerAccount::parse(&line.account, &line.unit) else {
            return Err(MappedFault::Unit(line.account.clone(), line.unit.clone()));
        };
        let mut push = |record: &str, kind: &str, amount: i128| {
            let front = [title.book, title.entity].map(str::to_owned);
            let days = [first_day.to_string(), title.day.to_string(), title.status().to_owned()];
            let names = [cell(&line.account), currency.code().to_owned(), record.to_owned(), cell(kind)];
            rows.push([front.as_slice(), &days, &names, &[amount.to_string(), decimal(amount, currency)]].concat());
        };
        push("opening", "", line.opening.into());
        for movement in &line.movements {
            let changes = [("added", i128::from(movement.added)), ("released", -i128::from(movement.released))];
            changes.into_iter().filter(|(_, amount)| *amount != 0).for_each(|(record, amount)| push(record, &movement.kind, amount));
        }
        push("closing", "", line.closing.into());
    }
    Ok(write(&ROLL_COLUMNS, rows.into_iter())?)
}

#[cfg(test)]
mod tests;
