//! What one viewer wants to see.
use super::{figures::TallyBySteps, slice::PaymentSlice};
use api::monitor::PaymentRow;
use std::collections::{BTreeMap, BTreeSet};

/// The kinds that a viewer sees, and how many rows of each second.
#[derive(Debug, Clone, Default)]
pub struct PaymentFilter {
    /// The kinds; none: all.
    pub kinds: BTreeSet<String>,
    /// Rows of each second.
    pub rows_per_second_max: usize,
    /// Only postings in which no account of a user takes part.
    pub house_only: bool,
    /// The last second of which rows were shown, and how many.
    shown: (i64, usize),
}

impl PaymentFilter {
    /// Of these kinds, and with this many rows.
    pub fn new(kinds: BTreeSet<String>, rows_per_second_max: usize) -> Self {
        Self { kinds, rows_per_second_max, house_only: false, shown: (0, 0) }
    }

    /// Sums by second of the postings that are shown and counted.
    pub fn seconds<'a>(&self, slice: &'a PaymentSlice) -> &'a TallyBySteps {
        if self.house_only { &slice.house_seconds } else { &slice.seconds }
    }

    /// Whether postings of a kind are shown and counted.
    pub fn takes(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.contains(kind)
    }

    /// The rows of a slice that are shown. The seconds of slices follow each other.
    pub fn rows(&mut self, slice: &PaymentSlice) -> Vec<PaymentRow> {
        let mut by_second: BTreeMap<i64, Vec<&PaymentRow>> = BTreeMap::new();
        for row in slice.rows.iter().filter(|row| self.takes(&row.kind) && (row.house_only || !self.house_only)) {
            by_second.entry(row.commit_time.map_or(0, |time| time.seconds)).or_default().push(row);
        }
        let mut shown = Vec::new();
        for (second, rows) in by_second {
            let before = if self.shown.0 == second { self.shown.1 } else { 0 };
            let rows = shared_out(rows, self.rows_per_second_max.saturating_sub(before));
            self.shown = (second, before + rows.len());
            shown.extend(rows.into_iter().cloned());
        }
        shown
    }
}

/// This many rows, shared out among kinds: the first of each kind, then the second of each, and so on; in their order.
fn shared_out(rows: Vec<&PaymentRow>, max: usize) -> Vec<&PaymentRow> {
    let mut of_kind: BTreeMap<&str, usize> = BTreeMap::new();
    let mut ranked: Vec<(usize, &PaymentRow)> = Vec::with_capacity(rows.len());
    for row in rows {
        let rank = of_kind.entry(&row.kind).or_default();
        ranked.push((*rank, row));
        *rank += 1;
    }
    ranked.sort_by_key(|(rank, row)| (*rank, row.seq));
    ranked.truncate(max);
    let mut rows: Vec<&PaymentRow> = ranked.into_iter().map(|(_, row)| row).collect();
    rows.sort_by_key(|row| row.seq);
    rows
}

#[cfg(test)]
mod tests;
