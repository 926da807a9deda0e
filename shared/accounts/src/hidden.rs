//! Personal texts, such as account numbers: kept out of logs, and shown to people by their end only.

use std::fmt;

/// The most characters of a number that people see.
pub const SHOWN_CHARS_MAX: usize = 4;

/// A text that `Debug` never prints, in part or whole.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HiddenText(String);

impl HiddenText {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    /// The whole text, for a message to a bank or a keyed hash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Stars and the last characters: see [`masked`].
    #[must_use]
    pub fn masked(&self) -> String {
        masked(&self.0)
    }
}

impl fmt::Debug for HiddenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A star for each hidden character, then the last four. Of texts shorter than eight characters it shows at most half.
#[must_use]
pub fn masked(text: &str) -> String {
    let chars = text.chars().count();
    let shown = SHOWN_CHARS_MAX.min(chars / 2);
    let mut masked = "*".repeat(chars - shown);
    masked.extend(text.chars().skip(chars - shown));
    masked
}

#[cfg(test)]
mod tests;
