//! When the warning is logged.
use super::*;

#[test]
fn more_than_a_minute_is_told_once_in_a_while_and_its_end_too() {
    let mut skew = ClockSkew::default();
    assert!(!skew.note("demo", Duration::ZERO) && !skew.note("demo", AHEAD_REPORTED));
    assert!(skew.note("demo", Duration::from_secs(14 * 3_600)));
    assert!(!skew.note("demo", Duration::from_secs(14 * 3_600)), "not with every commit");
    assert!(!skew.note("demo", Duration::ZERO) && skew.told.is_none());
    assert!(skew.note("demo", Duration::from_secs(61)), "the next one is logged at once");
}
