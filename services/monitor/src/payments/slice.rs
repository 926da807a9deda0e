//! What some whole commits of a journal did: exact sums, and a sample of their postings.
use super::{row, tally::PaymentTally};
use api::{
    ledger::{JournalEvent, Posting, journal_event::What},
    monitor::PaymentRow,
};
use ledger_client::{JournalEvents, JournalPlace};
use rpc::wire::unix_us;
use std::{collections::BTreeMap, mem};

/// Postings of a kind that are shown of each second of a slice.
const ROWS_OF_KIND_MAX: i64 = 25;
/// Postings that are shown of a slice, so that the slices that are kept for viewers take a bounded amount of memory.
const ROWS_MAX: usize = 200;
/// Seconds of a slice, for the same reason: while the monitor catches up with an old journal, each second may have one posting.
const SECONDS_MAX: usize = 60;

/// Whole commits of a journal, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct PaymentSlice {
    /// The commit before the first.
    pub after: JournalPlace,
    /// The last commit.
    pub place: JournalPlace,
    /// What they did, by second of commit time.
    pub seconds: BTreeMap<i64, PaymentTally>,
    /// The same of the postings in which no account of a user takes part.
    pub house_seconds: BTreeMap<i64, PaymentTally>,
    /// A sample of their postings, in order.
    pub rows: Vec<PaymentRow>,
    /// Commit time of the last posting, in Unix microseconds. `None`: there are only other events.
    pub committed_us: Option<i64>,
}

impl PaymentSlice {
    fn starting(after: JournalPlace) -> Self {
        Self { place: after.clone(), after, seconds: BTreeMap::new(), house_seconds: BTreeMap::new(), rows: Vec::new(), committed_us: None }
    }

    fn count(&mut self, posting: &Posting) {
        let committed_us = posting.commit_time.as_ref().map_or(0, unix_us);
        let second = committed_us.div_euclid(1_000_000);
        let mut ordinal = self.seconds.entry(second).or_default().count(posting);
        if row::is_between_house(posting) {
            // Among many of the same kind they have room of their own.
            ordinal = ordinal.min(self.house_seconds.entry(second).or_default().count(posting));
        }
        if ordinal <= ROWS_OF_KIND_MAX && self.rows.len() < ROWS_MAX {
            self.rows.push(row::shown(posting));
        }
        self.committed_us = Some(committed_us);
    }
}

/// Gathers slices from the parts that a journal is read in.
#[derive(Debug)]
pub struct SliceReader {
    slice: PaymentSlice,
    /// Events of a commit of which more follows. They count only with the whole commit.
    begun: Vec<JournalEvent>,
}

impl SliceReader {
    /// Begins after a commit.
    pub fn after(place: JournalPlace) -> Self {
        Self { slice: PaymentSlice::starting(place), begun: Vec::new() }
    }

    /// The last whole commit that was read.
    pub fn place(&self) -> &JournalPlace {
        &self.slice.place
    }

    /// Adds the next part of the journal; true if it ended a commit.
    pub fn add(&mut self, part: JournalEvents) -> bool {
        self.begun.extend(part.events);
        let Some(place) = part.whole else { return false };
        for event in self.begun.drain(..) {
            if let Some(What::Posting(posting) | What::HoldExpired(posting)) = &event.what {
                self.slice.count(posting);
            }
        }
        self.slice.place = place;
        true
    }

    /// Forgets a commit that was not read to its end: it is read again.
    pub fn drop_part(&mut self) {
        self.begun.clear();
    }

    /// Whether there are whole commits, and no part of another.
    pub fn is_whole(&self) -> bool {
        self.begun.is_empty() && self.slice.place != self.slice.after
    }

    /// Whether nothing was read since the last slice.
    pub fn is_empty(&self) -> bool {
        self.begun.is_empty() && self.slice.place == self.slice.after
    }

    /// Whether they should not become more.
    pub fn is_full(&self) -> bool {
        self.slice.seconds.len() >= SECONDS_MAX
    }

    /// The whole commits that were read. What follows goes into the next slice.
    pub fn take(&mut self) -> PaymentSlice {
        let next = PaymentSlice::starting(self.slice.place.clone());
        mem::replace(&mut self.slice, next)
    }
}

#[cfg(test)]
mod tests;
