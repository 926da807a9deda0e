//! Standing orders: their terms, and the moments at which they are due.

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};
use money::{BookName, Currency, UserKey};
use uuid::Uuid;

/// Days within which every rhythm has a moment: the longest month, and a day on either side for zones.
const DAYS_SEARCHED: i64 = 33;
/// How far back a missed moment is looked for: only the newest one is made up for.
const MISSED_DAYS: i64 = 35;

/// On which days an order pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rhythm {
    /// Every week on this day.
    Weekly(Weekday),
    /// Every month on this day, 1 to 31; in shorter months on their last one.
    Monthly(i8),
}

/// How much an order pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StandingAmount {
    /// So many minor units.
    Fixed(i64),
    /// Everything payable above so many minor units.
    Above(i64),
}

impl StandingAmount {
    /// As it is compared with what an order was set to. Stored, so never changed.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::Fixed(minor_units) => format!("Fixed({minor_units})"),
            Self::Above(minor_units) => format!("Above({minor_units})"),
        }
    }
}

/// When an order pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// On which days.
    pub rhythm: Rhythm,
    /// At what time.
    pub time: Time,
    /// Name of the zone of both.
    pub zone_name: String,
    /// The zone.
    pub zone: TimeZone,
}

/// A standing order of a user in a currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingOrder {
    /// Its book.
    pub book: BookName,
    /// Derived from the request that set it.
    pub order_id: Uuid,
    /// Whose it is.
    pub user: UserKey,
    /// The beneficiary.
    pub beneficiary_id: Uuid,
    /// Its currency.
    pub currency: Currency,
    /// The amount of each payout.
    pub amount: StandingAmount,
    /// The moments at which payouts are requested.
    pub schedule: Schedule,
    /// The next moment, in Unix milliseconds.
    pub next_due_ms: i64,
}

money::named! {
    /// What became of an order at a moment.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum StandingState {
        /// Its payout is being requested.
        Asked = "asked",
        /// It was requested.
        Requested = "requested",
        /// It was refused.
        Refused = "refused",
        /// There was nothing to pay.
        NothingToPay = "nothing_to_pay",
    }
}

/// A moment of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingMoment {
    /// The order.
    pub order_id: Uuid,
    /// When it was due, in Unix milliseconds. With the order, its key: an order pays at most once at each.
    pub moment_ms: i64,
    /// When its payout was first requested, in Unix milliseconds: the time of the request's id.
    pub asked_at_ms: i64,
    /// What it pays.
    pub minor_units: i64,
    /// What became of it.
    pub state: StandingState,
    /// Its payout; empty: none.
    pub payout_id: String,
    /// Why it was refused; empty: it was not.
    pub reason: String,
}

impl StandingMoment {
    /// The request id of its payout: it follows from order and moment, so that after a crash the same payout is found.
    #[must_use]
    pub fn request_id(&self) -> Uuid {
        chart::id::payout_step_key(self.order_id, "standing", self.moment_ms, self.asked_at_ms)
    }
}

impl Schedule {
    /// A schedule from its texts: `weekly:1` (Monday) to `weekly:7`, `monthly:1` to `monthly:31`; `HH:MM`; the zone's name. `None`: one of them is malformed.
    #[must_use]
    pub fn parse(rhythm: &str, time: &str, zone_name: &str) -> Option<Self> {
        let (word, number) = rhythm.split_once(':')?;
        let number: i8 = number.parse().ok()?;
        let rhythm = match word {
            "weekly" => Rhythm::Weekly(Weekday::from_monday_one_offset(number).ok()?),
            "monthly" if (1..=31).contains(&number) => Rhythm::Monthly(number),
            _ => return None,
        };
        let digits =
            time.len() == 5 && time.bytes().enumerate().all(|(place, byte)| if place == 2 { byte == b':' } else { byte.is_ascii_digit() });
        let (hour, minute) = time.split_once(':').filter(|_| digits)?;
        let time = Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()?;
        let zone = TimeZone::get(zone_name).ok()?;
        Some(Self { rhythm, time, zone_name: zone_name.to_owned(), zone })
    }

    /// The text of the rhythm.
    #[must_use]
    pub fn rhythm_text(&self) -> String {
        match self.rhythm {
            Rhythm::Weekly(day) => format!("weekly:{}", day.to_monday_one_offset()),
            Rhythm::Monthly(day) => format!("monthly:{day}"),
        }
    }

    /// The text of the time.
    #[must_use]
    pub fn time_text(&self) -> String {
        format!("{:02}:{:02}", self.time.hour(), self.time.minute())
    }

    fn is_on(&self, date: Date) -> bool {
        match self.rhythm {
            Rhythm::Weekly(day) => date.weekday() == day,
            Rhythm::Monthly(day) => date.day() == day.min(date.days_in_month()),
        }
    }

    /// The moment on a date: a time that a change of the clocks leaves out is later by what it skips, one that is there twice is the first.
    fn moment_on(&self, date: Date) -> Option<Timestamp> {
        self.zone.to_ambiguous_zoned(date.to_datetime(self.time)).compatible().ok().map(|zoned| zoned.timestamp())
    }

    /// The first moment after `at`; the end of time where there is none.
    #[must_use]
    pub fn next_after(&self, at: Timestamp) -> Timestamp {
        let first = self.zone.to_datetime(at).date();
        let dates = (-1..=DAYS_SEARCHED).filter_map(|days| first.checked_add(days.days()).ok());
        let moments = dates.filter(|date| self.is_on(*date)).filter_map(|date| self.moment_on(date));
        moments.filter(|moment| *moment > at).min().unwrap_or(Timestamp::MAX)
    }

    /// The newest moment from `due` to `now`: of several that were missed, only this one is made up for.
    #[must_use]
    pub fn newest(&self, due: Timestamp, now: Timestamp) -> Timestamp {
        let earliest = now.checked_sub((MISSED_DAYS * 24).hours()).unwrap_or(Timestamp::MIN);
        let mut newest = if due < earliest { self.next_after(earliest) } else { due };
        loop {
            let next = self.next_after(newest);
            if next > now {
                return newest;
            }
            newest = next;
        }
    }
}

#[cfg(test)]
mod tests;
