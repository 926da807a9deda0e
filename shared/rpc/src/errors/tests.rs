//! Unit tests of `errors`.
use super::*;

#[test]
fn message_repeats_reason_and_facts() {
    let facts_given = [("balance_coins", "3".to_owned()), ("cost_coins", "5".to_owned())];
    let status = refused(Code::FailedPrecondition, "INSUFFICIENT_FUNDS", "not enough coins".into(), &facts_given);
    assert_eq!(status.message(), "INSUFFICIENT_FUNDS: not enough coins (balance_coins=3, cost_coins=5)");
    assert_eq!(reason(&status).as_deref(), Some("INSUFFICIENT_FUNDS"));
    assert_eq!(facts(&status)["cost_coins"], "5");
}

#[test]
fn malformed_names_the_field_in_a_bad_request() {
    let status = malformed("gift_id", "must be positive");
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(status.get_details_bad_request().unwrap().field_violations[0].field, "gift_id");
}

#[test]
fn overload_says_when_to_retry() {
    let status = overload(Duration::from_millis(50));
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.get_details_retry_info().unwrap().retry_delay, Some(Duration::from_millis(50)));
}

#[test]
fn internal_text_never_leaves() {
    let status = internal(&std::io::Error::other("password=hunter2"));
    assert_eq!(status.code(), Code::Internal);
    assert!(!status.message().contains("hunter2"));
    assert!(!String::from_utf8_lossy(status.details()).contains("hunter2"));
}

#[test]
fn a_foreign_reason_is_not_taken_for_ours() {
    let details = ErrorDetails::with_error_info("INSUFFICIENT_FUNDS", "elsewhere", HashMap::new());
    assert_eq!(reason(&Status::with_error_details(Code::Unavailable, "", details)), None);
    assert_eq!(reason(&Status::unavailable("bare")), None);
}
