//! Timestamps as people and other programs read them: RFC 3339, UTC, microseconds.

use crate::domain::Micros;
use jiff::{SignedDuration, civil::DateTime};

/// As a date and time without a zone: the range of `jiff`'s timestamp ends some hours before the year 9999 does.
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// `2026-11-20T23:51:11.123456Z`. Times outside of years 0 to 9999 have no such text and are clamped to the nearest one.
#[must_use]
pub fn text(time: Micros) -> String {
    let time = time.clamp(-62_167_219_200_000_000, 253_402_300_799_999_999);
    let moment = EPOCH.checked_add(SignedDuration::from_micros(time)).expect("between years 0 and 9999");
    format!("{moment:.6}Z")
}

/// The time of such a text; `None` for anything [`text`] would not write.
#[must_use]
pub fn parse(stamp: &str) -> Option<Micros> {
    let moment: DateTime = stamp.strip_suffix('Z')?.parse().ok()?;
    let time = Micros::try_from(moment.duration_since(EPOCH).as_micros()).ok()?;
    (text(time) == stamp).then_some(time)
}

#[cfg(test)]
mod tests;
