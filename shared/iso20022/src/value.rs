//! Texts, times and amounts in the schemas' formats.

use crate::{Error, xml::Element};
use jiff::{
    Timestamp, civil,
    tz::{Offset, TimeZone},
};
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
/// day for some hours. `24:00:00` is of the day that it ends.
pub fn moment_or_day(element: &Element) -> Result<(civil::Date, Option<Timestamp>), Error> {
    match (element.optional_text("Dt")?, element.optional("DtTm")?) {
        (Some(text), None) => Ok((date(text).ok_or_else(|| Error::value("Dt", DATE_FORM))?, None)),
        (None, Some(moment)) => {
            let at = time(moment)?;
            let text = moment.text()?;
            let day = text.get(..DATE_BYTES).and_then(date).ok_or_else(|| Error::value("DtTm", DATE_FORM))?;
            Ok((day, Some(at)))
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
    moment(text).or_else(|| text.parse().ok()).ok_or_else(wrong)
}

/// What an error says of a wrong date.
const DATE_FORM: &str = "an ISO 8601 date";
/// `2026-11-24`.
const DATE_BYTES: usize = 10;

/// Reads `xs:date`. An offset after it says where the day is that day, and changes nothing of it.
#[must_use]
pub fn date(text: &str) -> Option<civil::Date> {
    let (day, zone) = text.split_at_checked(DATE_BYTES)?;
    let is_plain = day.bytes().enumerate().all(|(at, byte)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() });
    let is_whole = is_plain && (zone.is_empty() || offset(zone).is_some());
    is_whole.then(|| civil::Date::strptime("%Y-%m-%d", day).ok()).flatten()
}

/// `Z`, or hours and minutes with a sign, at most 14 hours.
fn offset(zone: &str) -> Option<Offset> {
    const SECONDS_MAX: i32 = 14 * 3600;
    if zone == "Z" {
        return Some(Offset::UTC);
    }
    let (sign, shown) = zone.strip_prefix('+').map(|shown| (1, shown)).or_else(|| Some((-1, zone.strip_prefix('-')?)))?;
    let [hours, minutes] = numbers(shown)?;
    let seconds = i32::from(hours) * 3600 + i32::from(minutes) * 60;
    (minutes < 60 && seconds <= SECONDS_MAX).then(|| Offset::from_seconds(sign * seconds).ok()).flatten()
}

/// Numbers of two digits with colons between them.
fn numbers<const N: usize>(text: &str) -> Option<[i8; N]> {
    let one = |part: &str| (part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit())).then(|| part.parse().ok()).flatten();
    let all: Vec<i8> = text.split(':').map(one).collect::<Option<_>>()?;
    all.try_into().ok()
}

/// Reads `xs:dateTime`: a fraction of any length, of which nanoseconds are kept, and `24:00:00` for the end of a day.
fn moment(text: &str) -> Option<Timestamp> {
    let (day, clock) = text.split_once('T').filter(|(day, _)| day.len() == DATE_BYTES)?;
    let (clock, zone) = clock.split_at(clock.find(['Z', '+', '-']).unwrap_or(clock.len()));
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nanoseconds: i32 = format!("{:0<9}", fraction.get(..9).unwrap_or(fraction)).parse().ok()?;
    let (day, [hour, minute, second]) = (date(day)?, numbers(clock)?);
    let shown = if hour == 24 {
        let is_midnight = minute == 0 && second == 0 && fraction.bytes().all(|byte| byte == b'0');
        day.tomorrow().ok().filter(|_| is_midnight)?.to_datetime(civil::Time::midnight())
    } else {
        day.to_datetime(civil::Time::new(hour, minute, second, nanoseconds).ok()?)
    };
    if zone.is_empty() { utc(shown) } else { offset(zone)?.to_timestamp(shown).ok() }
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

/// `xs:boolean`.
pub(crate) fn flag(element: &Element) -> Result<bool, Error> {
    match element.text()? {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Error::value(element.name(), "true or false")),
    }
}

/// The text of an optional child. Banks write empty ones, against the schema; a booking is not lost for it.
pub(crate) fn text(element: &Element, name: &'static str) -> Result<Option<String>, Error> {
    element.optional(name)?.filter(|child| !is_empty(child)).map(|child| child.text().map(str::to_owned)).transpose()
}

/// The texts of elements, without empty ones.
pub(crate) fn texts<'a>(elements: impl Iterator<Item = &'a Element>) -> Result<Vec<String>, Error> {
    elements.filter(|element| !is_empty(element)).map(|element| element.text().map(str::to_owned)).collect()
}

fn is_empty(element: &Element) -> bool {
    element.children().is_empty() && element.text().is_err()
}

#[cfg(test)]
mod tests;
