//! Moments as people and other programs read them: RFC 3339, UTC, microseconds.

use crate::domain::Micros;
use chrono::{DateTime, SecondsFormat, Utc};

/// `2026-11-20T23:51:11.123456Z`. Moments outside of years 0 to 9999 have no such text and come out as the nearest that has.
#[must_use]
pub fn text(time: Micros) -> String {
    let time = time.clamp(-62_167_219_200_000_000, 253_402_300_799_999_999);
    DateTime::<Utc>::from_timestamp_micros(time).expect("between years 0 and 9999").to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The moment of exactly such a text: what [`text`] would not write is `None`.
#[must_use]
pub fn parse(stamp: &str) -> Option<Micros> {
    let time = DateTime::parse_from_rfc3339(stamp).ok()?.timestamp_micros();
    (text(time) == stamp).then_some(time)
}

#[cfg(test)]
mod tests;
