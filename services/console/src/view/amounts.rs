//! Amounts as people read them: whole numbers in groups of three, with the unit always named.
use api::monitor::UnitAmount;
use money::{Currency, Money};

/// An amount of a unit: of a currency in its main unit with all its digits, of coins and diamonds as a whole number.
pub(crate) fn amount(unit: &str, number: i64) -> String {
    let shown = Currency::try_new(unit).ok().and_then(|currency| Money::try_new(currency, number.saturating_abs()).ok());
    let sign = if number < 0 { "-" } else { "" };
    match shown {
        Some(money) => {
            let text = money.to_decimal().to_string();
            let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
            let point = if fraction.is_empty() { "" } else { "." };
            format!("{sign}{}{point}{fraction} {unit}", grouped(whole))
        }
        None => format!("{sign}{} {unit}", grouped(&number.unsigned_abs().to_string())),
    }
}

/// An amount of a message; empty if there is none.
pub(crate) fn unit_amount(found: Option<&UnitAmount>) -> String {
    found.map(|found| amount(&found.unit, found.amount)).unwrap_or_default()
}

/// An amount of money of a message; empty if there is none.
pub(crate) fn money(found: Option<&api::r#type::Money>) -> String {
    found.map(|found| amount(&found.currency_code, found.minor_units)).unwrap_or_default()
}

/// Digits of a unit after the point: of a currency's main unit its own, of coins and diamonds none.
pub(crate) fn digits(unit: &str) -> u32 {
    Currency::try_new(unit).map_or(0, |currency| currency.minor_digits())
}

/// An amount that a person wrote, such as `1,234.50`, in the smallest parts of a unit. `None`: it is none, or has more digits than the unit.
pub(crate) fn read(unit: &str, text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let (whole, places) = (ungrouped(whole)?, usize::try_from(digits(unit)).ok()?);
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || fraction.len() > places || !is_number(&whole) || !is_number(fraction) {
        return None;
    }
    format!("{whole}{fraction:0<places$}").parse().ok()
}

/// A whole number without its commas. `None`: they make no groups of three, such as one that a person wrote for the point.
fn ungrouped(whole: &str) -> Option<String> {
    let is_grouped = |first: &str, others: &str| (1..=3).contains(&first.len()) && others.split(',').all(|group| group.len() == 3);
    match whole.split_once(',') {
        Some((first, others)) => is_grouped(first, others).then(|| format!("{first}{}", others.replace(',', ""))),
        None => Some(whole.to_owned()),
    }
}

/// A count.
pub(crate) fn count(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", grouped(&number.unsigned_abs().to_string()))
}

fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    //! Unit tests of amounts.
    use super::*;

    #[test]
    fn the_unit_is_named_and_every_digit_is_shown() {
        for (unit, number, text) in [
            ("COIN", 0, "0 COIN"),
            ("COIN", 1_234_567, "1,234,567 COIN"),
            ("DIAMOND", -42, "-42 DIAMOND"),
            ("USD", 123_456, "1,234.56 USD"),
            ("USD", -5, "-0.05 USD"),
            ("JPY", 1_234, "1,234 JPY"),
            ("BHD", 1_234, "1.234 BHD"),
            ("COIN", i64::MIN, "-9,223,372,036,854,775,808 COIN"),
        ] {
            assert_eq!(amount(unit, number), text);
        }
    }

    #[test]
    fn what_a_person_writes_is_read_in_the_unit() {
        for (unit, text, number) in [
            ("COIN", "0", Some(0)),
            ("COIN", "1,234,567", Some(1_234_567)),
            ("COIN", "1.5", None),
            ("COIN", "1234,567", None),
            ("COIN", ",123", None),
            ("COIN", "1,23", None),
            ("USD", "12,50", None),
            ("USD", "1,234.50", Some(123_450)),
            ("USD", "12.5", Some(1_250)),
            ("USD", "12", Some(1_200)),
            ("USD", "12.", Some(1_200)),
            ("USD", "0.05", Some(5)),
            ("USD", "0.055", None),
            ("JPY", "12", Some(12)),
            ("BHD", "1.234", Some(1_234)),
            ("USD", "-1", None),
            ("USD", ".5", None),
            ("USD", "", None),
            ("USD", "1e3", None),
            ("USD", "١", None),
            ("USD", "9223372036854775807", None),
            ("COIN", "9223372036854775807", Some(i64::MAX)),
        ] {
            assert_eq!(read(unit, text), number, "{text} {unit}");
        }
    }
}
