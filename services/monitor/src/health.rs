//! What looks found, and how one follows another.
use std::{collections::BTreeMap, time::SystemTime};

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckResult {
    /// As it must be.
    Passed,
    /// Not as it must be, and how.
    Failed(String),
    /// Not known yet, and why.
    Pending(String),
    /// Nothing to compare with, and why.
    NotCompared(&'static str),
}

impl CheckResult {
    /// Passed where nothing is wrong.
    #[must_use]
    pub fn of(problem: Option<String>) -> Self {
        problem.map_or(Self::Passed, Self::Failed)
    }

    /// Whether it neither failed nor is still to be done.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        matches!(self, Self::Passed | Self::NotCompared(_))
    }
}

/// A check and when it held last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckHistory {
    /// What it came to.
    pub outcome: CheckResult,
    /// Since the start.
    pub held_at: Option<SystemTime>,
}

/// Checks by name.
pub type ChecksByName = BTreeMap<&'static str, CheckHistory>;

/// A book.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HealthOfBook {
    /// The last event that was checked.
    pub checked_seq: i64,
    /// When it was committed, in microseconds since the Unix epoch; 0 before the first.
    pub checked_time: i64,
    /// Events after it.
    pub behind: i64,
    /// Its checks.
    pub checks: ChecksByName,
}

impl HealthOfBook {
    /// Whether all of it holds.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        green(&self.checks)
    }
}

/// What one look found in a book. Checks that are not among them are as they were.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundInBook {
    /// The last event that was checked.
    pub checked_seq: i64,
    /// When it was committed, in microseconds since the Unix epoch.
    pub checked_time: i64,
    /// Events after it.
    pub behind: i64,
    /// What checks came to.
    pub checks: Vec<(&'static str, CheckResult)>,
}

/// What one look found. Books that are not in it are gone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LookFound {
    /// By name.
    pub books: BTreeMap<String, FoundInBook>,
    /// Of the installation.
    pub checks: Vec<(&'static str, CheckResult)>,
}

/// What is known.
#[derive(Debug, Clone, Default)]
pub struct Health {
    /// By name.
    pub books: BTreeMap<String, HealthOfBook>,
    /// Of the installation.
    pub checks: ChecksByName,
    /// When the last look ended that found anything.
    pub looked_at: Option<SystemTime>,
    /// Why the last look came to nothing.
    pub fault: Option<String>,
}

impl Health {
    /// Whether everything holds, and there is something.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.fault.is_none() && !self.books.is_empty() && green(&self.checks) && self.books.values().all(HealthOfBook::is_healthy)
    }

    /// A look ended.
    pub(crate) fn follow(&mut self, found: LookFound, now: SystemTime) {
        self.books.retain(|name, _| found.books.contains_key(name));
        for (name, seen) in found.books {
            let book = self.books.entry(name).or_default();
            (book.checked_seq, book.checked_time, book.behind) = (seen.checked_seq, seen.checked_time, seen.behind);
            merge(&mut book.checks, seen.checks, now);
        }
        merge(&mut self.checks, found.checks, now);
        (self.looked_at, self.fault) = (Some(now), None);
    }

    /// A look came to nothing: what was known is not known any more.
    pub(crate) fn lost(&mut self, why: &str) {
        let unknown = |checks: &mut ChecksByName| {
            for check in checks.values_mut().filter(|check| check.outcome == CheckResult::Passed) {
                check.outcome = CheckResult::Pending(why.to_owned());
            }
        };
        self.books.values_mut().for_each(|book| unknown(&mut book.checks));
        unknown(&mut self.checks);
        // When it was looked last stays: a look that came to nothing was none.
        self.fault = Some(why.to_owned());
    }
}

fn green(checks: &ChecksByName) -> bool {
    checks.values().all(|check| check.outcome.is_healthy())
}

fn merge(checks: &mut ChecksByName, found: Vec<(&'static str, CheckResult)>, now: SystemTime) {
    for (name, outcome) in found {
        let before = checks.get(name);
        // What failed stays so until somebody has looked again.
        if matches!(outcome, CheckResult::Pending(_)) && before.is_some_and(|check| matches!(check.outcome, CheckResult::Failed(_))) {
            continue;
        }
        let held_before = before.and_then(|check| check.held_at);
        let held_at = if outcome == CheckResult::Passed { Some(now) } else { held_before };
        checks.insert(name, CheckHistory { outcome, held_at });
    }
}

#[cfg(test)]
mod tests;
