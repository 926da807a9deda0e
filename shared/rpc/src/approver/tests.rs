//! Who may approve, by role and book.
use super::may_approve;
use identity::{BookScope, Principal, Role};
use money::{BookName, UserKey};
use std::time::SystemTime;

#[test]
fn only_those_approve_who_may_call_approve_in_that_book() {
    let book = |name: &str| BookName::try_new(name).unwrap();
    let person = |role| Principal {
        subject: UserKey::try_new("ann").unwrap(),
        role,
        app: String::new(),
        books: BookScope::Only(vec![book("demo")]),
        issuer: "https://staff".into(),
        expires_at: SystemTime::now(),
        auth_time: None,
    };
    for (role, may) in [
        (Role::Finance, true),
        (Role::Admin, true),
        (Role::Support, false),
        (Role::Auditor, false),
        (Role::Service, false),
        (Role::Viewer, false),
        (Role::Creator, false),
    ] {
        assert_eq!(may_approve(&person(role), &book("demo")), may, "{role}");
        assert!(!may_approve(&person(role), &book("other")), "{role} in another book");
    }
}
