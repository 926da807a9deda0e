//! Warns while a book is ahead of the clock.
use std::time::{Duration, Instant};

/// How far a book may be ahead before a warning. Synchronized clocks are moved by less than a second at a time; a minute is a mistake.
pub const AHEAD_REPORTED: Duration = Duration::from_secs(60);
/// How often the warning is repeated.
const REPORT_EVERY: Duration = Duration::from_secs(60);

/// When a warning about one book was last logged.
#[derive(Debug, Default)]
pub(crate) struct ClockSkew {
    told: Option<Instant>,
}

impl ClockSkew {
    /// Checks how far the book's last commit is ahead of the clock. Returns whether it logged a warning.
    pub(crate) fn note(&mut self, book: &str, ahead: Duration) -> bool {
        if ahead <= AHEAD_REPORTED {
            if self.told.take().is_some() {
                tracing::info!(book, "the clock has caught up with the book");
            }
            return false;
        }
        if self.told.is_some_and(|told| told.elapsed() < REPORT_EVERY) {
            return false;
        }
        self.told = Some(Instant::now());
        tracing::warn!(
            book,
            seconds = ahead.as_secs(),
            "the book's last commit is ahead of this machine's clock: a clock was set back, or was wrong. Until the clock has caught up every commit gets that \
             time, and holds, limits and ids are judged by it"
        );
        true
    }
}

#[cfg(test)]
mod tests;
