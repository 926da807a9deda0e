//! Unit tests that a copy of a conversion is found, and that the one place and tests are ignored.
use super::{EXCEPTIONS, ONLY_IN, check_times};

fn lines(file: &str, text: &str) -> Vec<usize> {
    check_times(file, text).into_iter().map(|violation| violation.line).collect()
}

#[test]
fn a_copy_of_a_conversion_is_found() {
    let clock = "fn now_ms() -> i64 {\n    let age = SystemTime::now().duration_since(UNIX_EPOCH);\n    0\n}\n";
    assert_eq!(lines("services/gift/src/gifts.rs", clock), [1, 2]);
    let sent = "let at = prost_types::Timestamp { seconds: at.as_second(), nanos: at.subsec_nanosecond() };\n";
    assert_eq!(lines("services/gift/src/wire.rs", sent), [1]);
    assert_eq!(lines("shared/money/src/time.rs", sent), [1]);
    assert_eq!(lines("tests/bench/src/load.rs", "let day = TimeZone::UTC.to_datetime(at).date();\n"), [1]);
    for (what, _) in ONLY_IN {
        assert_eq!(lines("services/gift/src/gifts.rs", &format!("let a = 1;\n{}\n", what.concat())), [2], "{what:?}");
    }
}

#[test]
fn the_one_place_tests_comments_and_the_calendars_own_may_have_it() {
    for (what, place) in ONLY_IN {
        for file in [place, "services/gift/tests/it/main.rs", "services/gift/src/gifts/tests.rs", "tests/src/fuzz.rs"] {
            assert_eq!(lines(file, &what.concat()), [0; 0], "{file}: {what:?}");
        }
    }
    assert_eq!(
        lines("services/gift/src/gifts.rs", "// from UNIX_EPOCH on\nlet a = \"UNIX_EPOCH\";\nlet b = Timestamp::UNIX_EPOCH;\n"),
        [0; 0]
    );
    for (file, what, why) in EXCEPTIONS {
        assert_eq!(lines(file, what), [0; 0], "{file}: {why}");
    }
}
