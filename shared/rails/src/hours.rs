//! When a rail is open, which cut-off applies, and when the money is there and final. All times of day are those of the rail's zone; where a clock change
//! makes one ambiguous the earlier moment counts, and one that the change skips counts as late as the skip makes it.

use crate::{
    calendar::{CalendarGap, HolidayCalendars},
    record::{BusinessTime, CutoffWindow, DayMinute, DayTime, FinalityRule, RailRecord, RailSession, RailSpeed},
};
use jiff::{Span, Timestamp, civil::Date};

/// Days after today among which an opening or a cut-off is looked for.
const SEARCH_DAYS_MAX: u32 = 60;
/// Steps, each to the end of a session or to the next opening, in which a session longer than the bank's lead is looked for: sixty days of one session each.
const LEAD_STEPS_MAX: u32 = 120;

/// How we send over a rail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SendTerms {
    /// Minutes before a cut-off of the operator, or before the end of a session of a rail without windows, by which the bank wants the payment.
    pub lead_minutes: u32,
    /// The payee's participant takes payments outside the sessions of a rail that has extended hours.
    pub extended: bool,
}

/// When the money of a payment is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentExpectation {
    /// When the bank takes the payment for the rail: at once, or when it opens.
    pub starts: Timestamp,
    /// The cut-off that applies: the window's name and the moment before which the bank must have the payment. None on a rail without windows.
    pub cutoff: Option<(String, Timestamp)>,
    /// When the banks settle.
    pub settles: Timestamp,
    /// The first moment at which the money can be there.
    pub earliest: Timestamp,
    /// When it usually is.
    pub typical: Timestamp,
    /// When it must be; after it, something is wrong.
    pub latest: Timestamp,
    /// When nobody can undo or send back the payment by the rail's rules any more, if it settles as expected.
    pub final_at: Timestamp,
}

fn shifted(day: Date, days: i64) -> Option<Date> {
    day.checked_add(Span::new().try_days(days).ok()?).ok()
}

impl RailRecord {
    fn out_of_range(&self) -> CalendarGap {
        CalendarGap::OutOfRange { id: self.id.clone() }
    }

    fn too_far(&self, from: Date) -> CalendarGap {
        CalendarGap::TooFar { id: self.id.clone(), from, days: SEARCH_DAYS_MAX }
    }

    /// Today in the rail's zone.
    #[must_use]
    pub fn local_day(&self, at: Timestamp) -> Date {
        self.zone.to_datetime(at).date()
    }

    /// A time of day, some calendar days from a day.
    fn moment(&self, day: Date, time: DayTime) -> Result<Timestamp, CalendarGap> {
        shifted(day, i64::from(time.days)).and_then(|day| time.minute.on(day, &self.zone)).ok_or_else(|| self.out_of_range())
    }

    /// A time of day, some business days after a business day.
    fn business_moment(&self, calendars: &HolidayCalendars, day: Date, time: BusinessTime) -> Result<Timestamp, CalendarGap> {
        let day = calendars.add_business_days(self.calendar.as_deref(), day, u32::from(time.days))?;
        time.minute.on(day, &self.zone).ok_or_else(|| self.out_of_range())
    }

    fn session_bounds(&self, session: &RailSession, day: Date) -> Result<(Timestamp, Timestamp), CalendarGap> {
        Ok((self.moment(day, session.opens)?, self.moment(day, session.closes)?))
    }

    /// Whether a session takes place on a day.
    fn is_held(&self, calendars: &HolidayCalendars, session: &RailSession, day: Date) -> Result<bool, CalendarGap> {
        if session.business_days { calendars.is_business_day(self.calendar.as_deref(), day) } else { Ok(true) }
    }

    /// Whether the rail takes a payment at this moment. `extended`: the payee's participant has extended hours. A session includes its opening and not its
    /// closing. Errors if the calendar doesn't cover a day that matters.
    pub fn is_open(&self, calendars: &HolidayCalendars, at: Timestamp, extended: bool) -> Result<bool, CalendarGap> {
        if self.sessions.is_empty() || (self.extended_hours && extended) {
            return Ok(true);
        }
        let today = self.local_day(at);
        for session in &self.sessions {
            for days in -3..=2 {
                let day = shifted(today, days).ok_or_else(|| self.out_of_range())?;
                let (opens, closes) = self.session_bounds(session, day)?;
                // The calendar is asked only if the answer matters.
                if (opens..closes).contains(&at) && self.is_held(calendars, session, day)? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The first moment from `at` on at which the rail is open; `at` itself if it is. Errors if that can't be said because the calendar ends first.
    pub fn next_open(&self, calendars: &HolidayCalendars, at: Timestamp, extended: bool) -> Result<Timestamp, CalendarGap> {
        if self.is_open(calendars, at, extended)? {
            return Ok(at);
        }
        let today = self.local_day(at);
        let mut best: Option<Timestamp> = None;
        for days in -1..=i64::from(SEARCH_DAYS_MAX) {
            let day = shifted(today, days).ok_or_else(|| self.out_of_range())?;
            for session in &self.sessions {
                let (opens, closes) = self.session_bounds(session, day)?;
                // Closed now: only a session that begins later matters, and only if it begins before the best so far. A clock change can leave nothing of a
                // short one.
                if opens > at && opens < closes && best.is_none_or(|best| opens < best) && self.is_held(calendars, session, day)? {
                    best = Some(opens);
                }
            }
            // A session begins at most a day before its own day.
            let later = |best: Timestamp| shifted(self.local_day(best), 2).is_none_or(|limit| day >= limit);
            if let Some(best) = best.filter(|best| later(*best)) {
                return Ok(best);
            }
        }
        best.ok_or_else(|| self.too_far(today))
    }

    /// The latest end of the sessions that a moment lies in or at the end of; the moment itself if there is none.
    fn furthest_closing(&self, calendars: &HolidayCalendars, at: Timestamp) -> Result<Timestamp, CalendarGap> {
        let today = self.local_day(at);
        let mut furthest = at;
        for session in &self.sessions {
            for days in -3..=2 {
                let day = shifted(today, days).ok_or_else(|| self.out_of_range())?;
                let (opens, closes) = self.session_bounds(session, day)?;
                if opens <= at && closes > furthest && self.is_held(calendars, session, day)? {
                    furthest = closes;
                }
            }
        }
        Ok(furthest)
    }

    /// The first moment from `at` on at which the bank takes a payment: the rail is open, and on a rail without windows still is when the bank's lead is
    /// over. A payment at the end of a session less the lead is too late; sessions that adjoin are one. Errors as for [`Self::next_open`], and if no session
    /// is longer than the lead.
    pub fn next_accepted(&self, calendars: &HolidayCalendars, at: Timestamp, terms: SendTerms) -> Result<Timestamp, CalendarGap> {
        let mut from = self.next_open(calendars, at, terms.extended)?;
        let always = self.sessions.is_empty() || (self.extended_hours && terms.extended);
        if always || terms.lead_minutes == 0 || matches!(self.speed, RailSpeed::Windows(_)) {
            return Ok(from);
        }
        let lead = Span::new().minutes(i64::from(terms.lead_minutes));
        let mut end = from;
        for _ in 0..LEAD_STEPS_MAX {
            let closes = self.furthest_closing(calendars, end)?;
            if closes > from.checked_add(lead).map_err(|_| self.out_of_range())? {
                return Ok(from);
            }
            if closes == end {
                from = self.next_open(calendars, closes, terms.extended)?;
                end = from;
            } else {
                end = closes;
            }
        }
        Err(self.too_far(self.local_day(at)))
    }

    /// The window of a payment that is given to the bank at `at`: the first whose cut-off, less the bank's lead, is still ahead. With it the business day of
    /// the window and that cut-off. `None` on a rail without windows.
    pub fn cutoff_at(
        &self,
        calendars: &HolidayCalendars,
        at: Timestamp,
        terms: SendTerms,
    ) -> Result<Option<(&CutoffWindow, Date, Timestamp)>, CalendarGap> {
        let RailSpeed::Windows(windows) = &self.speed else { return Ok(None) };
        let today = self.local_day(at);
        let lead = Span::new().minutes(i64::from(terms.lead_minutes));
        let mut best: Option<(&CutoffWindow, Date, Timestamp)> = None;
        for days in -2..=i64::from(SEARCH_DAYS_MAX) {
            let day = shifted(today, days).ok_or_else(|| self.out_of_range())?;
            for window in windows {
                let cutoff = self.moment(day, window.cutoff)?.checked_sub(lead).map_err(|_| self.out_of_range())?;
                let better = cutoff > at && best.as_ref().is_none_or(|(_, _, best)| cutoff < *best);
                if better && calendars.is_business_day(self.calendar.as_deref(), day)? {
                    best = Some((window, day, cutoff));
                }
            }
            let later = best.as_ref().is_some_and(|(_, _, best)| shifted(self.local_day(*best), 2).is_none_or(|limit| day >= limit));
            if later {
                break;
            }
        }
        best.map(Some).ok_or_else(|| self.too_far(today))
    }

    /// The last day on which the record must be valid for a payment that the bank takes at `starts`: that day, or the business day of its window if that is
    /// later.
    pub(crate) fn last_day_needed(&self, calendars: &HolidayCalendars, starts: Timestamp, terms: SendTerms) -> Result<Date, CalendarGap> {
        let day = self.local_day(starts);
        Ok(self.cutoff_at(calendars, starts, terms)?.map_or(day, |(_, of_window, _)| of_window.max(day)))
    }

    /// The first moment of a day in the rail's zone.
    pub(crate) fn day_start(&self, day: Date) -> Result<Timestamp, CalendarGap> {
        self.zone.to_zoned(day.at(0, 0, 0, 0)).map(|start| start.timestamp()).map_err(|_| self.out_of_range())
    }

    /// When the money of a payment that is given to the bank at `at` is there and final.
    pub fn expectation(&self, calendars: &HolidayCalendars, at: Timestamp, terms: SendTerms) -> Result<PaymentExpectation, CalendarGap> {
        let starts = self.next_accepted(calendars, at, terms)?;
        if let Some((window, day, cutoff)) = self.cutoff_at(calendars, starts, terms)? {
            let time = |time| self.business_moment(calendars, day, time);
            let settles = time(window.settles)?;
            return Ok(PaymentExpectation {
                starts,
                cutoff: Some((window.name.clone(), cutoff)),
                settles,
                earliest: time(window.earliest)?,
                typical: time(window.typical)?,
                latest: time(window.latest)?,
                final_at: self.final_at(calendars, settles)?,
            });
        }
        let RailSpeed::Seconds { typical, longest } = self.speed else { return Err(self.too_far(self.local_day(at))) };
        let after = |seconds: u32| starts.checked_add(Span::new().seconds(i64::from(seconds))).map_err(|_| self.out_of_range());
        let typical = after(typical)?;
        Ok(PaymentExpectation {
            starts,
            cutoff: None,
            settles: typical,
            earliest: starts,
            typical,
            latest: after(longest)?,
            final_at: self.final_at(calendars, typical)?,
        })
    }

    /// When a payment that settled at `settled` is final: then, or at the end of the last day on which it can be returned. Days are counted from the day of
    /// settlement in the rail's zone.
    pub fn final_at(&self, calendars: &HolidayCalendars, settled: Timestamp) -> Result<Timestamp, CalendarGap> {
        let day = self.local_day(settled);
        let last = match self.finality {
            FinalityRule::AtOnce => return Ok(settled),
            FinalityRule::ReturnableBusinessDays(days) => calendars.add_business_days(self.calendar.as_deref(), day, u32::from(days))?,
            FinalityRule::ReturnableDays(days) => shifted(day, i64::from(days)).ok_or_else(|| self.out_of_range())?,
        };
        DayMinute::END.on(last, &self.zone).ok_or_else(|| self.out_of_range())
    }
}

#[cfg(test)]
mod tests;
