//! A book that is ahead of the clock: told, as long as it is.
use std::time::{Duration, Instant};

/// How far a book may be ahead before anybody is told. Clocks that are kept right are moved by less than a second at a time; a minute is a mistake.
pub const AHEAD_TOLD: Duration = Duration::from_secs(60);
/// How often it is told.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// What was told of one book.
#[derive(Debug, Default)]
pub(crate) struct ClockSkew {
    told: Option<Instant>,
}

impl ClockSkew {
    /// Looks at how far the book's last commit is ahead of the clock. Returns whether it was told.
    pub(crate) fn note(&mut self, book: &str, ahead: Duration) -> bool {
        if ahead <= AHEAD_TOLD {
            if self.told.take().is_some() {
                tracing::info!(book, "the clock has caught up with the book");
            }
            return false;
        }
        if self.told.is_some_and(|told| told.elapsed() < TELL_EVERY) {
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
