//! The bank's clock, and references that are new at a moment.
use jiff::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// The current Unix time in milliseconds.
pub fn now_ms() -> i64 {
    let age = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_millis());
    i64::try_from(age).unwrap_or(i64::MAX)
}

/// The time of so many milliseconds since 1970.
pub fn moment(at_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(at_ms).unwrap_or_default()
}

/// A reference that nobody else has, of 34 characters.
pub fn fresh_id(prefix: &str) -> String {
    format!("{prefix}-{}", uuid::Uuid::now_v7().simple())
}
