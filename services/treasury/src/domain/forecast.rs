//! Whether a physical account has what its rail needs until it can be funded again: rails that pay at any hour run dry on weekends, when no bank funds them.
use super::{FundsUse, StandardLeaf, Structure, moves::BookView, receipt::Expected, terms::TreasuryTerms};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use rails::{CalendarGap, HolidayCalendars, record::DayMinute};
use std::collections::BTreeMap;

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
    /// Announced receipts that should be here by then, each with its smallest amount.
    pub expected: i64,
    /// What sweeps from other accounts still bring.
    pub coming: i64,
    /// Cash less what is in transit and held.
    pub available: i64,
    /// Of it, what rules may take to another account: own funds of leaves with the use `sweep`, above their minimum.
    pub sweepable: i64,
    /// What is missing to the minimum.
    pub short: i64,
    /// Available, with what is expected and coming.
    pub forecast: i64,
    /// What is missing of that to the minimum.
    pub forecast_short: i64,
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

    /// The cut-off of a day.
    fn moment(&self, day: Date) -> Result<Timestamp, CalendarGap> {
        self.cutoff.on(day, &self.zone).ok_or_else(|| CalendarGap::OutOfRange { id: self.rail.clone() })
    }
}

/// What an account is to get.
#[derive(Debug, Clone, Copy)]
pub struct Inflow<'a> {
    /// What was announced and has not come, of any leaf.
    pub announced: &'a [Expected],
    /// What sweeps still bring, by physical account.
    pub coming: &'a BTreeMap<String, i64>,
}

impl Inflow<'_> {
    /// What was announced for leaves of the account and should be here by the end of a day: what could still come later is not counted on, nor what is late.
    fn expected(&self, structure: &Structure, account: &str, today: Date, until: Date) -> i64 {
        let is_due = |expected: &&Expected| (today..=until).contains(&expected.until) && expected.receipt_id.is_empty();
        let due =
            self.announced.iter().filter(is_due).filter(|expected| structure.root(&expected.leaf).is_some_and(|root| root.id == account));
        due.fold(0_i64, |sum, expected| sum.saturating_add(expected.min))
    }
}

/// What all forecasts of a moment begin with.
#[derive(Debug, Clone, Copy)]
pub struct ForecastBase<'a> {
    /// The accounts.
    pub structure: &'a Structure,
    /// What is on them.
    pub view: &'a BookView,
    /// Which leaves sweeps may draw from.
    pub terms: &'a TreasuryTerms,
    /// When banks are open.
    pub calendars: &'a HolidayCalendars,
}

/// The forecast of an account for a rail at a moment.
pub fn forecast(base: ForecastBase<'_>, inflow: Inflow<'_>, window: &FundingWindow, now: Timestamp) -> Result<RailForecast, CalendarGap> {
    let ForecastBase { structure, view, terms, calendars } = base;
    let today = money::time::utc_day(now);
    let (next_funding, following_funding) = window.next_two(calendars, now)?;
    let cash = view.cash.get(&window.account).copied().unwrap_or_default();
    let booked = |leaf: StandardLeaf| view.leaves.get(&leaf.id(&window.account)).map_or(0, |sums| sums.booked);
    let (in_transit, blocked) = (booked(StandardLeaf::InTransit), booked(StandardLeaf::Blocked));
    let (mut held, mut sweepable) = (0_i64, 0_i64);
    for (id, sums) in &view.leaves {
        if structure.root(id).is_none_or(|root| root.id != window.account) {
            continue;
        }
        held = held.saturating_add(sums.pending_debits);
        let leaf = structure.nodes.get(id).and_then(|node| node.leaf());
        if leaf.is_some_and(|leaf| leaf.funds.permits(FundsUse::Sweep) && leaf.uses.contains(&FundsUse::Sweep)) {
            let free = sums.booked.saturating_sub(sums.pending_debits).saturating_sub(terms.bounds(id, today).minimum);
            sweepable = sweepable.saturating_add(free.max(0));
        }
    }
    let available = cash.saturating_sub(in_transit).saturating_sub(blocked).saturating_sub(held);
    let short = window.minimum.saturating_sub(available).max(0);
    let sweepable = sweepable.min(available.saturating_sub(window.minimum)).max(0);
    let (zoned, coming) = (next_funding.to_zoned(window.zone.clone()), inflow.coming.get(&window.account).copied().unwrap_or_default());
    let expected = inflow.expected(structure, &window.account, today, zoned.date());
    let forecast = available.saturating_add(expected).saturating_add(coming);
    let forecast_short = window.minimum.saturating_sub(forecast).max(0);
    Ok(RailForecast {
        cash,
        in_transit,
        held,
        expected,
        coming,
        available,
        sweepable,
        short,
        forecast,
        forecast_short,
        next_funding,
        following_funding,
    })
}
