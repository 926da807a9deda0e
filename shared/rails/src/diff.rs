//! What is different between two books, field by field.

use crate::{
    book::RailBook,
    calendar::{CalendarCorrection, ListedCalendar, weekday_word},
    record::{RailRecord, facts::RailFact},
};
use jiff::civil::Date;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// Fields that are lists of short words, of which a change shows only the elements that differ.
const LONG_LISTS: [&str; 4] = ["days", "countries", "added", "removed"];

/// What happened to a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RailChangeKind {
    /// It was not there.
    Added {
        /// What it is now.
        new: String,
    },
    /// It was something else.
    Changed {
        /// What it was.
        old: String,
        /// What it is now.
        new: String,
    },
    /// It is no longer there.
    Withdrawn {
        /// What it was.
        old: String,
    },
}

/// One field that is different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RailChange {
    /// `rail us-rtp from 2026-01-01` or `calendar JP`.
    pub place: String,
    /// The field, as files name it.
    pub field: &'static str,
    /// What happened to it.
    pub kind: RailChangeKind,
}

impl fmt::Display for RailChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, field, kind } = self;
        let field = match *field {
            "added" => "extra holidays",
            "removed" => "cancelled holidays",
            other => other,
        };
        match kind {
            RailChangeKind::Added { new } => write!(f, "{place}: {field} added: {new}"),
            RailChangeKind::Changed { old, new } => write!(f, "{place}: {field} changed from {old} to {new}"),
            RailChangeKind::Withdrawn { old } => write!(f, "{place}: {field} withdrawn, was {old}"),
        }
    }
}

/// Every field that was added, changed or withdrawn, ordered by rail, first day of validity and field; calendars after the rails.
#[must_use]
pub fn diff(old: &RailBook, new: &RailBook) -> Vec<RailChange> {
    let mut changes = Vec::new();
    let (old_facts, new_facts) = (facts_of(old), facts_of(new));
    let places: BTreeSet<&ChangedPlace> = old_facts.keys().chain(new_facts.keys()).collect();
    for place in places {
        let (before, after) = (old_facts.get(place), new_facts.get(place));
        // Both have the same fields in the same order unless one side is absent.
        let names = before.or(after).into_iter().flatten().map(|(field, _)| *field);
        for (index, field) in names.enumerate() {
            let value = |facts: Option<&Vec<RailFact>>| facts.and_then(|facts| facts.get(index)).and_then(|(_, value)| value.clone());
            let kind = match (value(before), value(after)) {
                (None, Some(new)) => RailChangeKind::Added { new },
                (Some(old), None) => RailChangeKind::Withdrawn { old },
                (Some(old), Some(new)) if old != new && LONG_LISTS.contains(&field) => only_differences(&old, &new),
                (Some(old), Some(new)) if old != new => RailChangeKind::Changed { old, new },
                _ => continue,
            };
            changes.push(RailChange { place: place.to_string(), field, kind });
        }
    }
    changes
}

/// A changed list: what is gone as old, what is more as new.
fn only_differences(old: &str, new: &str) -> RailChangeKind {
    let words = |text: &str| -> BTreeSet<String> { text.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect() };
    let (before, after) = (words(old), words(new));
    let but = |some: &BTreeSet<String>, others: &BTreeSet<String>| some.difference(others).cloned().collect::<Vec<_>>().join(" ");
    match (but(&before, &after), but(&after, &before)) {
        (gone, more) if gone.is_empty() => RailChangeKind::Added { new: more },
        (gone, more) if more.is_empty() => RailChangeKind::Withdrawn { old: gone },
        (old, new) => RailChangeKind::Changed { old, new },
    }
}

/// A record or a calendar, in the order in which changes are shown.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ChangedPlace {
    Rail(String, Date),
    Calendar(String),
}

impl fmt::Display for ChangedPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rail(id, from) => write!(f, "rail {id} from {from}"),
            Self::Calendar(id) => write!(f, "calendar {id}"),
        }
    }
}

fn facts_of(book: &RailBook) -> BTreeMap<ChangedPlace, Vec<RailFact>> {
    let records = book.ids().flat_map(|id| book.records(id));
    let rails = records.map(|record: &RailRecord| (ChangedPlace::Rail(record.id.clone(), record.valid_from), record.facts()));
    let lists = book.calendars().listed.values().map(|list| (ChangedPlace::Calendar(list.id.clone()), list_facts(list)));
    let corrections = &book.calendars().corrections;
    let corrected = corrections.iter().map(|(id, correction)| (ChangedPlace::Calendar(id.clone()), correction_facts(correction)));
    rails.chain(lists).chain(corrected).collect()
}

fn shown_days(days: &BTreeSet<Date>) -> Option<String> {
    (!days.is_empty()).then(|| days.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
}

fn list_facts(list: &ListedCalendar) -> Vec<RailFact> {
    let ListedCalendar { id: _, from, until, weekend, days, source } = list;
    let weekend: Vec<&str> = weekend.iter().filter_map(|day| weekday_word(*day)).collect();
    let weekend = if weekend.is_empty() { "none".to_owned() } else { weekend.join(" ") };
    vec![
        ("from", Some(from.to_string())),
        ("until", Some(until.to_string())),
        ("weekend", Some(weekend)),
        ("days", shown_days(days)),
        ("source", Some(source.clone())),
    ]
}

fn correction_facts(correction: &CalendarCorrection) -> Vec<RailFact> {
    let CalendarCorrection { added, removed, source } = correction;
    vec![("added", shown_days(added)), ("removed", shown_days(removed)), ("source", Some(source.clone()))]
}

#[cfg(test)]
mod tests;
