//! Unit tests of what the worker starts, and how long it rests.
use super::*;
use money::BookName;
use uuid::Uuid;

fn key(number: u128) -> PayoutKey {
    PayoutKey { book: BookName::try_new("app-us").unwrap(), payout_id: Uuid::from_u128(number) }
}

#[test]
fn a_payout_has_one_driver_at_a_time_however_often_it_is_found_due() {
    let (mut places, now) = (DriverPlaces::default(), Instant::now());
    let due = || vec![key(1), key(2), key(3)];
    assert_eq!(places.start(due(), 2), [key(1), key(2)], "as many as there is room for");
    assert_eq!(places.wanted(1, now), 3, "those that are driven may still be due, and must not hide others");
    assert_eq!(places.start(due(), 1), [key(3)]);
    assert_eq!(places.start(due(), 5), []);
    places.ended(key(2), None);
    assert_eq!(places.start(due(), 5), [key(2)], "it is due again after its step");
    places.ended(key(1), Some(now + Duration::from_secs(1)));
    assert_eq!((places.start(due(), 5), places.wanted(5, now)), (vec![], 8), "one that failed rests");
    assert_eq!(places.wanted(5, now + Duration::from_secs(1)), 7);
    assert_eq!(places.start(due(), 5), [key(1)]);
}

#[test]
fn the_next_due_payout_ends_the_rest_within_bounds() {
    let delay = Duration::from_secs(1);
    for (due_at_ms, expected_ms) in [(None, 1_000), (Some(10_300), 300), (Some(99_999), 1_000), (Some(10_001), 5), (Some(1), 5)] {
        assert_eq!(rest(due_at_ms, 10_000, delay), Duration::from_millis(expected_ms), "{due_at_ms:?}");
    }
}

#[test]
fn the_store_is_not_queried_while_every_place_is_taken_nor_at_once_again() {
    let ms = Duration::from_millis;
    for since_last in [None, Some(Duration::ZERO), Some(ms(9_000))] {
        assert_eq!(before_query(0, since_last), None, "nothing could be started");
    }
    assert_eq!(before_query(1, None), Some(Duration::ZERO), "the first time");
    for (since_last, left) in [(ms(0), PAUSE), (ms(1), PAUSE - ms(1)), (PAUSE, ms(0)), (ms(9_000), ms(0))] {
        assert_eq!(before_query(3, Some(since_last)), Some(left), "{since_last:?}");
    }
}
