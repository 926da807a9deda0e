//! Amounts with a comma, and the fields with one: balances, floor limits and totals.

use super::{Mt940Balance, Mt940FloorLimit, Mt940Total, fields::Mt940Field};
use crate::statement::{Findings, StatementSide, day, minor_digits};

/// SWIFT's `15d`: 15 characters, one of them the comma.
const AMOUNT_CHARS_MAX: usize = 15;
const NO_COMMA: &str = "has no decimal comma";

/// An amount in minor units, and what is unusual about how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mt940Amount {
    pub(super) minor: i64,
    pub(super) unusual: Option<&'static str>,
}

/// Reads digits with a decimal comma, which stands even before no decimals: `300,`. Nothing is rounded.
pub(super) fn amount(text: &str, minor_digits: u32) -> Result<Mt940Amount, &'static str> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b'.')) {
        return Err("must be digits with a decimal comma");
    }
    let separators = text.bytes().filter(|byte| !byte.is_ascii_digit()).count();
    let (whole, decimals) = text.split_once([',', '.']).unwrap_or((text, ""));
    if separators > 1 {
        return Err("has more than one comma or point, so which of them is the decimal sign is unknown");
    }
    let point = text.contains('.');
    // Three digits after a point may as well be thousands.
    if point && !matches!(decimals.len(), 1 | 2) {
        return Err("has a point instead of a decimal comma, and what it separates is unknown");
    }
    if whole.is_empty() && decimals.is_empty() {
        return Err("has no digits");
    }
    let width = usize::try_from(minor_digits).unwrap_or(0);
    let (kept, further) = decimals.split_at_checked(width).unwrap_or((decimals, ""));
    if further.bytes().any(|byte| byte != b'0') {
        return Err("has more decimals than its currency");
    }
    let minor = format!("0{whole}{kept:0<width$}").parse().map_err(|_| "is larger than can be read (63 bits)")?;
    let unusual = if separators == 0 {
        Some(NO_COMMA)
    } else if point {
        Some("has a decimal point instead of a comma")
    } else if !further.is_empty() {
        Some("has more decimals than its currency, all zero")
    } else if text.len() > AMOUNT_CHARS_MAX {
        Some("has more than 15 characters")
    } else {
        None
    };
    Ok(Mt940Amount { minor, unusual })
}

/// Reads the amount of a field and reports what is wrong or unusual about it. A currency that is not known has been reported before.
pub(super) fn amount_of(what: &str, text: &str, minor_digits: Option<u32>, line: usize, findings: &mut Findings) -> Option<i64> {
    match amount(text.trim(), minor_digits?) {
        Ok(read) => {
            // An amount that is cut off has often lost its comma first.
            if read.unusual == Some(NO_COMMA) {
                findings.money(line, format!("the amount of {what} {NO_COMMA}, so its end may be missing"));
            } else if let Some(unusual) = read.unusual {
                findings.other(line, format!("the amount of {what} {unusual}"));
            }
            Some(read.minor)
        }
        Err(why) => {
            findings.money(line, format!("the amount of {what} {why}"));
            None
        }
    }
}

/// Reads `D|C YYMMDD CCY amount`.
pub(super) fn balance(field: &Mt940Field<'_>, findings: &mut Findings) -> Option<Mt940Balance> {
    let text = field.first();
    let what = format!(":{}:", field.tag);
    let negative = match text.get(..1) {
        Some("C") => false,
        Some("D") => true,
        _ => {
            findings.money(field.line, format!("{what} must begin with D or C, then YYMMDD, a currency and an amount"));
            return None;
        }
    };
    let (Some(date_text), Some(currency), Some(amount)) = (text.get(1..7), text.get(7..10), text.get(10..)) else {
        findings.money(field.line, format!("{what} must be D or C, YYMMDD, a currency and an amount; it ends too early"));
        return None;
    };
    let date = day(date_text);
    if date.is_none() {
        findings.other(field.line, format!("the date of {what} must be a day, YYMMDD"));
    }
    if field.lines.len() > 1 {
        findings.other(field.line + 1, format!("{what} has more than one line; only the first was read"));
    }
    let digits = known_digits(&what, currency, field.line, findings);
    let unsigned = amount_of(&what, amount, digits, field.line, findings);
    let amount_minor = unsigned.map(|amount| if negative { -amount } else { amount });
    Some(Mt940Balance { line: field.line, tag: field.tag.to_owned(), date, currency: currency.to_owned(), amount_minor })
}

/// Digits of the minor unit of a field's currency; a currency that is not known is reported.
fn known_digits(what: &str, currency: &str, line: usize, findings: &mut Findings) -> Option<u32> {
    let digits = minor_digits(currency);
    if digits.is_none() {
        findings.money(line, format!("the currency of {what} is not a known ISO 4217 code, so the unit of its amount is unknown"));
    }
    digits
}

/// Reads `:34F:`, `CCY [D|C] amount`.
pub(super) fn floor_limit(field: &Mt940Field<'_>, findings: &mut Findings) -> Option<Mt940FloorLimit> {
    let text = field.first();
    let (Some(currency), Some(rest)) = (text.get(..3), text.get(3..)) else {
        findings.other(field.line, ":34F: must be a currency, D, C or nothing, and an amount");
        return None;
    };
    let (side, amount) = match (rest.strip_prefix('D'), rest.strip_prefix('C')) {
        (Some(amount), _) => (Some(StatementSide::Debit), amount),
        (_, Some(amount)) => (Some(StatementSide::Credit), amount),
        _ => (None, rest),
    };
    let digits = known_digits(":34F:", currency, field.line, findings);
    let amount_minor = amount_of(":34F:", amount, digits, field.line, findings);
    Some(Mt940FloorLimit { side, currency: currency.to_owned(), amount_minor })
}

/// Reads `:90D:` or `:90C:`, `count CCY amount`.
pub(super) fn total(field: &Mt940Field<'_>, findings: &mut Findings) -> Option<Mt940Total> {
    let text = field.first();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (Some(currency), Some(amount)) = (text.get(digits..digits + 3), text.get(digits + 3..)) else {
        findings.money(field.line, format!(":{}: must be a number of entries, a currency and an amount", field.tag));
        return None;
    };
    let count = text.get(..digits).and_then(|count| count.parse().ok());
    if count.is_none() {
        findings.other(field.line, format!(":{}: must begin with a number of entries", field.tag));
    }
    let what = format!(":{}:", field.tag);
    let minor_digits = known_digits(&what, currency, field.line, findings);
    let amount_minor = amount_of(&what, amount, minor_digits, field.line, findings);
    Some(Mt940Total { line: field.line, count, currency: currency.to_owned(), amount_minor })
}

/// The currency that a field names, wherever its format has one.
pub(super) fn currency_in<'a>(field: &Mt940Field<'a>) -> Option<&'a str> {
    let text = field.first();
    let currency = match field.tag {
        "60F" | "60M" | "62F" | "62M" | "64" | "65" => text.get(7..10),
        "34F" => text.get(..3),
        "90D" | "90C" => text.trim_start_matches(|c: char| c.is_ascii_digit()).get(..3),
        _ => None,
    };
    currency.filter(|currency| currency.bytes().all(|byte| byte.is_ascii_uppercase()))
}
