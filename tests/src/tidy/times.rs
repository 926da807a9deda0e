//! Times are converted in one place, with one answer out of range: `money::time`, and `rpc::wire` for those of messages. Copies had different ones.
use super::{Violation, mask::mask};

const TIME: &str = "shared/money/src/time.rs";
const WIRE: &str = "shared/rpc/src/wire.rs";

/// What only one file may have on a line.
const ONLY_IN: [(&[&str], &str); 7] = [
    (&["UNIX_EPOCH"], TIME),
    (&["fn now_ms("], TIME),
    (&["from_millisecond("], TIME),
    (&["from_microsecond("], TIME),
    (&["to_zoned(", "TimeZone::UTC).date()"], TIME),
    (&["UTC.to_datetime(", ").date()"], TIME),
    (&["Timestamp { seconds:"], WIRE),
];

/// Files that have one of them all the same, with the reason.
const EXCEPTIONS: [(&str, &str, &str); 3] = [
    ("shared/telemetry/src/unfinished.rs", "UNIX_EPOCH", "it depends on no other crate"),
    ("shared/identity/src/token.rs", "UNIX_EPOCH", "a token has whole seconds, and is refused and not clamped before 1970"),
    ("services/earnings/src/store.rs", "from_millisecond(", "a row with a time that no calendar has can't be read"),
];

/// Checks one Rust file of the product.
#[must_use]
pub fn check_times(file: &str, text: &str) -> Vec<Violation> {
    let is_product = file.contains("/src/") && (!file.starts_with("tests/") || file.starts_with("tests/bench/"));
    if !is_product || file.contains("/tests/") || file.ends_with("/tests.rs") {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (index, line) in mask(text).code.iter().enumerate() {
        // A constant of the calendar, and no conversion.
        let line = line.replace("Timestamp::UNIX_EPOCH", "");
        let here = ONLY_IN.iter().filter(|(what, place)| what.iter().all(|word| line.contains(word)) && file != *place);
        let here = here.filter(|(what, _)| !EXCEPTIONS.iter().any(|(other, same, _)| *other == file && *same == what[0]));
        found.extend(here.map(|(what, place)| Violation::at(file, index + 1, format!("converts a time with `{}`; use {place}", what[0]))));
    }
    found
}

#[cfg(test)]
mod tests;
