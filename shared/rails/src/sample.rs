//! Records and moments for tests, written by hand.

use crate::{RailBook, RailRecord, check};
use jiff::{Timestamp, Zoned, civil::Date};

/// A moment such as `2026-11-25T10:30[America/New_York]`.
pub fn at(text: &str) -> Timestamp {
    text.parse::<Zoned>().unwrap().timestamp()
}

pub fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// A record with every field that must be there, and `more`.
pub fn rail_text(id: &str, zone: &str, more: &str) -> String {
    format!(
        "[[rail]]\nid = \"{id}\"\nname = \"Test\"\nvalid_from = \"2026-01-01\"\ncountries = [\"DE\"]\ncurrencies = [\"EUR\"]\nkinds = [\"bank-account\"]\n\
         instant = \"no\"\nzone = \"{zone}\"\nfinality = {{ kind = \"at-once\" }}\nreturn_rule = \"none\"\nrecall_rule = \"none\"\npayee_check = \"none\"\n\
         source = \"test\"\nconfidence = \"K\"\nas_of = \"2026-11-26\"\n{more}\n"
    )
}

/// The book of a text that has no fault.
pub fn book(text: &str) -> RailBook {
    check(text).unwrap_or_else(|faults| panic!("{}", faults.iter().map(|fault| format!("{fault}\n")).collect::<String>()))
}

/// The only record of a text.
pub fn record(text: &str) -> RailRecord {
    let book = book(text);
    let id = book.ids().next().unwrap().to_owned();
    book.records(&id)[0].clone()
}

/// A record of ours.
pub fn ours(id: &str) -> RailRecord {
    RailBook::built_in().records(id)[0].clone()
}

/// What a field's line is replaced by, in a text.
pub fn with_line(text: &str, key: &str, line: &str) -> String {
    let start = format!("{key} = ");
    text.lines().flat_map(|old| [if old.starts_with(&start) { line } else { old }, "\n"]).collect()
}
