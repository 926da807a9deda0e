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
fn a_moment_comes_back_also_from_before_1970() {
    for nanosecond in [0, 1, -1, 1_700_000_000_123_456_789, -1_700_000_000_123_456_789] {
        let at = Moment::from_nanosecond(nanosecond).unwrap();
        let sent = timestamp(at);
        assert!(is_time(&sent), "{sent:?}");
        assert_eq!(moment(&sent), Some(at));
        assert_eq!(i128::from(unix_us(&sent)), nanosecond.div_euclid(1_000));
        assert_eq!(i128::from(unix_ms(&sent)), nanosecond.div_euclid(1_000_000));
    }
}

#[test]
fn a_time_that_no_calendar_has_overflows_nothing() {
    let time = |seconds| Timestamp { seconds, nanos: 999_999_999 };
    assert_eq!((unix_ms(&time(i64::MAX)), unix_us(&time(i64::MAX)), moment(&time(i64::MAX))), (i64::MAX, i64::MAX, None));
    assert_eq!((unix_ms(&time(i64::MIN)), unix_us(&time(i64::MIN))), (i64::MIN + 999, i64::MIN + 999_999));
    assert!(!is_time(&time(i64::MAX)) && !is_time(&Timestamp { seconds: 0, nanos: -1 }));
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
