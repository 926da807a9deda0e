//! Timestamps as text.

use super::{parse, text};
use proptest::prelude::*;

#[test]
fn one_moment_has_one_text() {
    assert_eq!(text(0), "1970-01-01T00:00:00.000000Z");
    assert_eq!(parse("2026-11-20T23:51:11.123456Z"), Some(1_795_218_671_123_456));
    for other in ["2026-11-20T23:51:11Z", "2026-11-20T23:51:11.123456+00:00", "2026-11-20 23:51:11.123456Z", "", "yesterday"] {
        assert_eq!(parse(other), None, "{other}");
    }
    assert_eq!(parse(&text(i64::MAX)), Some(253_402_300_799_999_999));
    assert!(parse(&text(i64::MIN)).is_some());
}

proptest! {
    #[test]
    fn what_is_written_is_read(time in -62_167_219_200_000_000_i64..=253_402_300_799_999_999) {
        prop_assert_eq!(parse(&text(time)), Some(time));
    }
}
