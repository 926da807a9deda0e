//! Sums of a book's postings by second, minute and hour of commit time.
//!
//! Seconds and minutes are kept in memory, a bounded number of each. Of hours, memory has the last one, whole, and those that are not stored yet; the others are in the table. An hour's
//! row has all postings of the hour up to a commit, so it may be written again and again, by several monitors too.
use super::{slice::PaymentSlice, tally::PaymentTally};
use std::collections::{BTreeMap, BTreeSet};

/// Seconds of a minute.
const MINUTE_S: i64 = 60;
/// Seconds of an hour.
pub const HOUR_S: i64 = 3_600;
/// Seconds that are kept: a quarter of an hour.
const SECONDS_KEPT: i64 = 900;
/// Minutes that are kept: a day.
const MINUTES_KEPT: i64 = 1_440;

/// The steps from one time to before another, in Unix seconds, which are the beginnings of steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FigureRange {
    /// The first step.
    pub from_s: i64,
    /// The first step after the last.
    pub to_s: i64,
}

/// The length of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepLength {
    /// A second.
    Second,
    /// A minute.
    Minute,
    /// An hour, in UTC.
    Hour,
}

impl StepLength {
    /// In seconds.
    pub fn seconds(self) -> i64 {
        match self {
            Self::Second => 1,
            Self::Minute => MINUTE_S,
            Self::Hour => HOUR_S,
        }
    }
}

/// Sums by the beginning of the step, in Unix seconds.
pub type TallyBySteps = BTreeMap<i64, PaymentTally>;

/// Steps of one length, the last of them.
#[derive(Debug)]
struct RecentSteps {
    length_s: i64,
    kept: i64,
    tallies: TallyBySteps,
    /// The first step that is complete.
    complete_from_s: i64,
}

impl RecentSteps {
    /// Of a journal that is read from its beginning, or after a commit of this time.
    fn after(length_s: i64, kept: i64, committed_s: Option<i64>) -> Self {
        let complete_from_s = committed_s.map_or(0, |second| beginning(second, length_s) + length_s);
        Self { length_s, kept, tallies: TallyBySteps::new(), complete_from_s }
    }

    fn add(&mut self, second: i64, tally: &PaymentTally) {
        let step = beginning(second, self.length_s);
        self.tallies.entry(step).or_default().add(tally);
        let oldest = step - (self.kept - 1) * self.length_s;
        while self.tallies.first_key_value().is_some_and(|(first, _)| *first < oldest) {
            self.tallies.pop_first();
            self.complete_from_s = self.complete_from_s.max(oldest);
        }
    }
}

/// The beginning of the step that a second is in.
pub fn beginning(second: i64, length_s: i64) -> i64 {
    second.div_euclid(length_s) * length_s
}

/// The sums of a book.
#[derive(Debug)]
pub struct PaymentFigures {
    seconds: RecentSteps,
    minutes: RecentSteps,
    hours: TallyBySteps,
    /// Hours that have postings which are not stored.
    unsaved: BTreeSet<i64>,
    /// Commit time of the last posting, in Unix microseconds.
    committed_us: Option<i64>,
    /// How often it was changed since it was stored.
    changes: u64,
}

impl PaymentFigures {
    /// Continues after the commit up to which hours are stored: with the commit time of its last posting, in Unix microseconds, and all that is stored of that posting's hour.
    pub fn after(committed_us: Option<i64>, last_hour: TallyBySteps) -> Self {
        let second = committed_us.map(|at| at.div_euclid(1_000_000));
        let (seconds, minutes) = (RecentSteps::after(1, SECONDS_KEPT, second), RecentSteps::after(MINUTE_S, MINUTES_KEPT, second));
        Self { seconds, minutes, hours: last_hour, unsaved: BTreeSet::new(), committed_us, changes: 0 }
    }

    /// Counts a slice.
    pub fn add(&mut self, slice: &PaymentSlice) {
        for (second, tally) in &slice.seconds {
            self.seconds.add(*second, tally);
            self.minutes.add(*second, tally);
            let hour = beginning(*second, HOUR_S);
            self.hours.entry(hour).or_default().add(tally);
            self.unsaved.insert(hour);
        }
        self.committed_us = slice.committed_us.or(self.committed_us);
        self.changes += 1;
    }

    /// Commit time of the last posting, in Unix microseconds.
    pub fn committed_us(&self) -> Option<i64> {
        self.committed_us
    }

    /// Whether there is anything that is not stored.
    pub fn is_changed(&self) -> bool {
        self.changes > 0
    }

    /// The hours to store, and what to say when they are: [`PaymentFigures::saved`].
    pub fn unsaved(&self) -> (TallyBySteps, u64) {
        (self.unsaved.iter().filter_map(|hour| Some((*hour, self.hours.get(hour)?.clone()))).collect(), self.changes)
    }

    /// Notes what is stored. Nothing was added since [`PaymentFigures::unsaved`], or it is stored the next time.
    pub fn saved(&mut self, changes: u64) {
        if self.changes == changes {
            (self.changes, self.unsaved) = (0, BTreeSet::new());
            if let Some(last) = self.hours.last_key_value().map(|(hour, _)| *hour) {
                self.hours = self.hours.split_off(&last);
            }
        }
    }

    /// What memory has of the steps from a time to before another, in Unix seconds, and from when on that is complete.
    pub fn steps(&self, length: StepLength, from_s: i64, to_s: i64) -> (TallyBySteps, i64) {
        let (tallies, complete_from_s) = match length {
            StepLength::Second => (&self.seconds.tallies, self.seconds.complete_from_s),
            StepLength::Minute => (&self.minutes.tallies, self.minutes.complete_from_s),
            StepLength::Hour => (&self.hours, 0),
        };
        (tallies.range(from_s..to_s).map(|(step, tally)| (*step, tally.clone())).collect(), complete_from_s)
    }
}

#[cfg(test)]
mod tests;
