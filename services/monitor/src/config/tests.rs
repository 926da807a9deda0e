//! Unit tests of the rest between audit runs.
use super::*;

#[test]
fn a_look_takes_the_share_it_was_given_and_no_more() {
    for (share_percent, rest_ms) in [(1, 99_000), (10, 9_000), (25, 3_000), (34, 1_941), (50, 1_000), (60, 666), (99, 10), (100, 0)] {
        let config = Config { every_ms: 0, share_percent, ..Config::default() };
        assert_eq!(config.rest(Duration::from_secs(1)).as_millis(), rest_ms, "{share_percent} %");
    }
    let config = Config { every_ms: 5_000, ..Config::default() };
    assert_eq!(config.rest(Duration::from_millis(100)), Duration::from_secs(5));
}
