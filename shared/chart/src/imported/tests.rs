//! Unit tests of recognising imports.
use super::*;
use crate::id::posted;

fn field(value: &str) -> Vec<(String, String)> {
    vec![("gift_id".to_owned(), "1".to_owned()), (IMPORTED_ID.to_owned(), value.to_owned())]
}

#[test]
fn only_an_import_of_this_book_makes_an_id_that_fits_the_mark() {
    let file_id = Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0001);
    let fields = field(&file_id.to_string());
    assert_eq!(origin(imported(file_id, "demo"), &fields, "demo"), Some(file_id));
    assert_eq!(origin(imported(file_id, "demo"), &field(&file_id.simple().to_string()), "demo"), Some(file_id));
    // A service that sends the field with its own posting, another book's, another id's, and none.
    assert_eq!(origin(posted(file_id, "demo"), &fields, "demo"), None);
    assert_eq!(origin(imported(file_id, "other"), &fields, "demo"), None);
    assert_eq!(origin(imported(Uuid::nil(), "demo"), &fields, "demo"), None);
    assert_eq!(origin(imported(file_id, "demo"), &field("what"), "demo"), None);
    assert_eq!(origin(imported(file_id, "demo"), &[], "demo"), None);
}
