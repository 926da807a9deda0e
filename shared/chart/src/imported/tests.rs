//! Unit tests of recognising imports.
use super::*;
use crate::id::posted;

/// The fields of a posting that says which id it had in a file.
fn field<'a>(value: &'a str) -> impl Fn(&str) -> Option<&'a str> + Copy {
    move |name| match name {
        "gift_id" => Some("1"),
        IMPORTED_ID => Some(value),
        _ => None,
    }
}

#[test]
fn only_an_import_of_this_book_makes_an_id_that_fits_the_mark() {
    let file_id = Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0001);
    let text = file_id.to_string();
    let fields = field(&text);
    assert_eq!(origin(imported(file_id, "demo"), fields, "demo"), Some(file_id));
    assert_eq!(origin(imported(file_id, "demo"), field(&file_id.simple().to_string()), "demo"), Some(file_id));
    // A service that sends the field with its own posting, another book's, another id's, and none.
    assert_eq!(origin(posted(file_id, "demo"), fields, "demo"), None);
    assert_eq!(origin(imported(file_id, "other"), fields, "demo"), None);
    assert_eq!(origin(imported(Uuid::nil(), "demo"), fields, "demo"), None);
    assert_eq!(origin(imported(file_id, "demo"), field("what"), "demo"), None);
    assert_eq!(origin(imported(file_id, "demo"), |_| None, "demo"), None);
}
