//! The bank's clock, and references that are new at a moment.
pub use money::time::{moment_ms as moment, now_ms};

/// A reference that nobody else has, of 34 characters.
pub fn fresh_id(prefix: &str) -> String {
    format!("{prefix}-{}", uuid::Uuid::now_v7().simple())
}
