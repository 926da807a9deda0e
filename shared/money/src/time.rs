//! Points in time, days and durations as the tables store them, as the calendar has them, and as text. Every conversion is here and has one answer out of
//! range: the nearest value that there is. A time of before the Unix epoch is the epoch where a clock is read, because no clock of ours was ever there.
use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::Offset,
};
use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// A service's source of the time: the system, or a test.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// The system's clock.
#[must_use]
pub fn system_clock() -> Clock {
    Arc::new(SystemTime::now)
}

/// The system's clock, in milliseconds since the Unix epoch.
#[must_use]
pub fn now_ms() -> i64 {
    unix_ms(SystemTime::now())
}

/// By how much clocks of several machines may differ before one of them is called wrong, in milliseconds.
pub const CLOCKS_DIFFER_MS: i64 = 60_000;

/// The latest time until which anything waits at `now_ms` by a rule that lets it wait `longest_ms` at most. What has a later one has it from a clock that was ahead,
/// and would stand still until the right clock is there as well.
#[must_use]
pub fn latest_wait_ms(now_ms: i64, longest_ms: i64) -> i64 {
    now_ms.saturating_add(longest_ms).saturating_add(CLOCKS_DIFFER_MS)
}

/// Whether something still waits at `now_ms` that waits until `until_ms`, by a rule that lets it wait `longest_ms` at most.
#[must_use]
pub fn is_waiting(until_ms: i64, now_ms: i64, longest_ms: i64) -> bool {
    until_ms > now_ms && until_ms <= latest_wait_ms(now_ms, longest_ms)
}

/// Milliseconds since the Unix epoch; 0 for a time before it.
#[must_use]
pub fn unix_ms(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, millis)
}

/// Microseconds since the Unix epoch; 0 for a time before it.
#[must_use]
pub fn unix_us(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |age| i64::try_from(age.as_micros()).unwrap_or(i64::MAX))
}

/// The time that is this many milliseconds after the Unix epoch; the epoch itself for a negative number.
#[must_use]
pub fn from_unix_ms(unix_ms: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(unix_ms).unwrap_or(0))
}

/// The time that is this many microseconds after the Unix epoch; the epoch itself for a negative number.
#[must_use]
pub fn from_unix_us(unix_us: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(u64::try_from(unix_us).unwrap_or(0))
}

/// A duration in milliseconds; `i64::MAX` if it does not fit.
#[must_use]
pub fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The moment of so many milliseconds since the Unix epoch; the first or last moment that the calendar has for one that it has not.
#[must_use]
pub fn moment_ms(unix_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(unix_ms).unwrap_or(nearest(unix_ms < 0))
}

/// The moment of so many microseconds since the Unix epoch; the first or last moment that the calendar has for one that it has not.
#[must_use]
pub fn moment_us(unix_us: i64) -> Timestamp {
    Timestamp::from_microsecond(unix_us).unwrap_or(nearest(unix_us < 0))
}

/// The day of a moment, in UTC.
#[must_use]
pub fn utc_day(at: Timestamp) -> Date {
    Offset::UTC.to_datetime(at).date()
}

/// The day of a clock's time, in UTC.
#[must_use]
pub fn utc_day_at(time: SystemTime) -> Date {
    utc_day(moment_ms(unix_ms(time)))
}

/// The first moment of a day in UTC; the first or last moment that the calendar has for a day that begins outside of it.
#[must_use]
pub fn day_start(day: Date) -> Timestamp {
    Offset::UTC.to_timestamp(day.to_datetime(Time::midnight())).unwrap_or(nearest(day.year() < 0))
}

const fn nearest(is_before: bool) -> Timestamp {
    if is_before { Timestamp::MIN } else { Timestamp::MAX }
}

/// A time as RFC 3339 in UTC with its offset in digits and the shortest exact fraction of 0, 3, 6 or 9 digits: `2026-11-20T23:51:11.123+00:00`. Such texts
/// are stored as facts in the ledger and in the manifests of backups, so this form never changes.
#[must_use]
pub fn rfc3339(time: Timestamp) -> String {
    let digits = match time.subsec_nanosecond() {
        0 => 0,
        nanos if nanos % 1_000_000 == 0 => 3,
        nanos if nanos % 1_000 == 0 => 6,
        _ => 9,
    };
    format!("{:.digits$}", time.display_with_offset(Offset::UTC))
}

/// As [`rfc3339`], of Unix milliseconds as [`moment_ms`] has them.
#[must_use]
pub fn rfc3339_ms(unix_ms: i64) -> String {
    rfc3339(moment_ms(unix_ms))
}

#[cfg(test)]
mod tests;
