//! Times that fit are returned unchanged; others are clamped.
use super::*;

#[test]
fn moments_come_back_to_the_millisecond() {
    for ms in [0, 1, 1_700_000_000_123] {
        assert_eq!(unix_ms(from_unix_ms(ms)), ms);
    }
    assert_eq!((unix_ms(UNIX_EPOCH - Duration::from_secs(1)), from_unix_ms(-1)), (0, UNIX_EPOCH));
    assert_eq!(millis(Duration::MAX), i64::MAX);
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
