//! Durations as whole seconds: `#[serde(with = "settings::seconds")]` and `#[schemars(with = "u64")]`.
use serde::{Deserialize as _, Deserializer, Serializer};
use std::time::Duration;

/// Reads a number of seconds.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    u64::deserialize(from).map(Duration::from_secs)
}

/// Writes a number of seconds; fractions are cut off.
pub fn serialize<S: Serializer>(duration: &Duration, into: S) -> Result<S::Ok, S::Error> {
    into.serialize_u64(duration.as_secs())
}
