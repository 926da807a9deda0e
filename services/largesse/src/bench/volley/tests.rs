//! What answers mean, and when calls are due.
use super::{Pace, Told, told};
use std::time::Duration;
use tonic::{Code, Status};

#[test]
fn an_overload_counts_only_with_the_time_to_come_back() {
    assert_eq!(told(&rpc::overload(Duration::from_millis(100))), Told::Overloaded);
    let without = rpc::refused(Code::Unavailable, "OVERLOADED", String::new(), &[]);
    assert!(matches!(told(&without), Told::Refused(kind) if kind.contains("without RetryInfo")));
}

#[test]
fn what_may_have_happened_is_asked_again_and_what_a_rule_refused_is_not() {
    for unknown in [rpc::outcome_unknown("x"), Status::unavailable("the connection broke"), rpc::errors::deadline_exceeded("server")] {
        assert!(matches!(told(&unknown), Told::Unknown(_)), "{unknown:?}");
    }
    let refused = rpc::refused(Code::FailedPrecondition, "INSUFFICIENT_FUNDS", String::new(), &[]);
    assert_eq!(told(&refused), Told::Refused("FailedPrecondition INSUFFICIENT_FUNDS".to_owned()));
}

#[test]
fn calls_are_due_evenly_and_their_number_is_bounded() {
    let pace = Pace::new(200.0, Duration::from_secs(2));
    assert_eq!((pace.count(), pace.due(0), pace.due(100)), (400, Duration::ZERO, Duration::from_millis(500)));
    assert_eq!(Pace::new(1e9, Duration::from_secs(60)).count(), super::ITEMS_MAX);
    assert_eq!(Pace::new(0.0, Duration::from_millis(100)).count(), 1);
}
