//! Values as texts of JSON.
use serde::Serializer;
use std::fmt::Display;

/// Writes a value as its text, such as a date in its usual form.
///
/// # Errors
///
/// The serializer's.
pub fn as_text<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// As [`as_text`], or nothing.
///
/// # Errors
///
/// The serializer's.
#[allow(clippy::ref_option)] // serde hands over a reference to the field.
pub fn as_optional_text<T: Display, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}
