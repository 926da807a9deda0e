//! Whether the statements of virtual accounts come to that of their physical account.

use super::Judge;
use crate::class::ExceptionClass;
use jiff::civil::Date;
use matching::{LineStanding, StatementPart};
use rails::CalendarGap;
use std::collections::BTreeMap;

/// Balances of a day in minor units: opening and closing.
type DayBalances = (i128, i128);

/// What an account's statements of each day say, and one of them.
type AccountDays<'p> = BTreeMap<Date, (DayBalances, &'p StatementPart)>;

/// Compares each day of which the physical account and at least one virtual account have a statement.
pub(super) fn check(judge: &mut Judge<'_, '_>, taken: &[(&str, &StatementPart)]) -> Result<(), CalendarGap> {
    let kept = taken.iter().map(|(_, part)| *part).filter(|part| !judge.refused.contains(&(part.file, part.statement)));
    let accounts = days_of(kept);
    let none = AccountDays::new();
    for physical in &judge.terms.structure {
        let leaves: Vec<&AccountDays<'_>> = physical.leaves.iter().map(|leaf| accounts.get(leaf.as_str()).unwrap_or(&none)).collect();
        for (day, (balances, part)) in accounts.get(physical.account.as_str()).unwrap_or(&none) {
            let of_day: Vec<DayBalances> = leaves.iter().filter_map(|leaf| leaf.get(day)).map(|(balances, _)| *balances).collect();
            if of_day.is_empty() {
                continue;
            }
            let missing = leaves.len() - of_day.len();
            let sum = of_day.iter().fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
            let detail = if missing > 0 {
                format!("{missing} of {} virtual accounts have no statement of {day}", leaves.len())
            } else if sum != *balances {
                format!(
                    "on {day} the virtual accounts open with {} and close with {} minor units, the physical account with {} and {}",
                    sum.0, sum.1, balances.0, balances.1
                )
            } else {
                continue;
            };
            judge.add(ExceptionClass::VirtualNePhysical, Some(part), detail)?;
        }
    }
    Ok(())
}

fn days_of<'p>(kept: impl Iterator<Item = &'p StatementPart>) -> BTreeMap<&'p str, AccountDays<'p>> {
    let mut accounts: BTreeMap<&str, AccountDays<'p>> = BTreeMap::new();
    let mut booked: Vec<&StatementPart> = kept.filter(|part| part.standing == LineStanding::Booked).collect();
    booked.sort_by_key(|part| (part.day, part.number, part.page, part.file, part.statement));
    for part in booked {
        let (Some(day), Some(opening), Some(closing), Some(account)) = (part.day, part.opening, part.closing, &part.account) else {
            continue;
        };
        let balances = (i128::from(opening), i128::from(closing));
        // Pages of a day follow each other.
        let days = accounts.entry(account).or_default();
        days.entry(day).and_modify(|(known, _)| known.1 = balances.1).or_insert((balances, part));
    }
    accounts
}
