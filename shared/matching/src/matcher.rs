//! The four rules. `index` finds what items are for, `search` what a line names, `booking` lets each item be settled once.

mod booking;
mod index;
mod search;

use crate::{
    expected::ExpectedItem,
    line::{BankLine, LinePlace, LineStanding},
    outcome::{EarlierEntry, Match, MatchEvidence, MatchOutcome, MatchRule, SeenEntry, UnmatchedKind},
};
use booking::Bookings;
use index::ItemIndex;
use jiff::civil::Date;
use search::LineTarget;
use std::collections::{HashMap, HashSet};

/// Says of every line what it is. The answer does not depend on the order of lines, items or seen entries, and is sorted by place; places must be unique.
///
/// Rules are tried in order (see [`MatchRule`]), and the first hit decides, also if the item then turns out to differ. Booked lines come before
/// information, payments before what brings them back, and single payments before batches: so information never takes an item from its booking, and a
/// return always finds the payment that it is of. Each item is settled at most once.
#[must_use]
pub fn match_lines(lines: &[BankLine], expected: &[ExpectedItem], seen: &[SeenEntry]) -> Vec<Match> {
    let index = ItemIndex::new(expected);
    let mut order: Vec<&BankLine> = lines.iter().collect();
    order.sort_by_cached_key(|line| ordering(line));
    let mut decided: Vec<Match> = Vec::with_capacity(lines.len());
    let mut open = Vec::new();
    let mut known = KnownEntries::new(seen);
    for line in order {
        match known.again(line) {
            Some(again) => decided.push(again),
            None => open.push((line, index.search(line))),
        }
    }
    let mut bookings = Bookings::new(&index);
    let is_batch = |target: &LineTarget| matches!(target, LineTarget::Batches { .. });
    for pass in [
        |line: &BankLine, is_batch: bool| !line.is_money_back() && !is_batch,
        |line: &BankLine, is_batch: bool| !line.is_money_back() && is_batch,
        |line: &BankLine, _: bool| line.is_money_back(),
    ] {
        let of_pass = open.iter().filter(|(line, target)| pass(line, is_batch(target)));
        decided.extend(of_pass.map(|(line, target)| bookings.decide(line, target)));
    }
    decided.sort_by_key(|found| found.place);
    decided
}

/// Standing, how little the line says, days, reference and place.
type LineOrder = (LineStanding, u8, Option<Date>, Option<Date>, Option<String>, LinePlace);

/// Booked first. Of two tellings of one entry, the one that says more is to be matched, and the other linked to it. The rest makes the order total.
fn ordering(line: &BankLine) -> LineOrder {
    let has_id = line.identity().is_some_and(|identity| identity.end_to_end.is_some());
    let rank = if has_id { 0 } else { 1 + u8::from(line.end_to_end.is_empty()) };
    (line.standing, rank, line.booked, line.value_date, line.bank_reference.clone(), line.place)
}

/// Rule 1: entries by what the bank calls them.
struct KnownEntries<'a> {
    recorded: HashMap<EntryKey, &'a SeenEntry>,
    lines: HashMap<EntryKey, &'a BankLine>,
    /// By everything but the end-to-end id, for lines that have none.
    without_id: HashMap<EntryKey, &'a BankLine>,
    recorded_without_id: HashMap<EntryKey, &'a SeenEntry>,
}

type EntryKey = crate::line::EntryIdentity;

impl<'a> KnownEntries<'a> {
    fn new(seen: &'a [SeenEntry]) -> Self {
        let mut sorted: Vec<&SeenEntry> = seen.iter().collect();
        // Of several with the same identity, a booked one counts, and among those the first id.
        sorted.sort_by(|one, other| (one.standing, &one.id).cmp(&(other.standing, &other.id)));
        let (mut recorded, mut recorded_without_id) = (HashMap::new(), HashMap::new());
        for entry in sorted {
            recorded.entry(entry.identity.clone()).or_insert(entry);
            recorded_without_id.entry(without_id(&entry.identity)).or_insert(entry);
        }
        Self { recorded, recorded_without_id, lines: HashMap::new(), without_id: HashMap::new() }
    }

    /// What the line is if it was there before; else it is remembered.
    fn again(&mut self, line: &'a BankLine) -> Option<Match> {
        let key = line.identity()?;
        let bare = without_id(&key);
        // A line without an id may be any of those with one; a line with an id may be one that came without.
        let recorded = self.recorded.get(&key).or_else(|| match key.end_to_end {
            None => self.recorded_without_id.get(&bare),
            Some(_) => self.recorded.get(&bare),
        });
        // What was only information then is matched now that it is booked.
        if let Some(entry) = recorded.filter(|entry| entry.standing <= line.standing) {
            return Some(again(line, MatchOutcome::SameEntryAgain { of: EarlierEntry::Recorded(entry.id.clone()) }));
        }
        let earlier = self.lines.get(&key).or_else(|| match key.end_to_end {
            None => self.without_id.get(&bare),
            Some(_) => self.lines.get(&bare),
        });
        let Some(earlier) = earlier.copied() else {
            self.lines.insert(key, line);
            self.without_id.entry(bare).or_insert(line);
            return None;
        };
        let same_statement = (earlier.place.file, earlier.place.statement) == (line.place.file, line.place.statement);
        // The statement's balance counts both, so that it can't be the same booking: a person looks, and nothing is booked twice.
        let outcome = if same_statement && earlier.standing == LineStanding::Booked && line.standing == LineStanding::Booked {
            MatchOutcome::Unmatched { kind: UnmatchedKind::RepeatedInStatement, item: None }
        } else {
            MatchOutcome::SameEntryAgain { of: EarlierEntry::Line(earlier.place) }
        };
        Some(again(line, outcome))
    }
}

fn without_id(key: &EntryKey) -> EntryKey {
    EntryKey { end_to_end: None, ..key.clone() }
}

fn again(line: &BankLine, outcome: MatchOutcome) -> Match {
    let text = line.bank_reference.clone().unwrap_or_default();
    let evidence = vec![MatchEvidence { field: "bank reference", text }];
    Match { place: line.place, standing: line.standing, outcome, rule: Some(MatchRule::BankReference), evidence }
}

/// The distinct values of a list, ascending.
fn distinct(mut values: Vec<usize>) -> Vec<usize> {
    values.sort_unstable();
    let mut seen = HashSet::new();
    values.retain(|value| seen.insert(*value));
    values
}

#[cfg(test)]
mod tests;
