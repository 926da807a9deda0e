//! Ages of work whose time a clock set that was ahead.
use super::age_at;
use std::time::{Duration, SystemTime};

#[test]
fn work_from_the_future_is_old_enough_to_be_seen() {
    let (now, hours) = (SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000), Duration::from_secs(14 * 3_600));
    assert_eq!(age_at(now - hours, now), hours);
    assert_eq!(age_at(now + hours, now), hours, "nobody knows its age, and it is not taken for new");
    assert_eq!(age_at(now, now), Duration::ZERO);
    assert_eq!(age_at(now + Duration::from_millis(20), now), Duration::from_millis(20), "another machine's clock, which is right");
}
