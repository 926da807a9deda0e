//! Violations are all in the answer, and what is about something else is the answer.
use super::{VIOLATIONS_MAX, Violations};
use crate::errors::{self, malformed};
use tonic::{Code, Status};

fn wrong(statuses: impl IntoIterator<Item = Status>) -> Result<(), Status> {
    let mut violations = Violations::default();
    for status in statuses {
        assert_eq!(violations.take(Err::<(), _>(status)), None);
    }
    violations.check()
}

#[test]
fn nothing_wrong_is_no_answer() {
    let mut violations = Violations::default();
    assert_eq!(violations.take(Ok::<_, Status>(7)), Some(7));
    violations.check().unwrap();
}

#[test]
fn one_violation_is_answered_as_it_is() {
    let alone = malformed("gift_id", "must be 1 or more");
    let answer = wrong([alone.clone()]).unwrap_err();
    assert_eq!((answer.message(), answer.details()), (alone.message(), alone.details()));
}

#[test]
fn every_violation_is_in_the_answer() {
    let answer = wrong([malformed("request_id", "must be a UUID"), malformed("gift_id", "must be 1 or more")]).unwrap_err();
    assert_eq!(answer.code(), Code::InvalidArgument);
    assert_eq!(answer.message(), "MALFORMED: request_id must be a UUID; gift_id must be 1 or more (field=request_id)");
    let wanted = [("request_id", "must be a UUID"), ("gift_id", "must be 1 or more")];
    assert_eq!(errors::violations(&answer), wanted.map(|(field, why)| (field.to_owned(), why.to_owned())));
    // What was collected may be collected again.
    let again = wrong([answer, malformed("room_id", "must not be empty")]).unwrap_err();
    assert_eq!(errors::violations(&again).len(), 3);
}

#[test]
fn what_is_not_about_a_field_is_the_answer() {
    let denied = errors::refused(Code::PermissionDenied, "PERMISSION_DENIED", "no".to_owned(), &[]);
    let other = errors::refused(Code::NotFound, "QUOTE_UNKNOWN", "no".to_owned(), &[]);
    let answer = wrong([malformed("request_id", "must be a UUID"), denied, other]).unwrap_err();
    assert_eq!(answer.message(), "PERMISSION_DENIED: no");
    // A page token is of a field, and its reason is its own.
    assert_eq!(errors::reason(&wrong([errors::page_token()]).unwrap_err()).as_deref(), Some("PAGE_TOKEN"));
}

#[test]
fn a_long_list_is_cut_in_the_message_only() {
    let answer = wrong((0..500).map(|at| malformed(&format!("transfers[{at}].amount"), "must be 1 to 9007199254740992"))).unwrap_err();
    assert!(answer.message().len() < 2_000, "{}", answer.message().len());
    assert!(answer.message().ends_with(" more (field=transfers[0].amount)"), "{}", answer.message());
    assert_eq!(errors::violations(&answer).len(), VIOLATIONS_MAX);
}
