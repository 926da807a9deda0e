//! Points in time and durations as the tables store them: whole milliseconds since the Unix epoch; and as text.
use jiff::{Timestamp, tz::Offset};
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

/// Milliseconds since the Unix epoch; 0 for a time before it.
#[must_use]
pub fn unix_ms(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, millis)
}

/// The time that is this many milliseconds after the Unix epoch; the epoch itself for a negative number.
#[must_use]
pub fn from_unix_ms(unix_ms: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(unix_ms).unwrap_or(0))
}

/// A duration in milliseconds; `i64::MAX` if it does not fit.
#[must_use]
pub fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
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

/// As [`rfc3339`], of Unix milliseconds; out-of-range values give the last representable time.
#[must_use]
pub fn rfc3339_ms(unix_ms: i64) -> String {
    rfc3339(Timestamp::from_millisecond(unix_ms).unwrap_or(Timestamp::MAX))
}

#[cfg(test)]
mod tests;
