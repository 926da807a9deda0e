//! Times before 1970 too.
use super::*;

#[test]
fn fractions_of_a_second_point_forward() {
    let parts = |time: Timestamp| (time.seconds, time.nanos);
    assert_eq!(parts(timestamp_ms(1_700_000_000_005)), (1_700_000_000, 5_000_000));
    assert_eq!(parts(timestamp_ms(-1)), (-1, 999_000_000));
    assert_eq!(parts(timestamp_us(1_000_001)), (1, 1_000));
    assert_eq!(parts(timestamp_us(-1)), (-1, 999_999_000));
}

#[test]
fn a_range_of_times_counts_whole_milliseconds() {
    let read = |from, until| TimeRange::read(["created_from", "created_until"], from, until);
    let time = |seconds, nanos| Some(Timestamp { seconds, nanos });
    assert_eq!(read(None, None).unwrap(), TimeRange::ANY);
    assert!(TimeRange::ANY.named().is_empty());
    // A row of millisecond 1 is at or after nanosecond 1, and before nanosecond 1,000,001.
    assert_eq!(read(time(0, 1), time(0, 1_000_001)).unwrap(), TimeRange { from_ms: 1, until_ms: 2 });
    assert_eq!(read(time(-1, 0), time(0, 0)).unwrap(), TimeRange { from_ms: -1_000, until_ms: 0 });
    let wrong = read(time(253_402_300_800, 0), time(0, -1)).unwrap_err();
    let both = "created_from must be a time between years 1 and 9999; created_until must be a time between years 1 and 9999";
    assert_eq!(wrong.message(), format!("MALFORMED: {both} (field=created_from)"));
    assert!(read(time(0, 1_000_000_000), None).is_err());
}
