//! Times that fit are returned unchanged; others are clamped.
use super::*;

#[test]
fn moments_come_back_to_the_millisecond() {
    for ms in [0, 1, 1_700_000_000_123] {
        assert_eq!(unix_ms(from_unix_ms(ms)), ms);
    }
    assert_eq!((unix_ms(UNIX_EPOCH - Duration::from_secs(1)), from_unix_ms(-1)), (0, UNIX_EPOCH));
    assert_eq!(millis(Duration::MAX), i64::MAX);
    let us = 1_700_000_000_123_456;
    assert_eq!((unix_us(from_unix_us(us)), unix_ms(from_unix_us(us))), (us, us / 1_000));
    assert_eq!((unix_us(UNIX_EPOCH - Duration::from_secs(1)), from_unix_us(-1)), (0, UNIX_EPOCH));
}

#[test]
fn what_the_calendar_has_not_is_its_first_or_last_moment() {
    assert_eq!(moment_ms(1_700_000_000_123).as_millisecond(), 1_700_000_000_123);
    assert_eq!(moment_us(-1).as_microsecond(), -1);
    for moment in [moment_ms, moment_us] {
        assert_eq!((moment(i64::MIN), moment(i64::MAX)), (Timestamp::MIN, Timestamp::MAX));
    }
    assert_eq!((day_start(Date::MIN), day_start(Date::MAX)), (Timestamp::MIN, Timestamp::MAX));
}

#[test]
fn a_day_is_the_one_of_utc() {
    let day: Date = "2026-11-27".parse().unwrap();
    let start = day_start(day);
    assert_eq!(start.to_string(), "2026-11-27T00:00:00Z");
    assert_eq!((utc_day(start), utc_day(moment_us(start.as_microsecond() - 1))), (day, day.yesterday().unwrap()));
    assert_eq!(utc_day_at(from_unix_ms(start.as_millisecond())), day);
    assert_eq!(utc_day(moment_ms(-1)).to_string(), "1969-12-31");
}

#[test]
fn a_moments_text_has_as_many_digits_as_it_needs() {
    let text = |ns: i128| rfc3339(Timestamp::from_nanosecond(ns).unwrap());
    assert_eq!(text(0), "1970-01-01T00:00:00+00:00");
    assert_eq!(text(1_700_000_000_000_000_000), "2023-11-14T22:13:20+00:00");
    assert_eq!(text(1_700_000_000_005_000_000), "2023-11-14T22:13:20.005+00:00");
    assert_eq!(text(1_700_000_000_100_000_000), "2023-11-14T22:13:20.100+00:00");
    assert_eq!(text(1_700_000_000_100_020_000), "2023-11-14T22:13:20.100020+00:00");
    assert_eq!(text(1_700_000_000_000_000_001), "2023-11-14T22:13:20.000000001+00:00");
}

#[test]
fn nothing_waits_longer_than_its_rule() {
    let now_ms = 1_000_000_000;
    for (until_ms, waits) in [
        (0, false),
        (now_ms, false),
        (now_ms + 1, true),
        (now_ms + 30_000, true),
        // Of a machine whose clock is a little ahead.
        (now_ms + 30_000 + CLOCKS_DIFFER_MS, true),
        (now_ms + 30_001 + CLOCKS_DIFFER_MS, false),
        (now_ms + 14 * 3_600_000, false),
        (i64::MAX, false),
    ] {
        assert_eq!(is_waiting(until_ms, now_ms, 30_000), waits, "{until_ms}");
    }
    assert!(is_waiting(i64::MAX, now_ms, i64::MAX), "a rule without a bound");
}
