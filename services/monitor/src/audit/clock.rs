//! Whether a book's time is that of the clock.
use std::time::{Duration, SystemTime};

/// How far a book may be ahead. Clocks that are kept right differ by less than a second between machines; a minute is a mistake.
const AHEAD_MAX: Duration = Duration::from_secs(60);

/// What is wrong with a book whose last commit has this time, in microseconds since the Unix epoch.
pub(super) fn ahead(commit_time: i64, now: SystemTime) -> Option<String> {
    let commit = SystemTime::UNIX_EPOCH + Duration::from_micros(u64::try_from(commit_time).unwrap_or(0));
    let ahead = commit.duration_since(now).ok().filter(|ahead| *ahead > AHEAD_MAX)?;
    Some(format!(
        "the book's last commit is {} s ahead of the monitor's clock: a clock was set back, or one of both is wrong",
        ahead.as_secs()
    ))
}

#[cfg(test)]
mod tests;
