//! Values as every contract has them.
use crate::{Violations, malformed};
use jiff::Timestamp as Moment;
use money::Money;
use prost_types::Timestamp;
use tonic::Status;

/// The seconds at which years 1 and 10000 begin.
const YEAR_1: i64 = -62_135_596_800;
const YEAR_10000: i64 = 253_402_300_800;
/// Nanoseconds of a millisecond and of a microsecond.
const NANOS_OF_MS: i64 = 1_000_000;
const NANOS_OF_US: i64 = 1_000;

/// What a request's time must be.
pub const TIME_FORM: &str = "must be a time between years 1 and 9999";

/// A time in Unix milliseconds.
#[must_use]
pub fn timestamp_ms(unix_ms: i64) -> Timestamp {
    from_parts(unix_ms, 1_000, NANOS_OF_MS)
}

/// A time in Unix microseconds.
#[must_use]
pub fn timestamp_us(unix_us: i64) -> Timestamp {
    from_parts(unix_us, 1_000_000, NANOS_OF_US)
}

/// A moment of the calendar, to the nanosecond.
#[must_use]
pub fn timestamp(at: Moment) -> Timestamp {
    // The calendar counts the nanoseconds of a time before 1970 downwards, a message upwards.
    let (seconds, nanos) = (at.as_second(), at.subsec_nanosecond());
    if nanos < 0 { Timestamp { seconds: seconds - 1, nanos: nanos + 1_000_000_000 } } else { Timestamp { seconds, nanos } }
}

fn from_parts(moment: i64, of_second: i64, nanos: i64) -> Timestamp {
    let nanos = i32::try_from(moment.rem_euclid(of_second) * nanos).expect("less than a second of nanoseconds fits");
    Timestamp { seconds: moment.div_euclid(of_second), nanos }
}

/// Whole milliseconds since the Unix epoch, rounded down; the smallest or largest number for a time that has none.
#[must_use]
pub fn unix_ms(time: &Timestamp) -> i64 {
    time.seconds.saturating_mul(1_000).saturating_add(i64::from(time.nanos).div_euclid(NANOS_OF_MS))
}

/// Whole microseconds since the Unix epoch, rounded down; the smallest or largest number for a time that has none.
#[must_use]
pub fn unix_us(time: &Timestamp) -> i64 {
    time.seconds.saturating_mul(1_000_000).saturating_add(i64::from(time.nanos).div_euclid(NANOS_OF_US))
}

/// The moment of the calendar, to the nanosecond; `None` for a time that it has not.
#[must_use]
pub fn moment(time: &Timestamp) -> Option<Moment> {
    Moment::new(time.seconds, time.nanos).ok()
}

/// Whether a request's time is one: of years 1 to 9999, with a fraction of less than a second. If not, the answer is [`TIME_FORM`].
#[must_use]
pub fn is_time(time: &Timestamp) -> bool {
    (YEAR_1..YEAR_10000).contains(&time.seconds) && (0..1_000 * NANOS_OF_MS).contains(&i64::from(time.nanos))
}

/// An amount of money.
#[must_use]
pub fn money(money: Money) -> api::r#type::Money {
    api::r#type::Money { currency_code: money.currency().code().to_owned(), minor_units: money.minor_units() }
}

/// A filter by time, in Unix milliseconds: from the first, before the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// The first moment that counts.
    pub from_ms: i64,
    /// The first moment after it that does not.
    pub until_ms: i64,
}

impl Default for TimeRange {
    fn default() -> Self {
        Self::ANY
    }
}

impl TimeRange {
    /// No filter.
    pub const ANY: Self = Self { from_ms: i64::MIN, until_ms: i64::MAX };

    /// Reads a request's two fields, named as the request names them; an absent one filters nothing. Times have years 1 to 9999.
    pub fn read(fields: [&'static str; 2], from: Option<Timestamp>, until: Option<Timestamp>) -> Result<Self, Status> {
        let mut wrong = Violations::default();
        let bound = |field, time: Option<Timestamp>, any| time.map_or(Ok(any), |time| at_or_after_ms(field, time));
        let from_ms = wrong.take(bound(fields[0], from, Self::ANY.from_ms));
        let until_ms = wrong.take(bound(fields[1], until, Self::ANY.until_ms));
        let (Some(from_ms), Some(until_ms)) = (from_ms, until_ms) else { return Err(wrong.into_status()) };
        Ok(Self { from_ms, until_ms })
    }

    /// What page tokens are bound to; nothing where nothing is filtered, so that tokens of before the filter go on being good.
    #[must_use]
    pub fn named(&self) -> Vec<String> {
        if *self == Self::ANY { Vec::new() } else { vec![self.from_ms.to_string(), self.until_ms.to_string()] }
    }
}

/// The first whole millisecond at or after a moment.
fn at_or_after_ms(field: &'static str, time: Timestamp) -> Result<i64, Status> {
    if !is_time(&time) {
        return Err(malformed(field, TIME_FORM));
    }
    Ok(time.seconds * 1_000 + (i64::from(time.nanos) + NANOS_OF_MS - 1) / NANOS_OF_MS)
}

#[cfg(test)]
mod tests;
