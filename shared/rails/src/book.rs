//! All rails and calendars that are known: our built-in records, and an operator's file over them.

use crate::{
    calendar::{CalendarCorrection, HolidayCalendars, ListedCalendar, computed::ComputedCalendar, usual_weekend, weekday_word},
    fault::{FaultSink, RailFault, quoted},
    reader::{TableReader, parse_date},
    record::{RailRecord, read},
};
use jiff::{Timestamp, civil::Date};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};
use toml::de::DeTable;

/// Largest file of rails, in bytes.
pub const FILE_BYTES_MAX: usize = 1 << 20;
/// Most tables of one kind in a file.
const TABLES_MAX: usize = 2_000;
/// Our own records as a file.
pub const BUILT_IN: &str = include_str!("../data/rails.toml");
static BUILT_IN_BOOK: LazyLock<RailBook> =
    LazyLock::new(|| read_book(BUILT_IN, &HolidayCalendars::default()).expect("a test reads the embedded records"));

/// Records of rails by id and validity, and the calendars that they name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RailBook {
    /// Of each rail, in the order of validity, which never overlaps.
    rails: BTreeMap<String, Vec<RailRecord>>,
    calendars: HolidayCalendars,
}

/// Checks a whole file and reads it. It may name calendars of ours that it doesn't list itself. Every problem is named, up to 500.
pub fn check(text: &str) -> Result<RailBook, Vec<RailFault>> {
    read_book(text, &BUILT_IN_BOOK.calendars)
}

impl RailBook {
    /// Our own records, which are embedded in the program.
    #[must_use]
    pub fn built_in() -> Self {
        BUILT_IN_BOOK.clone()
    }

    /// These records with those of another book over them. A rail of `over` replaces all records of that rail, a list replaces the list of the same
    /// calendar; everything else stays.
    #[must_use]
    pub fn overlaid(mut self, over: Self) -> Self {
        self.rails.extend(over.rails);
        self.calendars.listed.extend(over.calendars.listed);
        self.calendars.corrections.extend(over.calendars.corrections);
        self
    }

    /// Ids of all rails, in order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.rails.keys().map(String::as_str)
    }

    /// Every record of a rail, in the order of validity; empty for a rail that is not known.
    #[must_use]
    pub fn records(&self, id: &str) -> &[RailRecord] {
        self.rails.get(id).map_or(&[], Vec::as_slice)
    }

    /// The record of a rail on a day of the rail's zone.
    #[must_use]
    pub fn record_on(&self, id: &str, day: Date) -> Option<&RailRecord> {
        self.records(id).iter().find(|record| record.is_valid_on(day))
    }

    /// The record of a rail at a moment; the day is that of the record's zone.
    #[must_use]
    pub fn record_at(&self, id: &str, at: Timestamp) -> Option<&RailRecord> {
        self.records(id).iter().find(|record| record.is_valid_on(record.zone.to_datetime(at).date()))
    }

    /// The calendars.
    #[must_use]
    pub fn calendars(&self) -> &HolidayCalendars {
        &self.calendars
    }

    /// The calendars, to load more lists.
    pub fn calendars_mut(&mut self) -> &mut HolidayCalendars {
        &mut self.calendars
    }
}

fn read_book(text: &str, known: &HolidayCalendars) -> Result<RailBook, Vec<RailFault>> {
    let sink = FaultSink::new(if text.len() <= FILE_BYTES_MAX { text } else { "" });
    if text.len() > FILE_BYTES_MAX {
        sink.add(1, "file", "", format!("must have at most {FILE_BYTES_MAX} bytes, not {}", text.len()));
        return Err(sink.into_faults());
    }
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let line = sink.line(error.span().map_or(0, |span| span.start));
        sink.add(line, "file", "", format!("is not TOML: {}", money::text::shown(error.message())));
    }
    let top = TableReader::new(&sink, "file".to_owned(), 1, document.get_ref());
    let calendars = calendars(&top, known);
    let knows = |id: &str| calendars.knows(id) || known.knows(id);
    let mut rails: BTreeMap<String, Vec<(usize, RailRecord)>> = BTreeMap::new();
    for table in named_tables(&top, "rail") {
        let record = read::record(&table, knows);
        table.finish();
        if let Some(record) = record {
            rails.entry(record.id.clone()).or_default().push((table.line, record));
        }
    }
    top.finish();
    let rails = rails.into_iter().map(|(id, records)| (id, in_order(&sink, records))).collect();
    let faults = sink.into_faults();
    if faults.is_empty() { Ok(RailBook { rails, calendars }) } else { Err(faults) }
}

/// The records of one rail in the order of validity; duplicates and overlaps are faults.
fn in_order(sink: &FaultSink, mut records: Vec<(usize, RailRecord)>) -> Vec<RailRecord> {
    records.sort_by_key(|(line, record)| (record.valid_from, *line));
    for (index, (line, second)) in records.iter().enumerate() {
        let place = format!("rail {}", second.id);
        let earlier =
            records.iter().take(index).find(|(_, first)| first.is_valid_on(second.valid_from) || first.valid_from == second.valid_from);
        let Some((first_line, first)) = earlier else { continue };
        if first.valid_from == second.valid_from {
            sink.add(*line, &place, "id", format!("a record of this rail from {} is already on line {first_line}", first.valid_from));
        } else {
            let until = first.valid_until.map_or_else(|| "without an end".to_owned(), |until| format!("until {until}"));
            let problem = format!("overlaps the record on line {first_line}, which is valid from {} {until}", first.valid_from);
            sink.add(*line, &place, "valid_from", problem);
        }
    }
    records.into_iter().map(|(_, record)| record).collect()
}

/// The tables `[[kind]]` of a file, each named by its id in faults.
fn named_tables<'a>(top: &TableReader<'a>, kind: &'static str) -> Vec<TableReader<'a>> {
    let rows = top.list_of(kind, TABLES_MAX);
    let numbered = rows.iter().enumerate();
    numbered
        .filter_map(|(index, value)| {
            let id = value.get_ref().get("id").and_then(|id| id.get_ref().as_str()).filter(|id| id.len() <= 40);
            let place = id.map_or_else(|| format!("{kind} number {}", index + 1), |id| format!("{kind} {}", money::text::shown(id)));
            TableReader::of_value(top.sink, &place, String::new(), value)
        })
        .collect()
}

/// A known calendar that is written as `id` but for capital letters and hyphens: nobody would look at the misspelt one.
fn almost<'a>(id: &str, known: [&'a HolidayCalendars; 2]) -> Option<&'a str> {
    fn plain(id: &str) -> impl Iterator<Item = u8> {
        id.bytes().filter(|byte| *byte != b'-').map(|byte| byte.to_ascii_lowercase())
    }
    let computed = ComputedCalendar::ALL.into_iter().map(|calendar| -> &'a str { calendar.id() });
    let listed = known.into_iter().flat_map(|calendars| calendars.listed.keys().map(String::as_str));
    computed.chain(listed).find(|other| *other != id && plain(other).eq(plain(id)))
}

fn calendars(top: &TableReader<'_>, before: &HolidayCalendars) -> HolidayCalendars {
    let mut found = HolidayCalendars::default();
    for table in named_tables(top, "calendar") {
        let form = "letters, digits and hyphens, such as \"CA-ON\"";
        let id = table.parsed_required("id", form, |id| {
            (id.len() <= 40 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')).then(|| id.to_owned())
        });
        let known = id.as_deref().is_some_and(|id| found.listed.contains_key(id) || found.corrections.contains_key(id));
        if known {
            table.fault("id", "a calendar of this id is already in the file");
        }
        if let Some(other) = id.as_deref().and_then(|id| almost(id, [before, &found])) {
            table.fault(
                "id",
                format!("is almost {}, which is another calendar: write that, or a name that can't be mistaken", quoted(other)),
            );
        }
        match id.as_deref().map(|id| (id, ComputedCalendar::from_id(id))) {
            Some((id, Some(computed))) => {
                found.corrections.insert(id.to_owned(), correction(&table, computed));
            }
            Some((id, None)) => {
                if let Some(list) = listed(&table, id) {
                    found.load(list);
                }
            }
            None => {}
        }
        if table.has("id") {
            table.finish();
        }
    }
    found
}

fn days(table: &TableReader<'_>, key: &'static str) -> BTreeSet<Date> {
    table.texts(key, "a day such as \"2026-12-25\"", parse_date).into_iter().collect()
}

fn correction(table: &TableReader<'_>, computed: ComputedCalendar) -> CalendarCorrection {
    let (added, removed) = (days(table, "added"), days(table, "removed"));
    let source = table.text("source").unwrap_or_default();
    if table.list("added").is_empty() && table.list("removed").is_empty() {
        table.fault("added", "must have a day, or else removed: the calendar itself is computed");
    }
    if let Some(both) = added.intersection(&removed).next() {
        table.fault("removed", format!("{both} is also added"));
    }
    // A correction that changes nothing is a wrong day, and the right one is missing.
    let (from, until) = computed.covered();
    for (key, days, holiday) in [("added", &added, true), ("removed", &removed, false)] {
        for day in days {
            if *day < from || *day > until {
                table.fault(key, format!("{day} is not from {from} to {until}, the days that the calendar covers"));
            } else if computed.is_holiday(*day) == holiday {
                table.fault(key, format!("{day} is {} of the calendar", if holiday { "already a holiday" } else { "no holiday" }));
            }
        }
    }
    CalendarCorrection { added, removed, source }
}

fn listed(table: &TableReader<'_>, id: &str) -> Option<ListedCalendar> {
    let day_form = "a day such as \"2026-11-26\"";
    let (from, until) = (table.parsed_required("from", day_form, parse_date), table.parsed_required("until", day_form, parse_date));
    let weekend: BTreeSet<i8> = if table.has("weekend") {
        let number = |word: &str| (1..=7).find(|number| weekday_word(*number) == Some(word));
        table.texts("weekend", "a day of the week in lower case", number).into_iter().collect()
    } else {
        usual_weekend()
    };
    if weekend.len() == 7 {
        table.fault("weekend", "must leave a day of the week: with seven there is never a business day");
    }
    let days = days(table, "days");
    let source = table.text("source");
    let (from, until) = (from?, until?);
    if until < from {
        table.fault("until", "must not be before from");
    }
    if let Some(outside) = days.iter().find(|day| **day < from || **day > until) {
        table.fault("days", format!("{outside} is not from {from} to {until}"));
    }
    table.required_list("days", "must have at least one day: a list without holidays would say that there are none");
    Some(ListedCalendar { id: id.to_owned(), from, until, weekend, days, source: source? })
}

#[cfg(test)]
mod tests;
