//! A rule of sweeps: its amounts, and the times at which it is due.
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use rails::{CalendarGap, HolidayCalendars, record::DayMinute};
use std::collections::BTreeMap;

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
        self.moment(day, DayMinute::START)
    }

    fn window_from(&self, calendars: &HolidayCalendars, now: Timestamp, opens: DayMinute) -> Result<SweepWindow, CalendarGap> {
        let calendar = self.calendar.as_deref();
        let day = self.zone.to_datetime(now).date();
        let later = |time| Ok(SweepWindow { day, time, next: self.moment(calendars.next_business_day(calendar, day)?, opens)? });
        if !calendars.is_business_day(calendar, day)? {
            return later(SweepTime::ClosedDay);
        }
        let (begins, ends) = (self.moment(day, opens)?, self.moment(day, self.cutoff)?);
        if now < begins {
            return Ok(SweepWindow { day, time: SweepTime::Early, next: begins });
        }
        if now >= ends {
            return later(SweepTime::CutoffPassed);
        }
        Ok(SweepWindow { day, time: SweepTime::Due, next: ends })
    }

    fn moment(&self, day: Date, minute: DayMinute) -> Result<Timestamp, CalendarGap> {
        minute.on(day, &self.zone).ok_or_else(|| CalendarGap::OutOfRange { id: self.leaf.clone() })
    }
}
