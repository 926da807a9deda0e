//! Unit tests of `hidden`.
use super::*;

#[test]
fn masks_show_at_most_four_characters_and_half() {
    for (text, mask) in
        [("", ""), ("1", "*"), ("1234567", "****567"), ("12345678", "****5678"), ("DE89370400440532013000", "******************3000")]
    {
        assert_eq!(masked(text), mask);
    }
    assert_eq!(masked("ÄÖÜÄÖÜÄÖÜ"), "*****ÜÄÖÜ");
}

#[test]
fn debug_prints_nothing_of_the_text() {
    assert_eq!(format!("{:?}", HiddenText::new("12345678".to_owned())), "***");
}
