//! What fits comes back; what does not is bounded.
use super::*;

#[test]
fn moments_come_back_to_the_millisecond() {
    for ms in [0, 1, 1_700_000_000_123] {
        assert_eq!(unix_ms(from_unix_ms(ms)), ms);
    }
    assert_eq!((unix_ms(UNIX_EPOCH - Duration::from_secs(1)), from_unix_ms(-1)), (0, UNIX_EPOCH));
    assert_eq!(millis(Duration::MAX), i64::MAX);
}
