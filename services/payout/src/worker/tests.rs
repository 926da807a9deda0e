//! Unit tests of how long the worker rests.
use super::*;

#[test]
fn the_next_due_payout_ends_the_rest_within_bounds() {
    let delay = Duration::from_secs(1);
    for (due_at_ms, expected_ms) in [(None, 1_000), (Some(10_300), 300), (Some(99_999), 1_000), (Some(10_001), 5), (Some(1), 5)] {
        assert_eq!(rest(due_at_ms, 10_000, delay), Duration::from_millis(expected_ms), "{due_at_ms:?}");
    }
}
