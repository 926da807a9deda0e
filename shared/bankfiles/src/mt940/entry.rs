//! `:61:`, an entry: dates, side, amount, type and references in one line, and a supplement below it.

use super::{Mt940Entry, balance::amount_of, codes, fields::Mt940Field};
use crate::statement::{Findings, StatementSide, day, digits, full_year};
use jiff::civil::Date;

/// SWIFT's `16x` of either reference.
const REFERENCE_CHARS_MAX: usize = 16;
/// SWIFT's `34x` of the supplement.
const SUPPLEMENT_CHARS_MAX: usize = 34;

/// Longer marks first: `C` is also the start of none of them, but `R` and `E` are only marks together with the next letter.
const MARKS: [(&str, StatementSide, bool); 6] = [
    ("RC", StatementSide::ReversalOfCredit, false),
    ("RD", StatementSide::ReversalOfDebit, false),
    ("EC", StatementSide::Credit, true),
    ("ED", StatementSide::Debit, true),
    ("C", StatementSide::Credit, false),
    ("D", StatementSide::Debit, false),
];

/// Reads an entry; `None` if its dates or its side can't be read, which is reported.
pub(super) fn entry(field: &Mt940Field<'_>, currency: &str, minor_digits: Option<u32>, findings: &mut Findings) -> Option<Mt940Entry> {
    let text = field.first();
    let line = field.line;
    let Some(value_date) = text.get(..6).and_then(|date| value_date(date, line, findings)) else {
        findings.money(line, ":61: must begin with a value date, YYMMDD; the entry was not read");
        return None;
    };
    let mut rest = text.get(6..).unwrap_or_default();
    let mut booked = None;
    if let Some(date) = rest.get(..4).filter(|date| digits(date, 4).is_some()) {
        booked = nearest_day(date, value_date, line, findings);
        rest = rest.get(4..).unwrap_or_default();
    } else if let Some(after) = rest.strip_prefix("    ") {
        findings.other(line, ":61: has blanks in place of its booking date");
        rest = after;
    }
    let mark = MARKS.iter().find_map(|(mark, side, expected)| rest.strip_prefix(mark).map(|rest| (*side, *expected, rest)));
    let Some((side, expected, rest)) = mark else {
        findings.money(line, ":61: must have C, D, RC or RD after its dates; the entry was not read");
        return None;
    };
    let funds_letter = rest.chars().next().filter(char::is_ascii_alphabetic);
    if let Some(letter) = funds_letter
        && currency.chars().nth(2) != Some(letter)
    {
        findings.other(line, format!(":61: has the letter {letter} before its amount, which must be the third letter of the currency"));
    }
    let rest = rest.strip_prefix(|c: char| c.is_ascii_alphabetic()).unwrap_or(rest);
    let amount_end = rest.find(|c: char| !c.is_ascii_digit() && !matches!(c, ',' | '.')).unwrap_or(rest.len());
    let (amount, rest) = rest.split_at(amount_end);
    let amount_minor = amount_of(":61:", amount, minor_digits, line, findings);
    let (type_code, references) = type_code(rest, line, findings);
    let (customer_reference, bank_reference) = match references.split_once("//") {
        Some((customer, bank)) => (customer.trim(), Some(bank.trim().to_owned()).filter(|bank| !bank.is_empty())),
        None => (references.trim(), None),
    };
    for reference in [Some(customer_reference), bank_reference.as_deref()].into_iter().flatten() {
        if reference.chars().count() > REFERENCE_CHARS_MAX {
            findings.other(line, format!("a reference of :61: is longer than {REFERENCE_CHARS_MAX} characters"));
        }
    }
    Some(Mt940Entry {
        line,
        value_date,
        booked,
        side,
        expected,
        funds_letter,
        amount_minor,
        type_meaning: type_code.get(1..).and_then(codes::transaction_type),
        type_code,
        customer_reference: customer_reference.to_owned(),
        bank_reference,
        supplement: supplement(field, findings),
        details: None,
    })
}

/// The type with its letter, and what follows it.
fn type_code<'a>(text: &'a str, line: usize, findings: &mut Findings) -> (String, &'a str) {
    let code = text.get(..4).filter(|code| code.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let Some(code) = code else {
        // Only the type shows that the amount before it is whole.
        findings.money(line, ":61: must have a type after its amount: N, S or F and three characters; the amount may be cut off");
        return (String::new(), text);
    };
    if !code.starts_with(['N', 'S', 'F']) {
        findings.other(line, ":61: has a type that doesn't begin with N, S or F");
    }
    (code.to_owned(), text.get(4..).unwrap_or_default())
}

fn supplement(field: &Mt940Field<'_>, findings: &mut Findings) -> Option<String> {
    let further = field.lines.get(1..).unwrap_or_default();
    if further.len() > 1 || further.iter().any(|text| text.trim_end().chars().count() > SUPPLEMENT_CHARS_MAX) {
        findings.other(field.line + 1, format!("the supplement of :61: is longer than one line of {SUPPLEMENT_CHARS_MAX} characters"));
    }
    (!further.is_empty()).then(|| further.iter().map(|text| text.trim_end()).collect::<Vec<_>>().join("\n"))
}

/// Reads `YYMMDD`. Banks that count interest in months of 30 days write days that February doesn't have.
fn value_date(text: &str, line: usize, findings: &mut Findings) -> Option<Date> {
    day(text).or_else(|| {
        let number = digits(text, 6)?;
        let year = full_year(i16::try_from(number / 10_000).ok()?);
        end_of_february(year, number % 10_000).inspect(|last| findings.other(line, february(":61:", *last)))
    })
}

/// The last day of February for the days 29 and 30 that it lacks.
fn end_of_february(year: i16, month_and_day: u32) -> Option<Date> {
    matches!(month_and_day, 229 | 230).then(|| Date::new(year, 2, 1).ok().map(Date::last_of_month)).flatten()
}

fn february(what: &str, last: Date) -> String {
    format!("a date of {what} is a day that February doesn't have; it was read as {last}")
}

/// Reads `MMDD` in the year that brings it nearest to another day: around New Year that is not the same year.
fn nearest_day(text: &str, near: Date, line: usize, findings: &mut Findings) -> Option<Date> {
    let number = digits(text, 4)?;
    let in_year = |year: i16| Date::new(year, i8::try_from(number / 100).ok()?, i8::try_from(number % 100).ok()?).ok();
    let years = || [near.year(), near.year() - 1, near.year() + 1].into_iter();
    let distance = |date: &Date| near.until(*date).map_or(i32::MAX, |span| span.get_days().abs());
    let found = years().filter_map(in_year).min_by_key(distance);
    // The 29th of February is one of the years around only; years apart, it's not that day that was meant.
    let found = found.filter(|date| distance(date) <= 184).or_else(|| {
        let last = years().filter_map(|year| end_of_february(year, number)).min_by_key(distance)?;
        findings.other(line, february(":61:", last));
        Some(last)
    });
    if found.is_none() {
        findings.other(line, "the booking date of :61: must be a day, MMDD");
    }
    found
}
