//! Whole files: what is read, what is refused.

use super::*;

#[test]
fn built_in_records_have_no_fault() {
    let faults = read_book(BUILT_IN, &HolidayCalendars::default()).err().unwrap_or_default();
    let shown: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert!(shown.is_empty(), "{shown:#?}");
    assert_eq!(RailBook::built_in().ids().count(), 20);
}
