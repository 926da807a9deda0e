//! Unit tests of when a book is ahead of the clock.
use super::*;

#[test]
fn a_book_more_than_a_minute_ahead_is_told_and_one_of_the_past_never() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    for seconds in [0, 1, 999_999, 1_000_000, 1_000_060] {
        assert_eq!(ahead(seconds * 1_000_000, now), None, "{seconds}");
    }
    assert_eq!(ahead(-1, now), None);
    let why = ahead((1_000_000 + 14 * 3_600) * 1_000_000, now).unwrap();
    assert!(why.contains("50400 s ahead"), "{why}");
}
