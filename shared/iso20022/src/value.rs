//! Texts, times and amounts in the schemas' formats.

use crate::{Error, xml::Element};
use jiff::{Timestamp, civil, tz::TimeZone};
use money::{Currency, Money, Rounding};
pub use rust_decimal::Decimal;

/// `Max35Text`, the length of every reference.
pub const REFERENCE_CHARS_MAX: usize = 35;
/// `Max140Text`, the length of names and remittance lines.
pub const NAME_CHARS_MAX: usize = 140;

/// Refuses an empty text, one longer than `max` characters, leading or trailing blanks (a reader trims them) and characters that XML does not allow.
pub(crate) fn check_text<'a>(element: &str, text: &'a str, max: usize) -> Result<&'a str, Error> {
    let fits = !text.is_empty() && text.chars().count() <= max && text.trim() == text;
    if !fits || text.chars().any(|c| c.is_control() || !crate::xml::is_xml_char(c)) {
        return Err(Error::value(element, "a text without blank ends or control characters, within its length"));
    }
    Ok(text)
}

/// A child element with a checked text.
pub(crate) fn text_leaf(name: &str, text: &str, max: usize) -> Result<Element, Error> {
    Ok(Element::leaf(name, check_text(name, text, max)?))
}

/// `ISODateTime` in UTC with milliseconds.
pub(crate) fn time_leaf(name: &str, time: Timestamp) -> Element {
    Element::leaf(name, format!("{time:.3}"))
}

/// `ISODate`.
pub(crate) fn day_leaf(name: &str, day: civil::Date) -> Element {
    Element::leaf(name, day.to_string())
}

/// Reads a choice of `Dt` and `DtTm`: the day, and the time if there is one. The day of a time is that of its writer's clock: in another zone it is another
/// day for some hours.
pub fn moment_or_day(element: &Element) -> Result<(civil::Date, Option<Timestamp>), Error> {
    let day = |text: &str, name| civil::Date::strptime("%Y-%m-%d", text).map_err(|_| Error::value(name, "an ISO 8601 date"));
    match (element.optional_text("Dt")?, element.optional("DtTm")?) {
        (Some(text), None) => Ok((day(text, "Dt")?, None)),
        (None, Some(moment)) => {
            let at = time(moment)?;
            let text = moment.text()?;
            Ok((day(text.get(..10).unwrap_or(text), "DtTm")?, Some(at)))
        }
        _ => Err(Error::value(element.name(), "either Dt or DtTm")),
    }
}

/// Reads an `ISODateTime`; one without an offset is read as UTC.
pub fn time(element: &Element) -> Result<Timestamp, Error> {
    let text = element.text()?;
    let wrong = || Error::value(element.name(), "an ISO 8601 time");
    // Zone names in brackets belong to RFC 9557 and not to the schema.
    if text.contains('[') {
        return Err(wrong());
    }
    let local = || civil::DateTime::strptime("%Y-%m-%dT%H:%M:%S%.f", text).ok().and_then(utc);
    text.parse().ok().or_else(local).ok_or_else(wrong)
}

/// The time at which a clock in UTC shows this.
pub(crate) fn utc(shown: civil::DateTime) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(shown).ok()
}

/// Digits with a point: `1250.00`. The schemas allow 18 digits, 5 of them after the point; a money amount has 16.
#[must_use]
pub fn amount_text(amount: Money) -> String {
    amount.to_decimal().to_string()
}

/// An amount with its currency in `Ccy`.
pub(crate) fn amount_leaf(name: &str, amount: Money) -> Element {
    Element::leaf(name, amount_text(amount)).attribute("Ccy", amount.currency().code())
}

/// Reads an amount with its `Ccy`. Refuses more decimals than the currency has: nothing is rounded.
pub fn amount(element: &Element) -> Result<Money, Error> {
    const FORM: &str = "an amount with a known Ccy and no more decimals than it has";
    let wrong = || Error::value(element.name(), FORM);
    let currency = element.attribute_value("Ccy").and_then(|code| Currency::try_new(code).ok()).ok_or_else(wrong)?;
    let value = decimal(element)?;
    let money = Money::from_decimal(currency, value, Rounding::Down).map_err(|_| wrong())?;
    if money.to_decimal() == value { Ok(money) } else { Err(wrong()) }
}

/// Reads `xs:decimal`: a sign, digits and a point, never an exponent.
pub fn decimal(element: &Element) -> Result<Decimal, Error> {
    let text = element.text()?;
    let wrong = || Error::value(element.name(), "a decimal number of at most 18 digits");
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') && digits.bytes().filter(u8::is_ascii_digit).count() <= 18;
    if !plain {
        return Err(wrong());
    }
    text.parse().map_err(|_| wrong())
}

/// Reads `Max15NumericText`.
pub fn count(element: &Element) -> Result<u64, Error> {
    let text = element.text()?;
    let fits = text.len() <= 15 && text.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten().ok_or_else(|| Error::value(element.name(), "at most 15 digits"))
}

#[cfg(test)]
mod tests;
