//! Log lines that anybody can cause: one a minute of each kind, and the next one says how many were left out.
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

#[cfg(test)]
mod tests;

/// The time between two lines of a kind.
const EVERY: Duration = Duration::from_secs(60);

/// When the next line of each kind may be written.
#[derive(Debug, Default)]
pub struct LimitedLines(Mutex<BTreeMap<String, LineWindow>>);

#[derive(Debug)]
struct LineWindow {
    next_at: Instant,
    left_out: u64,
}

impl LimitedLines {
    /// No line was written yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// Whether a line of this kind is written now, and how many of the kind were left out since the last one. Kinds are kept for ever: they must be ours, such as
    /// a bank's name, and never what a caller sent.
    pub fn admit(&self, kind: &str) -> Option<u64> {
        self.admit_at(kind, Instant::now())
    }

    fn admit_at(&self, kind: &str, now: Instant) -> Option<u64> {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next_at = now + EVERY;
        match kinds.get_mut(kind) {
            Some(window) if now < window.next_at => {
                window.left_out += 1;
                None
            }
            Some(window) => Some(std::mem::replace(window, LineWindow { next_at, left_out: 0 }).left_out),
            None => {
                kinds.insert(kind.to_owned(), LineWindow { next_at, left_out: 0 });
                Some(0)
            }
        }
    }
}
