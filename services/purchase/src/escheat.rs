//! Coins of owners who are no longer active: what states call unclaimed property. Lots are read as they were at the end of a day, from what postings took of each up to
//! then; owners are told apart by years since their last purchase or gift. No I/O.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::lots::{BrokenCoins, Lot, LotOrigin, LotOverflow, LotSpend, LotSums, LotUse};
use crate::sheets::day;

/// Lots that are summed together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DormantKey {
    /// The legal entity.
    pub entity: String,
    /// The market.
    pub market: String,
    /// The code of the currency; empty: of coins whose price nobody knows.
    pub currency: String,
    /// Whole years without activity of their owners.
    pub years: i32,
}

/// Coins of owners who were not active for as many years.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DormantSums {
    /// How many owners have some.
    pub owners: i64,
    /// What their lots contribute.
    pub lots: LotSums,
}

/// One owner's lots, each with what postings took of it.
#[derive(Debug, Clone, Default)]
pub struct OwnedLots {
    /// The lots as they are now.
    pub lots: Vec<(Lot, Vec<LotSpend>)>,
}

/// A lot as it was when a day was over; `None`: it came later.
#[must_use]
pub fn as_of(lot: &Lot, spends: &[LotSpend], last: Date) -> Option<Lot> {
    if day(lot.issued_at_ms) > last {
        return None;
    }
    let mut then =
        Lot { spent: 0, removed: 0, refunded: 0, forfeited: 0, frozen: 0, suspended: 0, broken: BrokenCoins::default(), ..lot.clone() };
    let mut broken =
        Some(BrokenCoins { spent: 0, refunded: 0, forfeited: 0, ..lot.broken }).filter(|of| of.coins > 0 && day(of.at_ms) <= last);
    for spend in spends.iter().filter(|spend| day(spend.spent_at_ms) <= last) {
        // Nothing was taken of it for months before that.
        if day(spend.spent_at_ms) > day(lot.broken.at_ms)
            && let Some(broken) = broken.take()
        {
            then.broken = broken;
        }
        then.used(spend.used, spend.coins);
    }
    then.broken = broken.unwrap_or(then.broken);
    // A sale that was reversed before the day was over took coins away by it.
    then.reversed = lot.reversed && then.removed > then.refunded + then.forfeited;
    Some(then)
}

/// When an owner did something last up to the end of a day: bought coins, or spent some.
fn last_active(owned: &OwnedLots, last: Date) -> Option<Date> {
    let bought = owned.lots.iter().filter(|(lot, _)| lot.origin != LotOrigin::Promotional).map(|(lot, _)| lot.issued_at_ms);
    let spends = owned.lots.iter().flat_map(|(_, spends)| spends).filter(|spend| spend.used == LotUse::Spent && spend.coins > 0);
    let days = bought.chain(spends.map(|spend| spend.spent_at_ms)).map(day);
    days.filter(|day| *day <= last).max()
}

/// Whole years from a day to another.
fn years(from: Date, to: Date) -> i32 {
    let whole = i32::from(to.year()) - i32::from(from.year());
    let is_before = (to.month(), to.day()) < (from.month(), from.day());
    whole - i32::from(is_before)
}

/// Adds one owner's lots, as they were at the end of a day.
pub fn add(sums: &mut BTreeMap<DormantKey, DormantSums>, owned: &OwnedLots, last: Date) -> Result<(), LotOverflow> {
    let there: Vec<Lot> = owned.lots.iter().filter_map(|(lot, spends)| as_of(lot, spends, last)).collect();
    // Coins that were only ever given count from the first day.
    let first = there.iter().map(|lot| day(lot.issued_at_ms)).min();
    let Some(since) = last_active(owned, last).or(first) else { return Ok(()) };
    let years = years(since, last);
    let mut own: BTreeMap<DormantKey, LotSums> = BTreeMap::new();
    for lot in there.iter().filter(|lot| lot.left() > 0) {
        let (entity, market, currency) = (lot.entity.clone(), lot.market.clone(), lot.currency.clone());
        let of = own.entry(DormantKey { entity, market, currency, years }).or_default();
        *of = of.plus(lot.sums(), 1).ok_or(LotOverflow)?;
    }
    for (key, lots) in own {
        let of = sums.entry(key).or_default();
        of.owners += 1;
        of.lots = of.lots.plus(lots, 1).ok_or(LotOverflow)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
