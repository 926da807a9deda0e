//! Tests of `table`.
#![allow(clippy::unwrap_used)]
use super::*;

#[test]
fn amounts_are_written_with_the_digits_of_their_currency() {
    for (minor_units, code, text) in [
        (1_250, "USD", "12.50"),
        (5, "USD", "0.05"),
        (-5, "USD", "-0.05"),
        (-1_250, "USD", "-12.50"),
        (0, "USD", "0.00"),
        (7, "JPY", "7"),
        (-7, "JPY", "-7"),
        (1_234, "KWD", "1.234"),
        (i128::from(i64::MAX) * 2, "USD", "184467440737095516.14"),
    ] {
        assert_eq!(decimal(minor_units, Currency::try_new(code).unwrap()), text);
    }
}

#[test]
fn a_cell_that_a_spreadsheet_would_compute_is_made_text() {
    for text in ["=1+1", "+1", "-1", "@sum", "\tx"] {
        assert_eq!(cell(text), format!("'{text}"));
    }
    assert_eq!(cell("Cash - main"), "Cash - main");
}
