//! Amounts as people read them.
use super::*;

fn unit(text: &str) -> Unit {
    Unit::parse(text).unwrap()
}

#[test]
fn amounts_are_in_the_units_that_people_use() {
    for (of, amount, text) in [
        ("COIN", 1, "1 coin"),
        ("COIN", 0, "0 coins"),
        ("COIN", 30, "30 coins"),
        ("COIN", -1, "-1 coin"),
        ("COIN", i64::MIN, "-9223372036854775808 coins"),
        ("DIAMOND", 1, "1 diamond"),
        ("DIAMOND", 7, "7 diamonds"),
        ("USD", 2_000, "20.00 USD"),
        ("USD", 0, "0.00 USD"),
        ("USD", -5, "-0.05 USD"),
        ("JPY", 2_000, "2000 JPY"),
        ("KWD", 5, "0.005 KWD"),
        ("USD", i64::MAX, "9223372036854775807 minor units of USD"),
        ("USD", i64::MIN, "-9223372036854775808 minor units of USD"),
    ] {
        assert_eq!(unit(of).amount_text(amount), text);
    }
}
