//! Moments and durations as the tables keep them: whole milliseconds since the Unix epoch.
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch; 0 for a moment before it.
#[must_use]
pub fn unix_ms(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, millis)
}

/// The moment of so many milliseconds since the Unix epoch; the epoch itself for a negative number.
#[must_use]
pub fn from_unix_ms(unix_ms: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(unix_ms).unwrap_or(0))
}

/// A duration in milliseconds; the largest number there is where it does not fit.
#[must_use]
pub fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
