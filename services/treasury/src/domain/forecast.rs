//! Whether a physical account has what its rail needs until it can be funded again: rails that pay at any hour run dry on weekends, when no bank funds them.
use super::{FundsUse, StandardLeaf, Structure, moves::BookView, terms::TreasuryTerms};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use rails::{CalendarGap, HolidayCalendars, record::DayMinute};

#[cfg(test)]
mod tests;

/// When an account can be funded for a rail, and what it must have until then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FundingWindow {
    /// The physical account.
    pub account: String,
    /// The rail that pays from it, for people.
    pub rail: String,
    /// The calendar of the days on which it is funded; `None`: every day.
    pub calendar: Option<String>,
    /// The zone of those days and of the cut-off.
    pub zone: TimeZone,
    /// The moment of such a day until which funds are taken.
    pub cutoff: DayMinute,
    /// The least that must be available, in minor units.
    pub minimum: i64,
}

/// An account's forecast for a rail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RailForecast {
    /// At the bank by our books, in minor units.
    pub cash: i64,
    /// Instructed and not booked by the bank.
    pub in_transit: i64,
    /// Held on leaves for payouts that are due.
    pub held: i64,
    /// Announced receipts, which are not counted on.
    pub expected: i64,
    /// Cash less what is in transit and held.
    pub available: i64,
    /// Of it, what rules may take to another account: own funds of leaves with the use `sweep`, above their minimum.
    pub sweepable: i64,
    /// What is missing to the minimum.
    pub short: i64,
    /// The next moment until which it can be funded.
    pub next_funding: Timestamp,
    /// The one after that: what is missed at the next must last until then.
    pub following_funding: Timestamp,
}

impl FundingWindow {
    /// The next two moments after `now` until which the account can be funded.
    pub fn next_two(&self, calendars: &HolidayCalendars, now: Timestamp) -> Result<(Timestamp, Timestamp), CalendarGap> {
        let calendar = self.calendar.as_deref();
        let today = self.zone.to_datetime(now).date();
        // A cut-off at 24:00 of yesterday is today's first moment, which is over.
        let mut day = calendars.business_day_from(calendar, today)?;
        if self.moment(day)? <= now {
            day = calendars.next_business_day(calendar, day)?;
        }
        Ok((self.moment(day)?, self.moment(calendars.next_business_day(calendar, day)?)?))
    }

    /// The cut-off of a day. Where a clock change makes it ambiguous the earlier moment counts, and one that is skipped counts as late as the skip makes it.
    fn moment(&self, day: Date) -> Result<Timestamp, CalendarGap> {
        let out = || CalendarGap::OutOfRange { id: self.rail.clone() };
        let (day, minutes) =
            if self.cutoff == DayMinute::END { (day.tomorrow().map_err(|_| out())?, 0) } else { (day, self.cutoff.minutes()) };
        let (hour, minute) = (i8::try_from(minutes / 60).map_err(|_| out())?, i8::try_from(minutes % 60).map_err(|_| out())?);
        self.zone.to_ambiguous_timestamp(day.at(hour, minute, 0, 0)).compatible().map_err(|_| out())
    }
}

/// The forecast of an account for a rail at a moment.
pub fn forecast(
    (structure, view): (&Structure, &BookView),
    terms: &TreasuryTerms,
    calendars: &HolidayCalendars,
    window: &FundingWindow,
    now: Timestamp,
) -> Result<RailForecast, CalendarGap> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let (next_funding, following_funding) = window.next_two(calendars, now)?;
    let cash = view.cash.get(&window.account).copied().unwrap_or_default();
    let in_transit = view.leaves.get(&StandardLeaf::InTransit.id(&window.account)).map_or(0, |sums| sums.booked);
    let (mut held, mut expected, mut sweepable) = (0_i64, 0_i64, 0_i64);
    for (id, sums) in &view.leaves {
        if structure.root(id).is_none_or(|root| root.id != window.account) {
            continue;
        }
        held = held.saturating_add(sums.pending_debits);
        expected = expected.saturating_add(sums.pending_credits);
        let leaf = structure.nodes.get(id).and_then(|node| node.leaf());
        if leaf.is_some_and(|leaf| leaf.funds.permits(FundsUse::Sweep) && leaf.uses.contains(&FundsUse::Sweep)) {
            let free = sums.booked.saturating_sub(sums.pending_debits).saturating_sub(terms.bounds(id, today).minimum);
            sweepable = sweepable.saturating_add(free.max(0));
        }
    }
    let available = cash.saturating_sub(in_transit).saturating_sub(held);
    let short = window.minimum.saturating_sub(available).max(0);
    let sweepable = sweepable.min(available.saturating_sub(window.minimum)).max(0);
    Ok(RailForecast { cash, in_transit, held, expected, available, sweepable, short, next_funding, following_funding })
}
