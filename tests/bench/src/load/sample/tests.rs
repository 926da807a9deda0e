//! Unit tests of when a measurement ends.
use super::*;

#[test]
fn however_late_it_begins_a_measurement_has_a_call() {
    let over = SampleEnd::after(Duration::ZERO);
    assert!(over.more(1));
    assert!(!over.more(1) && !over.clone().more(1));
}

#[test]
fn a_measurement_ends_with_its_time_or_its_count() {
    let end = SampleEnd::after(Duration::from_secs(3_600));
    assert!(end.more(1) && end.more(ITEMS_MAX - 1));
    assert!(!end.more(1));
}
