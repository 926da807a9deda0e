//! Unit tests of the median, and of the password that is not printed.
use super::{summary::median, without_password};

#[test]
fn median_is_the_middle_of_what_was_measured() {
    assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
    assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
    assert_eq!(median(Vec::new()), 0.0);
}

#[test]
fn a_password_is_not_printed() {
    assert_eq!(without_password("postgres://me:secret@host/db"), "postgres://me@host/db");
    assert_eq!(without_password("sqlite:/some/dir"), "sqlite:/some/dir");
}
