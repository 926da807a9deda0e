//! Durations as whole milliseconds: `#[serde(with = "settings::millis")]` and `#[schemars(with = "u64")]`.
use serde::{Deserialize as _, Deserializer, Serializer};
use std::time::Duration;

/// Reads a number of milliseconds.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    u64::deserialize(from).map(Duration::from_millis)
}

/// Writes a number of milliseconds; fractions are cut off.
pub fn serialize<S: Serializer>(duration: &Duration, into: S) -> Result<S::Ok, S::Error> {
    into.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}
