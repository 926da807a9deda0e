//! When what the ledger refused is tried again.
use super::is_due;

const HOUR_MS: i64 = 3_600_000;

#[test]
fn each_wait_is_as_long_as_all_before_it_and_a_clock_that_was_ahead_puts_nothing_off() {
    let now_ms = 1_000 * HOUR_MS;
    for (since_ms, planned_at_ms, is) in [
        (now_ms, now_ms, true),
        (now_ms - 2 * HOUR_MS, now_ms, false),
        (now_ms - 2 * HOUR_MS, now_ms - HOUR_MS, true),
        (now_ms - 5 * HOUR_MS, now_ms - HOUR_MS, false),
        (now_ms - 500 * HOUR_MS, now_ms - 24 * HOUR_MS, true),
        // Decided, or tried last, while a clock was 14 hours ahead.
        (now_ms + 14 * HOUR_MS, now_ms + 14 * HOUR_MS, true),
        (now_ms - 2 * HOUR_MS, now_ms + 14 * HOUR_MS, true),
        (now_ms + 14 * HOUR_MS, now_ms, true),
    ] {
        assert_eq!(is_due(since_ms, planned_at_ms, now_ms), is, "{since_ms} {planned_at_ms}");
    }
}
