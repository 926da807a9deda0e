//! Routing numbers of US banks: eight digits and a check digit.

/// Whether a text is exactly so many ASCII digits.
pub fn is_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The check digit of the first eight digits of a routing number: with the digits weighted 3, 7, 1, all nine add up to a multiple of ten.
/// `None` if the text is not eight digits.
#[must_use]
pub fn check_digit(eight: &str) -> Option<char> {
    if !is_digits(eight, 8) {
        return None;
    }
    let sum: u32 = eight.bytes().zip([3, 7, 1].into_iter().cycle()).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    char::from_digit((10 - sum % 10) % 10, 10)
}

/// Whether a text is nine digits of which the last is the right check digit. Nine zeros are not a routing number.
#[must_use]
pub fn is_routing_number(text: &str) -> bool {
    is_digits(text, 9) && text != "000000000" && text.get(..8).and_then(check_digit) == text.chars().last()
}
