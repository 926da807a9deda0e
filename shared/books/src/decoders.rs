//! Decoders of stored texts that only the fuzz targets in `tests` need.

use crate::store::rows;

/// Whether these are the facts and the fields of a stored refusal. Checks that they are unchanged when written and read
/// again.
#[must_use]
pub fn refusal(facts: &str, fields: &str) -> bool {
    let row = |facts: String, fields: String| rows::refusal((vec![7; 16], 0, "INSUFFICIENT_FUNDS".to_owned(), facts, fields));
    let Ok(read) = row(facts.to_owned(), fields.to_owned()) else { return false };
    let again = row(rows::pairs(&read.told.facts), rows::pairs(&*read.fields)).expect("what is written can be read");
    assert_eq!(again, read);
    true
}
