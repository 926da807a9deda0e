//! Ages in banking days.

use jiff::civil::Date;
use rails::{CalendarGap, HolidayCalendars};
use serde::Serialize;
use std::{cell::RefCell, collections::HashMap};

/// Ages are counted up to here: after five years a case is as old as any.
const AGE_DAYS_MAX: u32 = 1_300;

/// How old something is, as cases are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum AgeBucket {
    /// Of today or of the banking day before.
    #[serde(rename = "0-1")]
    UpTo1,
    /// 2 to 5 banking days.
    #[serde(rename = "2-5")]
    UpTo5,
    /// 6 to 30 banking days.
    #[serde(rename = "6-30")]
    UpTo30,
    /// 31 to 90 banking days.
    #[serde(rename = "31-90")]
    UpTo90,
    /// Older.
    #[serde(rename = ">90")]
    Older,
}

impl AgeBucket {
    /// The bucket of an age in banking days.
    #[must_use]
    pub const fn of(days: u32) -> Self {
        match days {
            0..=1 => Self::UpTo1,
            2..=5 => Self::UpTo5,
            6..=30 => Self::UpTo30,
            31..=90 => Self::UpTo90,
            _ => Self::Older,
        }
    }
}

/// The banking days of an account's bank.
#[derive(Debug)]
pub struct BankingDays<'c> {
    calendars: &'c HolidayCalendars,
    id: Option<String>,
    /// Days between two dates, which are asked for again and again.
    counted: RefCell<HashMap<(Date, Date), u32>>,
}

impl<'c> BankingDays<'c> {
    /// By a calendar such as `EU-TARGET`; without one, every day counts.
    #[must_use]
    pub fn new(calendars: &'c HolidayCalendars, id: Option<&str>) -> Self {
        Self { calendars, id: id.map(str::to_owned), counted: RefCell::default() }
    }

    /// How many banking days begin after `from`, up to and with `to`; 0 if `to` is not later. At most 1,300.
    ///
    /// # Errors
    /// If the calendar does not cover the days.
    pub fn between(&self, from: Date, to: Date) -> Result<u32, CalendarGap> {
        if to <= from {
            return Ok(0);
        }
        if let Some(days) = self.counted.borrow().get(&(from, to)) {
            return Ok(*days);
        }
        let (mut day, mut days) = (from, 0);
        while day < to && days < AGE_DAYS_MAX {
            let Ok(next) = day.tomorrow() else { break };
            day = next;
            days += u32::from(self.calendars.is_business_day(self.id.as_deref(), day)?);
        }
        self.counted.borrow_mut().insert((from, to), days);
        Ok(days)
    }

    /// How many banking days are between two days, whichever is first.
    ///
    /// # Errors
    /// As [`Self::between`].
    pub fn apart(&self, one: Date, other: Date) -> Result<u32, CalendarGap> {
        self.between(one.min(other), one.max(other))
    }
}
