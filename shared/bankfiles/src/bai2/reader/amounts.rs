//! Records with amounts: accounts with their balances and totals (03), and entries (16).

use super::super::{
    Bai2Account, Bai2Availability, Bai2CodeLevel, Bai2Entry, Bai2Group, Bai2Part, Bai2Summary,
    checks::Bai2Totals,
    codes,
    records::{Bai2Fields, Bai2Record, amount},
};
use crate::statement::{Findings, day, digits, minor_digits};
use jiff::civil::Date;

/// The type code of entries without money.
const TEXT_ONLY: &str = "890";

/// An account as its record 03 describes it.
pub(super) fn account(record: &Bai2Record<'_>, group: &Bai2Group, totals: &mut Bai2Totals, findings: &mut Findings) -> Bai2Account {
    let mut fields = record.fields();
    let number = fields.text().to_owned();
    if number.is_empty() {
        findings.money(record.line, "the account (03) has no number, so whose money this is remains unknown");
    }
    let currency = currency_or(fields.text(), &group.currency);
    let minor_digits = minor_digits(&currency);
    if minor_digits.is_none() {
        findings.money(record.line, "the account's currency is not a known ISO 4217 code, so the unit of its amounts is unknown");
    }
    let mut account = Bai2Account { line: record.line, number, currency, minor_digits, ..Bai2Account::default() };
    while let Some(code) = fields.next() {
        let (amount_text, count) = (fields.text(), fields.text());
        if !code.is_empty() && digits(code, 3).is_none() || code.is_empty() && !amount_text.is_empty() {
            let place = account.summaries.len() + 1;
            findings.money(
                record.line,
                format!("type code {place} of the account (03) must have three digits; the record was not read from there on"),
            );
            totals.unreadable = true;
            break;
        }
        let amount_minor = totals.count(amount(amount_text), || format!("the amount of type code {code}"), record, findings);
        let availability = availability(&mut fields, record, amount_minor, findings);
        // An account may have a place for a balance without saying which.
        if code.is_empty() {
            continue;
        }
        let item_count = count.parse().ok();
        if item_count.is_none() && !count.is_empty() {
            findings.other(record.line, format!("the item count of type code {code} must be a number"));
        }
        let known = codes::type_code(code);
        if known.is_some_and(|known| known.level == Bai2CodeLevel::Detail) {
            findings.other(
                record.line,
                format!("type code {code} is one of single entries (16), not of an account's balances and totals (03)"),
            );
        }
        account.summaries.push(Bai2Summary {
            code: code.to_owned(),
            meaning: known.map(|known| known.meaning),
            level: known.map(|known| known.level),
            date: group.as_of,
            amount_minor,
            item_count,
            availability,
        });
    }
    account
}

/// An entry as its record 16 describes it.
pub(super) fn entry(record: &Bai2Record<'_>, booked: Option<Date>, totals: &mut Bai2Totals, findings: &mut Findings) -> Bai2Entry {
    let mut fields = record.fields();
    let code = fields.text().to_owned();
    let written = fields.text();
    let amount_minor = totals.count(amount(written), || "the entry's amount".to_owned(), record, findings);
    let known = codes::type_code(&code);
    let side = codes::side(&code);
    if side.is_none() && amount_minor != Some(0) && code != TEXT_ONLY {
        findings.money(record.line, format!("type code {} of the entry (16) is on neither side", shown(&code)));
    } else if known.is_none() {
        findings
            .other(record.line, format!("type code {} of the entry (16) is not in the list; its side is that of its range", shown(&code)));
    } else if known.is_some_and(|known| known.level != Bai2CodeLevel::Detail) {
        findings.money(
            record.line,
            format!("type code {code} of the entry (16) is one of an account's totals, which may count other entries again"),
        );
    }
    if code == TEXT_ONLY && amount_minor.is_some_and(|amount| amount != 0) {
        findings.money(record.line, "the entry (16) has type code 890, which only carries a text, but also an amount");
    }
    if written.is_empty() && code != TEXT_ONLY {
        findings.money(record.line, "the entry (16) has no amount");
    }
    if amount_minor.is_some_and(i64::is_negative) {
        findings.money(record.line, "the entry's amount has a minus sign; its side must follow from its type code alone");
    }
    let availability = availability(&mut fields, record, amount_minor, findings);
    let value_date = match &availability {
        Bai2Availability::FromDate { date, .. } => *date,
        _ => None,
    };
    let (bank_reference, customer_reference) = (fields.text().to_owned(), fields.text().to_owned());
    Bai2Entry {
        line: record.line,
        code,
        meaning: known.map(|known| known.meaning),
        confirmed: known.is_some_and(|known| known.confirmed),
        side,
        amount_minor,
        booked,
        value_date,
        availability,
        bank_reference,
        customer_reference,
        text: fields.rest(),
    }
}

/// A type code for a message. Anything else in its place may be personal.
fn shown(code: &str) -> &str {
    if digits(code, 3).is_some() { code } else { "(not three digits)" }
}

/// Whether a text is a time: HHMM, or the two codes for the end of a day.
pub(super) fn is_time(text: &str) -> bool {
    text == "9999" || text == "2400" || digits(text, 4).is_some_and(|time| time / 100 < 24 && time % 100 < 60)
}

/// A currency code in upper case, or the one that an empty field means.
pub(super) fn currency_or(text: &str, default: &str) -> String {
    if text.is_empty() { default.to_owned() } else { text.to_ascii_uppercase() }
}

fn availability(fields: &mut Bai2Fields<'_, '_>, record: &Bai2Record<'_>, whole: Option<i64>, findings: &mut Findings) -> Bai2Availability {
    let funds_type = fields.text();
    match funds_type {
        "" | "Z" | "z" => Bai2Availability::NotStated,
        "0" => Bai2Availability::Immediate,
        "1" => Bai2Availability::OneDay,
        "2" => Bai2Availability::TwoDaysOrMore,
        "V" | "v" => {
            let (date_text, time) = (fields.text(), fields.text().to_owned());
            let date = day(date_text);
            if date.is_none() {
                findings.other(record.line, format!("the value date (funds type V) of record {} must be a day, YYMMDD", record.code));
            }
            if !time.is_empty() && !is_time(&time) {
                findings.other(record.line, format!("the value time (funds type V) of record {} must be HHMM, 2400 or 9999", record.code));
            }
            Bai2Availability::FromDate { date, time }
        }
        "S" | "s" => {
            let [immediate_minor, one_day_minor, later_minor] = std::array::from_fn(|_| part(fields, record, findings));
            let parts = [immediate_minor, one_day_minor, later_minor];
            check_parts(&parts, whole, "S", record, findings);
            Bai2Availability::Split { immediate_minor, one_day_minor, later_minor }
        }
        "D" | "d" => distributed(fields, record, whole, findings),
        other => {
            // What follows would be read into the wrong fields if the type had any of its own.
            findings.money(
                record.line,
                format!(
                    "the funds type of record {} must be 0, 1, 2, S, V, D, Z or empty; the fields after it may be misread",
                    record.code
                ),
            );
            Bai2Availability::Unknown(other.to_owned())
        }
    }
}

fn distributed(fields: &mut Bai2Fields<'_, '_>, record: &Bai2Record<'_>, whole: Option<i64>, findings: &mut Findings) -> Bai2Availability {
    let Ok(count) = fields.text().parse::<u32>() else {
        let what = "must begin with a number of parts; the fields after it may be misread";
        findings.money(record.line, format!("funds type D of record {} {what}", record.code));
        return Bai2Availability::Distributed(Vec::new());
    };
    let mut parts = Vec::new();
    for _ in 0..count {
        let Some(days) = fields.next() else {
            findings.money(
                record.line,
                format!("funds type D of record {} states {count} parts, but the record has {}", record.code, parts.len()),
            );
            break;
        };
        let days = days.parse().ok();
        if days.is_none() {
            findings.other(record.line, format!("the days of a part (funds type D) of record {} must be a number", record.code));
        }
        parts.push(Bai2Part { days, amount_minor: part(fields, record, findings) });
    }
    let amounts: Vec<_> = parts.iter().map(|part| part.amount_minor).collect();
    check_parts(&amounts, whole, "D", record, findings);
    Bai2Availability::Distributed(parts)
}

fn part(fields: &mut Bai2Fields<'_, '_>, record: &Bai2Record<'_>, findings: &mut Findings) -> Option<i64> {
    amount(fields.text()).unwrap_or_else(|why| {
        findings.money(record.line, format!("a part of the amount (funds type) of record {} {why}", record.code));
        None
    })
}

/// Parts must add up to their whole. An empty part is nothing.
fn check_parts(parts: &[Option<i64>], whole: Option<i64>, funds_type: &str, record: &Bai2Record<'_>, findings: &mut Findings) {
    let sum: i128 = parts.iter().flatten().map(|part| i128::from(*part)).sum();
    if let Some(whole) = whole
        && sum != i128::from(whole)
    {
        let what = format!("the parts of funds type {funds_type} of record {} add up to {sum}, the amount is {whole}", record.code);
        findings.money(record.line, what);
    }
}
