//! Days on which banks settle: calendars computed by rule, and lists that end on a date. A question about a day that a calendar doesn't cover is an error,
//! never "no holiday".
//!
//! - [`computed`]: the rules of US-FED, EU-TARGET and GB-ENG.

pub mod computed;

use computed::ComputedCalendar;
use jiff::civil::{Date, Weekday};
use std::collections::{BTreeMap, BTreeSet};

/// Longest row of days without a business day that is searched through. Real calendars have at most ten such days in a row; a list that has more is wrong.
const CLOSED_DAYS_MAX: u32 = 60;
/// Most business days that one question may count: two years.
const BUSINESS_DAYS_MAX: u32 = 520;

/// Why a calendar can't answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarGap {
    /// Neither computed nor loaded.
    #[error("holiday calendar {id} is not known; load a list of it")]
    Unknown {
        /// The calendar asked for.
        id: String,
    },
    /// The day is before the first day that the list covers.
    #[error("holiday calendar {id} begins on {from}; {asked} is earlier")]
    Before {
        /// The calendar asked for.
        id: String,
        /// Its first day.
        from: Date,
        /// The day asked for.
        asked: Date,
    },
    /// The day is after the last day that the list covers.
    #[error("holiday calendar {id} ends on {until}; load a list that covers {asked}")]
    Beyond {
        /// The calendar asked for.
        id: String,
        /// Its last day.
        until: Date,
        /// The day asked for.
        asked: Date,
    },
    /// The day is outside the years for which the rules of a computed calendar are known; a file can only correct days within them.
    #[error("holiday calendar {id} is computed from {from} to {until} only, and {asked} is outside; a list can't be loaded for it")]
    BeyondRules {
        /// The calendar asked for.
        id: String,
        /// First day for which its rules hold.
        from: Date,
        /// Last day for which they do.
        until: Date,
        /// The day asked for.
        asked: Date,
    },
    /// No business day or opening within the days that are searched, or more days counted than are allowed.
    #[error("{id}: no answer within {days} days of {from}")]
    TooFar {
        /// The calendar or rail asked for.
        id: String,
        /// Where the search began.
        from: Date,
        /// How many days were allowed.
        days: u32,
    },
    /// The date or time lies outside the years that can be computed with.
    #[error("{id}: the time is outside the years that can be computed with")]
    OutOfRange {
        /// The calendar or rail asked for.
        id: String,
    },
}

/// A list of holidays from somewhere else, with the days it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedCalendar {
    /// Such as `CA-ON`.
    pub id: String,
    /// First day that it covers.
    pub from: Date,
    /// Last day that it covers.
    pub until: Date,
    /// Days of the week on which nothing settles.
    pub weekend: BTreeSet<i8>,
    /// Holidays, also those on a weekend.
    pub days: BTreeSet<Date>,
    /// Where the list is from.
    pub source: String,
}

/// A correction of a computed calendar: days that were moved or declared once, such as a coronation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CalendarCorrection {
    /// Holidays beyond the rule.
    pub added: BTreeSet<Date>,
    /// Days that the rule makes a holiday and that are not.
    pub removed: BTreeSet<Date>,
    /// Who declared it.
    pub source: String,
}

/// All calendars that are known: the computed ones with their corrections, and the lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HolidayCalendars {
    pub(crate) listed: BTreeMap<String, ListedCalendar>,
    pub(crate) corrections: BTreeMap<String, CalendarCorrection>,
}

/// Days of the week as files name them, from Monday on.
pub(crate) const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The word of an ISO number from Monday = 1.
pub(crate) fn weekday_word(number: i8) -> Option<&'static str> {
    usize::try_from(number).ok()?.checked_sub(1).and_then(|index| WEEKDAYS.get(index)).copied()
}

/// Saturday and Sunday, as ISO numbers from Monday = 1.
#[must_use]
pub fn usual_weekend() -> BTreeSet<i8> {
    BTreeSet::from([6, 7])
}

fn is_usual_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

impl HolidayCalendars {
    /// Whether the calendar is computed or loaded.
    #[must_use]
    pub fn knows(&self, id: &str) -> bool {
        ComputedCalendar::from_id(id).is_some() || self.listed.contains_key(id)
    }

    /// Adds a list, or replaces the one of the same id.
    pub fn load(&mut self, list: ListedCalendar) {
        self.listed.insert(list.id.clone(), list);
    }

    /// The loaded list of an id.
    #[must_use]
    pub fn listed(&self, id: &str) -> Option<&ListedCalendar> {
        self.listed.get(id)
    }

    /// Whether the day is a holiday of the calendar; weekends are not holidays unless they are listed. Errors if the calendar doesn't cover the day.
    pub fn is_holiday(&self, id: &str, date: Date) -> Result<bool, CalendarGap> {
        let (from, until) = self.covered(id)?;
        if !(from..=until).contains(&date) && !self.listed.contains_key(id) {
            return Err(CalendarGap::BeyondRules { id: id.to_owned(), from, until, asked: date });
        }
        if date < from {
            return Err(CalendarGap::Before { id: id.to_owned(), from, asked: date });
        }
        if date > until {
            return Err(CalendarGap::Beyond { id: id.to_owned(), until, asked: date });
        }
        if let Some(list) = self.listed.get(id) {
            return Ok(list.days.contains(&date));
        }
        let by_rule = ComputedCalendar::from_id(id).is_some_and(|calendar| calendar.is_holiday(date));
        let correction = self.corrections.get(id);
        let added = correction.is_some_and(|found| found.added.contains(&date));
        let removed = correction.is_some_and(|found| found.removed.contains(&date));
        Ok(added || (by_rule && !removed))
    }

    /// Whether banks of the calendar settle on the day. Without a calendar, every day is a business day. Errors if the calendar doesn't cover the day.
    pub fn is_business_day(&self, id: Option<&str>, date: Date) -> Result<bool, CalendarGap> {
        let Some(id) = id else { return Ok(true) };
        // Asked also for weekends, so that a day that isn't covered is an error whatever day of the week it is.
        let holiday = self.is_holiday(id, date)?;
        let weekend = match self.listed.get(id) {
            Some(list) => list.weekend.contains(&date.weekday().to_monday_one_offset()),
            None => is_usual_weekend(date),
        };
        Ok(!holiday && !weekend)
    }

    /// The first business day after `date`.
    pub fn next_business_day(&self, id: Option<&str>, date: Date) -> Result<Date, CalendarGap> {
        self.search(id, date, Date::tomorrow)
    }

    /// The last business day before `date`.
    pub fn previous_business_day(&self, id: Option<&str>, date: Date) -> Result<Date, CalendarGap> {
        self.search(id, date, Date::yesterday)
    }

    /// `date` if it is a business day, otherwise the first one after it.
    pub fn business_day_from(&self, id: Option<&str>, date: Date) -> Result<Date, CalendarGap> {
        if self.is_business_day(id, date)? { Ok(date) } else { self.next_business_day(id, date) }
    }

    /// The business day that is `days` business days after `date`. With 0 it is `date` itself or, if that is no business day, the next one. A count from a
    /// day that is no business day starts there: one business day after a Saturday is Monday. Refuses more than 520 days.
    pub fn add_business_days(&self, id: Option<&str>, date: Date, days: u32) -> Result<Date, CalendarGap> {
        if days > BUSINESS_DAYS_MAX {
            return Err(CalendarGap::TooFar { id: id.unwrap_or("every day").to_owned(), from: date, days: BUSINESS_DAYS_MAX });
        }
        if days == 0 {
            return self.business_day_from(id, date);
        }
        (0..days).try_fold(date, |day, _| self.next_business_day(id, day))
    }

    fn search(&self, id: Option<&str>, date: Date, step: fn(Date) -> Result<Date, jiff::Error>) -> Result<Date, CalendarGap> {
        let name = || id.unwrap_or("every day").to_owned();
        let mut day = date;
        for _ in 0..CLOSED_DAYS_MAX {
            day = step(day).map_err(|_| CalendarGap::OutOfRange { id: name() })?;
            if self.is_business_day(id, day)? {
                return Ok(day);
            }
        }
        Err(CalendarGap::TooFar { id: name(), from: date, days: CLOSED_DAYS_MAX })
    }

    fn covered(&self, id: &str) -> Result<(Date, Date), CalendarGap> {
        match (self.listed.get(id), ComputedCalendar::from_id(id)) {
            (Some(list), _) => Ok((list.from, list.until)),
            (None, Some(calendar)) => Ok(calendar.covered()),
            (None, None) => Err(CalendarGap::Unknown { id: id.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests;
