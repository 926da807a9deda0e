//! Tests of `day`.
#![allow(clippy::unwrap_used)]
use super::*;
use jiff::civil::date;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn an_events_day_is_that_of_its_own_time_and_never_after_its_commit() {
    let committed = at("2026-11-30T00:00:05Z");
    assert_eq!(event_day(at("2026-11-29T23:59:59.999999Z"), committed), date(2026, 11, 29));
    assert_eq!(event_day(committed, committed), date(2026, 11, 30));
    assert_eq!(event_day(at("2027-01-01T00:00:00Z"), committed), date(2026, 11, 30), "it is not booked yet on its own day");
}

#[test]
fn an_event_of_a_closed_day_goes_to_the_first_open_one() {
    let closed = Some(date(2026, 11, 30));
    assert_eq!(accounting_day(date(2026, 11, 30), closed), Some(date(2026, 12, 1)));
    assert_eq!(accounting_day(date(2026, 3, 1), closed), Some(date(2026, 12, 1)));
    assert_eq!(accounting_day(date(2026, 12, 1), closed), Some(date(2026, 12, 1)));
    assert_eq!(accounting_day(date(2026, 12, 2), closed), Some(date(2026, 12, 2)));
    assert_eq!(accounting_day(date(2026, 3, 1), None), Some(date(2026, 3, 1)));
    assert_eq!(accounting_day(date(9999, 12, 31), Some(Date::MAX)), None);
}
