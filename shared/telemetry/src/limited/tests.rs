//! Unit tests of `limited`.
use super::*;

#[test]
fn a_kind_has_one_line_a_minute_which_counts_those_left_out() {
    let (lines, start) = (LimitedLines::new(), Instant::now());
    let admitted = |kind, after_s| lines.admit_at(kind, start + Duration::from_secs(after_s));
    assert_eq!(admitted("first", 0), Some(0));
    assert_eq!((admitted("first", 1), admitted("first", 59)), (None, None));
    assert_eq!(admitted("second", 59), Some(0), "kinds don't hide each other");
    assert_eq!(admitted("first", 60), Some(2));
    assert_eq!((admitted("first", 61), admitted("first", 600)), (None, Some(1)));
}
