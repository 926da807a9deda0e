//! Unit tests of how attempts are counted.
use super::*;

#[test]
fn ten_a_minute_are_told_and_the_rest_is_one_sum() {
    let (attempts, now) = (RefusedAttempts::default(), Instant::now());
    for _ in 0..10 {
        assert_eq!(attempts.note("sue", now), AttemptOutcome::Recorded);
    }
    assert_eq!(attempts.note("sue", now), AttemptOutcome::CountedUntil(now + MINUTE));
    for _ in 0..36 {
        assert_eq!(attempts.note("sue", now + MINUTE), AttemptOutcome::Counted, "the sum is still to be written");
    }
    assert_eq!(attempts.note("tom", now), AttemptOutcome::Recorded, "everybody has a minute of their own");
    assert_eq!(attempts.sum("sue"), 37);
    assert_eq!(attempts.note("sue", now + MINUTE), AttemptOutcome::Recorded);
    assert_eq!(attempts.note("tom", now + MINUTE), AttemptOutcome::Recorded);
    assert_eq!(attempts.0.lock().unwrap()["tom"].told, 1, "a new minute");
}

#[test]
fn more_people_than_are_counted_share_a_count() {
    let (attempts, now) = (RefusedAttempts::default(), Instant::now());
    for person in 0..PEOPLE_MAX {
        attempts.note(&person.to_string(), now);
    }
    for _ in 0..PER_MINUTE {
        assert_eq!(attempts.note("one more", now), AttemptOutcome::Recorded);
    }
    assert_eq!(attempts.note("another", now), AttemptOutcome::CountedUntil(now + MINUTE));
    assert_eq!(attempts.0.lock().unwrap().len(), PEOPLE_MAX + 1);
    attempts.note("later", now + MINUTE);
    assert_eq!(attempts.0.lock().unwrap().len(), 2, "whose minute is over is forgotten");
}
