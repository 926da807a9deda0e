//! The results of audit runs, and how a new run's results are merged into the earlier ones.
use std::{collections::BTreeMap, time::SystemTime};

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckResult {
    /// The check passed.
    Passed,
    /// The check passed, and shows something that people should know.
    Noted(String),
    /// The check failed, and why.
    Failed(String),
    /// Not known yet, and why.
    Pending(String),
    /// Nothing to compare with, and why.
    NotCompared(&'static str),
}

impl CheckResult {
    /// Passed unless there is a problem.
    #[must_use]
    pub fn of(problem: Option<String>) -> Self {
        problem.map_or(Self::Passed, Self::Failed)
    }

    /// The result of several checks that are shown as one: every failure, or else the first that is pending, so that nothing that failed waits behind it.
    #[must_use]
    pub fn all(results: impl IntoIterator<Item = Self>) -> Self {
        let (mut failed, mut others) = (Vec::new(), Vec::new());
        for result in results {
            match result {
                Self::Failed(why) => failed.push(why),
                other => others.push(other),
            }
        }
        if !failed.is_empty() {
            return Self::Failed(failed.join("; "));
        }
        let pending = others.iter().position(|result| matches!(result, Self::Pending(_)));
        let other = pending.or_else(|| others.iter().position(|result| *result != Self::Passed));
        other.map_or(Self::Passed, |at| others.swap_remove(at))
    }

    /// Whether it neither failed nor is pending.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        matches!(self, Self::Passed | Self::Noted(_) | Self::NotCompared(_))
    }

    /// Whether it passed, with or without a note.
    #[must_use]
    pub fn passed(&self) -> bool {
        matches!(self, Self::Passed | Self::Noted(_))
    }
}

/// What one unit's suspense account has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuspenseSum {
    /// `COIN` or a currency.
    pub unit: String,
    /// In coins or minor units.
    pub amount: i128,
    /// When the balance left zero; `None` while it is zero.
    pub since: Option<SystemTime>,
}

/// A check's result, and when it last passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckHistory {
    /// The latest result.
    pub outcome: CheckResult,
    /// When it last passed since the start.
    pub held_at: Option<SystemTime>,
}

/// Checks by name.
pub type ChecksByName = BTreeMap<&'static str, CheckHistory>;

/// The health of a book.
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
    /// What its suspense accounts have, as of the last event that was checked.
    pub suspense: Vec<SuspenseSum>,
}

impl HealthOfBook {
    /// Whether no check of it failed or is pending.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        green(&self.checks)
    }
}

/// The results of one run for a book. Checks that are not among them keep their results.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundInBook {
    /// The last event that was checked.
    pub checked_seq: i64,
    /// When it was committed, in microseconds since the Unix epoch.
    pub checked_time: i64,
    /// Events after it.
    pub behind: i64,
    /// The results of the checks.
    pub checks: Vec<(&'static str, CheckResult)>,
    /// What its suspense accounts have; `None` where the book could not be read.
    pub suspense: Option<Vec<SuspenseSum>>,
}

/// The results of one run. Books that are not in it no longer exist.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LookFound {
    /// By name.
    pub books: BTreeMap<String, FoundInBook>,
    /// Checks of the installation.
    pub checks: Vec<(&'static str, CheckResult)>,
}

/// What is known of the installation's books.
#[derive(Debug, Clone, Default)]
pub struct Health {
    /// By name.
    pub books: BTreeMap<String, HealthOfBook>,
    /// Checks of the installation.
    pub checks: ChecksByName,
    /// When the last successful run ended.
    pub looked_at: Option<SystemTime>,
    /// Why the last run could not finish.
    pub fault: Option<String>,
}

impl Health {
    /// Whether there is a book and no check failed or is pending.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.fault.is_none() && !self.books.is_empty() && green(&self.checks) && self.books.values().all(HealthOfBook::is_healthy)
    }

    /// Merges the results of a run that ended.
    pub(crate) fn follow(&mut self, found: LookFound, now: SystemTime) {
        self.books.retain(|name, _| found.books.contains_key(name));
        for (name, seen) in found.books {
            let book = self.books.entry(name).or_default();
            (book.checked_seq, book.checked_time, book.behind) = (seen.checked_seq, seen.checked_time, seen.behind);
            book.suspense = seen.suspense.unwrap_or_else(|| std::mem::take(&mut book.suspense));
            merge(&mut book.checks, seen.checks, now);
        }
        merge(&mut self.checks, found.checks, now);
        (self.looked_at, self.fault) = (Some(now), None);
    }

    /// A run could not finish: checks that had passed become pending.
    pub(crate) fn lost(&mut self, why: &str) {
        let unknown = |checks: &mut ChecksByName| {
            for check in checks.values_mut().filter(|check| check.outcome.passed()) {
                check.outcome = CheckResult::Pending(why.to_owned());
            }
        };
        self.books.values_mut().for_each(|book| unknown(&mut book.checks));
        unknown(&mut self.checks);
        // `looked_at` stays: a run that could not finish does not count.
        self.fault = Some(why.to_owned());
    }
}

fn green(checks: &ChecksByName) -> bool {
    checks.values().all(|check| check.outcome.is_healthy())
}

fn merge(checks: &mut ChecksByName, found: Vec<(&'static str, CheckResult)>, now: SystemTime) {
    for (name, outcome) in found {
        let before = checks.get(name);
        // A failure stays until another run has a result for it.
        if matches!(outcome, CheckResult::Pending(_)) && before.is_some_and(|check| matches!(check.outcome, CheckResult::Failed(_))) {
            continue;
        }
        let held_before = before.and_then(|check| check.held_at);
        let held_at = if outcome.passed() { Some(now) } else { held_before };
        checks.insert(name, CheckHistory { outcome, held_at });
    }
}

#[cfg(test)]
mod tests;
