//! Why the console can't start.

/// A problem of the settings, found when the console starts.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An option is missing or has an invalid value.
    #[error("console.{option}: {why}")]
    Option {
        /// The name of the option.
        option: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// The system gives no randomness, without which there are no sessions.
    #[error("the console can't make a key: the system gives no randomness")]
    Randomness,
}

impl Error {
    pub(crate) fn option(option: &'static str, why: impl Into<String>) -> Self {
        Self::Option { option, why: why.into() }
    }
}
