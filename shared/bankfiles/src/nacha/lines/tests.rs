//! Unit tests of `lines`.
use super::super::tests::files::PAYOUTS;

#[test]
fn a_byte_order_mark_is_named_in_a_file_that_is_recognised() {
    let reading = crate::read(format!("\u{feff}{PAYOUTS}").as_bytes());
    assert_eq!((reading.format.as_str(), reading.is_sound(), reading.problems.len()), ("NACHA", false, 1));
    assert_eq!(
        (reading.problems[0].place.as_str(), reading.problems[0].what.as_str()),
        ("line 1", "position 1 is the byte EF of a byte order mark, which no ACH file has: remove its three bytes, EF BB BF")
    );
    // A letter that begins with the same byte is none.
    let problems = crate::nacha::reading(format!("\u{ffff}{PAYOUTS}").as_bytes()).problems;
    assert!(problems[0].what.starts_with("position 1 is the byte EF; only printable"), "{problems:?}");
}
