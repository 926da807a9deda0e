//! Checks that a book's time agrees with the clock.
use std::time::{Duration, SystemTime};

/// How far a book may be ahead. Synchronized clocks of two machines differ by less than a second; a minute is an error.
const AHEAD_MAX: Duration = Duration::from_secs(60);

/// The problem of a book whose last commit has this time, in microseconds since the Unix epoch.
pub(super) fn ahead(commit_time: i64, now: SystemTime) -> Option<String> {
    let commit = money::time::from_unix_us(commit_time);
    let ahead = commit.duration_since(now).ok().filter(|ahead| *ahead > AHEAD_MAX)?;
    Some(format!(
        "the book's last commit is {} s ahead of the monitor's clock: a clock was set back, or one of both is wrong",
        ahead.as_secs()
    ))
}

#[cfg(test)]
mod tests;
