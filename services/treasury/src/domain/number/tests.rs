//! Check digits, and numbers that could be the same.
use super::*;
use proptest::prelude::*;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn registered(number: &str, form: NumberForm) -> Registration {
    Registration { number: number.to_owned(), leaf: "a".to_owned(), form, holder: None, from: day("2026-01-01"), until: None }
}

#[test]
fn check_digits_are_those_of_iso_7064() {
    // Legal entity identifiers end with the same digits (ISO 17442).
    assert_eq!(check_digits("5493001KJTIIGC8Y1R"), "12");
    assert!(is_checked("5493001KJTIIGC8Y1R-12"));
    assert!(!is_checked("5493001KJTIIGC8Y1R-21"), "digits exchanged");
    assert!(!is_checked("5493001KJTIIGC8Y1R12"), "without a separator");
}

#[test]
fn segments_have_one_form() {
    for good in ["7001", "7001-0012-33", "A-1"] {
        assert!(is_segments(good), "{good}");
    }
    for bad in ["", "-", "7001-", "-7001", "7001--1", "a1", "7001 1", "7001-é", &"1".repeat(36)] {
        assert!(!is_segments(bad), "{bad}");
    }
    assert_eq!((root("7001-0012"), root("7001")), ("7001", "7001"));
}

#[test]
fn a_dynamic_number_overlaps_those_that_begin_with_its_segments() {
    let dynamic = registered("7001-0012", NumberForm::Dynamic);
    for (number, form, expected) in [
        ("7001-0012-33-66", NumberForm::Static, true),
        ("7001-0012", NumberForm::Dynamic, true),
        ("7001-0012-1", NumberForm::Dynamic, true),
        ("7001", NumberForm::Dynamic, true),
        // Another segment that begins with the same digits.
        ("7001-00123-54", NumberForm::Static, false),
        ("7001-0013", NumberForm::Dynamic, false),
    ] {
        let other = registered(number, form);
        assert_eq!((dynamic.overlaps(&other), other.overlaps(&dynamic)), (expected, expected), "{number}");
    }
    let one = registered("7001-0012-33-66", NumberForm::Static);
    assert!(one.overlaps(&one.clone()) && !one.overlaps(&registered("7001-0012-34-51", NumberForm::Static)));
}

#[test]
fn an_iban_is_read_in_its_one_form() {
    assert_eq!(virtual_iban("DE89 3704 0044 0532 0130 00").unwrap(), "DE89370400440532013000");
    assert!(virtual_iban("DE88370400440532013000").unwrap_err().starts_with("must "), "wrong check digits");
}

proptest! {
    #[test]
    fn one_wrong_character_or_two_exchanged_are_found(segments in "[0-9A-Z]{1,8}(-[0-9A-Z]{1,6}){0,2}", at in 0_usize..30, other in "[0-9A-Z]") {
        let number = format!("{segments}-{}", check_digits(&segments));
        prop_assert!(is_checked(&number));
        let at = at % segments.len();
        let was = &number[at..=at];
        if was != "-" && was != other {
            let changed = format!("{}{other}{}", &number[..at], &number[at + 1..]);
            // A digit for a letter shifts all values, so it is found by chance only: 96 of 97.
            let same_kind = was.as_bytes()[0].is_ascii_digit() == other.as_bytes()[0].is_ascii_digit();
            prop_assert!(!same_kind || !is_checked(&changed), "{number} and {changed}");
        }
    }
}
