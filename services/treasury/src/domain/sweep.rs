//! Money that rules move between physical accounts: when a rule is due, how much it moves, and what it never moves.
//!
//! - [`record`]: a sweep that was decided, and how far it is. [`check`]: what a sweep may move at all.
pub mod check;
pub mod record;

use super::{Structure, forecast::moment, moves::BookView, terms::TreasuryTerms};
use check::{SweepBan, SweepRefusal, ends, refused};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use rails::{CalendarGap, HolidayCalendars, record::DayMinute};
use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

/// A rule, as it is in force from a day on. It keeps a physical account between two amounts: what is above goes from a leaf of it to a leaf of another account, and
/// what is missing comes from there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepRule {
    /// The leaf of the account that is kept between the amounts.
    pub leaf: String,
    /// The leaf of the other account.
    pub other_leaf: String,
    /// What the account is filled to when it has less, in minor units; `None`: it is never filled.
    pub lower: Option<i64>,
    /// What stays of it when it has more.
    pub upper: i64,
    /// The calendar of the days on which it is due; `None`: every day.
    pub calendar: Option<String>,
    /// The zone of those days and of the two times.
    pub zone: TimeZone,
    /// From when on it is due on such a day.
    pub opens: DayMinute,
    /// Until when.
    pub cutoff: DayMinute,
    /// Whether what it moved goes back on the next such day.
    pub overnight: bool,
}

/// A rule with all its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatedSweepRule {
    /// Its id.
    pub id: String,
    /// By the first day of each row; `None`: it is off from then on.
    pub rows: BTreeMap<Date, Option<SweepRule>>,
}

/// Whether a rule is due at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SweepTime {
    /// It is.
    Due,
    /// The day is a holiday of its calendar, or a weekend.
    ClosedDay,
    /// It is due later on this day.
    Early,
    /// Its cut-off has passed.
    CutoffPassed,
}

/// The day of a rule at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SweepWindow {
    /// The day, in the rule's zone.
    pub day: Date,
    /// Whether it is due.
    pub time: SweepTime,
    /// When that ends; if it is not due, when it is due next.
    pub next: Timestamp,
}

/// What a rule decides on: the books at one moment.
#[derive(Debug, Clone, Copy)]
pub struct SweepFacts<'a> {
    /// The structure.
    pub structure: &'a Structure,
    /// The balances.
    pub view: &'a BookView,
    /// What leaves must keep, and how full they may be.
    pub terms: &'a TreasuryTerms,
    /// The day (UTC) for which that is asked.
    pub today: Date,
    /// What earlier sweeps still bring, by physical account, in minor units.
    pub coming: &'a BTreeMap<String, i64>,
}

/// What a rule moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepMove {
    /// The leaf that gives.
    pub from: String,
    /// The leaf that receives.
    pub to: String,
    /// How much, in minor units; at least 1.
    pub amount: i64,
    /// What is still missing to what the rule would move.
    pub short: i64,
}

impl DatedSweepRule {
    /// The rule as it is on a day; `None`: off, or not there yet.
    #[must_use]
    pub fn on(&self, day: Date) -> Option<&SweepRule> {
        self.rows.range(..=day).next_back()?.1.as_ref()
    }
}

impl SweepRule {
    /// Whether the rule is due at this moment.
    pub fn window(&self, calendars: &HolidayCalendars, now: Timestamp) -> Result<SweepWindow, CalendarGap> {
        self.window_from(calendars, now, self.opens)
    }

    /// The same for money that goes back, which it does from the first minute of the day on.
    pub fn return_window(&self, calendars: &HolidayCalendars, now: Timestamp) -> Result<SweepWindow, CalendarGap> {
        self.window_from(calendars, now, DayMinute::START)
    }

    /// The day on which what an overnight rule moved on a day goes back.
    pub fn return_day(&self, calendars: &HolidayCalendars, day: Date) -> Result<Date, CalendarGap> {
        calendars.next_business_day(self.calendar.as_deref(), day)
    }

    /// The first moment of a day on which money goes back.
    pub fn return_opening(&self, day: Date) -> Result<Timestamp, CalendarGap> {
        moment(&self.zone, &self.leaf, day, DayMinute::START)
    }

    fn window_from(&self, calendars: &HolidayCalendars, now: Timestamp, opens: DayMinute) -> Result<SweepWindow, CalendarGap> {
        let calendar = self.calendar.as_deref();
        let day = self.zone.to_datetime(now).date();
        let at = |day, minute| moment(&self.zone, &self.leaf, day, minute);
        let later = |time| Ok(SweepWindow { day, time, next: at(calendars.next_business_day(calendar, day)?, opens)? });
        if !calendars.is_business_day(calendar, day)? {
            return later(SweepTime::ClosedDay);
        }
        let (begins, ends) = (at(day, opens)?, at(day, self.cutoff)?);
        if now < begins {
            return Ok(SweepWindow { day, time: SweepTime::Early, next: begins });
        }
        if now >= ends {
            return later(SweepTime::CutoffPassed);
        }
        Ok(SweepWindow { day, time: SweepTime::Due, next: ends })
    }

    /// What the rule moves now; `None`: the account is between its amounts, or has nothing to give.
    pub fn wanted(&self, facts: &SweepFacts<'_>) -> Result<Option<SweepMove>, SweepRefusal> {
        let own = ends(facts, &self.leaf, &self.other_leaf)?;
        if self.overnight || self.lower.is_some() {
            // What could never come back is not sent away, and a rule that could never fill an account says so before it is empty.
            ends(facts, &self.other_leaf, &self.leaf)?;
        }
        let at_bank = facts.view.at_bank(facts.structure, &own.from_account.id);
        let coming = facts.coming.get(&own.from_account.id).copied().unwrap_or_default();
        let has = at_bank.saturating_add(coming);
        if has > self.upper {
            let above = has.saturating_sub(self.upper).min(at_bank);
            let amount = above.min(free(facts, &self.leaf)).min(room(facts, &self.other_leaf));
            return Ok(moving((&self.leaf, &self.other_leaf), amount, above));
        }
        let missing = self.lower.map_or(0, |lower| lower.saturating_sub(has));
        if missing <= 0 {
            return Ok(None);
        }
        let (given, at_bank) = (free(facts, &self.other_leaf), facts.view.at_bank(facts.structure, &own.to_account.id));
        let amount = missing.min(given).min(at_bank).min(room(facts, &self.leaf));
        match moving((&self.other_leaf, &self.leaf), amount, missing) {
            Some(moved) => Ok(Some(moved)),
            None => Err(short(facts, &self.other_leaf, (given, at_bank), missing)),
        }
    }
}

/// What goes back of an overnight sweep: all of it, or nothing yet.
pub fn returned(facts: &SweepFacts<'_>, from: &str, to: &str, amount: i64) -> Result<SweepMove, SweepRefusal> {
    let own = ends(facts, from, to)?;
    let (given, at_bank) = (free(facts, from), facts.view.at_bank(facts.structure, &own.from_account.id));
    if given.min(at_bank) < amount {
        return Err(short(facts, from, (given, at_bank), amount));
    }
    if room(facts, to) < amount {
        return Err(refused(SweepBan::LeafMaximum, to, format!("can't take {amount} minor units within its maximum")));
    }
    Ok(SweepMove { from: from.to_owned(), to: to.to_owned(), amount, short: 0 })
}

fn moving((from, to): (&str, &str), amount: i64, wanted: i64) -> Option<SweepMove> {
    (amount > 0).then(|| SweepMove { from: from.to_owned(), to: to.to_owned(), amount, short: wanted - amount })
}

/// Why a leaf gives nothing: it has too little itself, or its bank account has.
fn short(facts: &SweepFacts<'_>, leaf: &str, (given, at_bank): (i64, i64), wanted: i64) -> SweepRefusal {
    if given < wanted && given <= at_bank {
        return refused(SweepBan::LeafAvailable, leaf, format!("has {given} minor units for sweeps, and {wanted} are wanted"));
    }
    let account = facts.structure.root(leaf).map_or(leaf, |root| &root.id);
    let why = format!("has {at_bank} minor units at the bank that are not on their way out, and {wanted} are wanted");
    refused(SweepBan::PhysicalAvailable, account, why)
}

/// What a leaf may give: what is booked, without holds and its minimum.
fn free(facts: &SweepFacts<'_>, leaf: &str) -> i64 {
    let sums = facts.view.leaves.get(leaf).copied().unwrap_or_default();
    sums.booked.saturating_sub(sums.pending_debits).saturating_sub(facts.terms.bounds(leaf, facts.today).minimum)
}

/// What a leaf may take until it is at its maximum.
fn room(facts: &SweepFacts<'_>, leaf: &str) -> i64 {
    let booked = facts.view.leaves.get(leaf).map_or(0, |sums| sums.booked);
    facts.terms.bounds(leaf, facts.today).maximum.map_or(i64::MAX, |maximum| maximum.saturating_sub(booked).max(0))
}
