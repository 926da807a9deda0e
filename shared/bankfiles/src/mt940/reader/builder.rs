//! The fields of a message, one after the other.

use super::super::{
    Mt940Balance, Mt940Entry, Mt940Kind, Mt940Statement, Mt940Total, balance,
    checks::{self, Mt940Tally},
    details, entry,
    fields::Mt940Field,
};
use crate::statement::{Findings, digits, full_year};
use jiff::civil::DateTime;

/// Fields that a message may have once.
const ONCE: [&str; 15] = ["20", "21", "25", "25P", "28", "28C", "60F", "60M", "62F", "62M", "64", "13", "13D", "90C", "90D"];
/// The most fields of a message that may be there more than once and are kept: balances of later days, and limits.
const REPEATED_MAX: usize = 10_000;
/// SWIFT's `5n` of a statement's number.
const NUMBER_CHARS_MAX: usize = 5;

/// A message while it is read.
pub(super) struct Mt940Builder {
    pub(super) statement: Mt940Statement,
    block_opened: bool,
    /// Whether only the fields said that it is an interim report: then it has no balances.
    is_interim_by_fields: bool,
    tally: Mt940Tally,
    /// The last entry, of which an `:86:` may come.
    entry: Option<Mt940Entry>,
    /// Tags of fields that may be there once.
    seen: Vec<String>,
    /// Line of the last field.
    line: usize,
}

impl Mt940Builder {
    pub(super) fn new(statement: Mt940Statement, block_opened: bool, is_interim_by_fields: bool) -> Self {
        let line = statement.line;
        Self { statement, block_opened, is_interim_by_fields, tally: Mt940Tally::default(), entry: None, seen: Vec::new(), line }
    }

    /// Reads a field; returns the entry that it completes.
    pub(super) fn field(&mut self, field: &Mt940Field<'_>, findings: &mut Findings) -> Option<Mt940Entry> {
        self.line = field.line;
        let done = if field.tag == "86" { None } else { self.entry.take() };
        if self.once(field, findings) {
            self.place(field, findings);
        }
        // An entry has one `:86:`, and lines that repeat its tag belong to it already.
        if field.tag == "86" { self.entry.take() } else { done }
    }

    /// The message's end: its last entry, and the message without entries.
    pub(super) fn end(mut self, ended: bool, findings: &mut Findings) -> (Option<Mt940Entry>, Mt940Statement) {
        if self.block_opened && !ended {
            findings.money(self.line, "SWIFT's block 4 is not ended by -}: the end of the message may be missing");
        }
        checks::statement(&self.statement, &self.tally, findings);
        (self.entry.take(), self.statement)
    }

    fn place(&mut self, field: &Mt940Field<'_>, findings: &mut Findings) {
        match field.tag {
            "20" => self.statement.reference = field.first().to_owned(),
            "21" => self.statement.related_reference = Some(field.first().to_owned()),
            "25" | "25P" => {
                if field.first().is_empty() {
                    findings.money(field.line, ":25: has no account, so whose money this is remains unknown");
                }
            }
            "28" | "28C" => self.number(field, findings),
            "60F" | "60M" => self.statement.opening = self.balance(field, findings),
            "61" => self.entry(field, findings),
            "62F" | "62M" => self.statement.closing = self.balance(field, findings),
            "64" => self.statement.closing_available = self.balance(field, findings),
            "65" => {
                let balance = self.balance(field, findings);
                if self.has_room(self.statement.forward_available.len(), field, findings) {
                    self.statement.forward_available.extend(balance);
                }
            }
            "86" => self.details(field, findings),
            "34F" => {
                let limit = balance::floor_limit(field, findings);
                self.same_currency(field, limit.as_ref().map(|limit| limit.currency.as_str()), findings);
                if self.has_room(self.statement.floor_limits.len(), field, findings) {
                    self.statement.floor_limits.extend(limit);
                }
            }
            "13" | "13D" => self.reported_at(field, findings),
            "90D" => self.statement.debits = self.total(field, findings),
            "90C" => self.statement.credits = self.total(field, findings),
            tag => {
                findings.other(field.line, format!("field :{tag}: is no field of an MT940 or MT942; it was kept as it is"));
            }
        }
    }

    /// Whether a field may be read: most may be there only once. Both forms of a tag, such as 60F and 60M, are the same field.
    fn once(&mut self, field: &Mt940Field<'_>, findings: &mut Findings) -> bool {
        if !ONCE.contains(&field.tag) {
            return true;
        }
        let name =
            if matches!(field.tag, "90C" | "90D") { field.tag } else { field.tag.trim_end_matches(|c: char| c.is_ascii_uppercase()) };
        if self.seen.iter().any(|seen| seen == name) {
            findings.money(field.line, format!("field :{}: is there again; only the first was read", field.tag));
            return false;
        }
        self.seen.push(name.to_owned());
        true
    }

    /// Whether one more of the fields that may be there often is kept.
    fn has_room(&self, kept: usize, field: &Mt940Field<'_>, findings: &mut Findings) -> bool {
        if kept == REPEATED_MAX {
            findings.money(field.line, format!("field :{}: is there more than {REPEATED_MAX} times; this one was not kept", field.tag));
        }
        kept < REPEATED_MAX
    }

    fn number(&mut self, field: &Mt940Field<'_>, findings: &mut Findings) {
        let (number, sequence) = field.first().split_once('/').map_or((field.first(), None), |(number, page)| (number, Some(page)));
        self.statement.number = plain_number(number);
        self.statement.sequence = sequence.and_then(plain_number);
        if self.statement.number.is_none() || sequence.is_some() && self.statement.sequence.is_none() {
            findings.other(field.line, format!(":{}: must be a statement number, and a page number after a slash", field.tag));
        } else if number.len() > NUMBER_CHARS_MAX || sequence.is_some_and(|page| page.len() > NUMBER_CHARS_MAX) {
            findings.other(field.line, format!(":{}: has a number of more than {NUMBER_CHARS_MAX} digits", field.tag));
        }
    }

    fn balance(&mut self, field: &Mt940Field<'_>, findings: &mut Findings) -> Option<Mt940Balance> {
        if self.is_interim_by_fields && matches!(field.tag, "60F" | "60M" | "62F" | "62M") {
            findings.money(field.line, format!(":{}: is a field of statements, but the message began as an interim report", field.tag));
        }
        let balance = balance::balance(field, findings);
        self.same_currency(field, balance.as_ref().map(|balance| balance.currency.as_str()), findings);
        balance
    }

    fn total(&mut self, field: &Mt940Field<'_>, findings: &mut Findings) -> Option<Mt940Total> {
        let total = balance::total(field, findings);
        self.same_currency(field, total.as_ref().map(|total| total.currency.as_str()), findings);
        total
    }

    /// Amounts of two currencies can't be compared, and entries have none of their own.
    fn same_currency(&self, field: &Mt940Field<'_>, found: Option<&str>, findings: &mut Findings) {
        let expected = &self.statement.currency;
        if found.is_some_and(|found| found != expected) {
            let first = match self.statement.kind {
                Mt940Kind::Statement => "the statement's first balance",
                Mt940Kind::InterimReport => "the report's first limit or total",
            };
            findings.money(field.line, format!("the currency of :{}: is not that of {first} ({expected})", field.tag));
        }
    }

    fn entry(&mut self, field: &Mt940Field<'_>, findings: &mut Findings) {
        if let Some(entry) = entry::entry(field, &self.statement.currency, self.statement.minor_digits, findings) {
            self.tally.count(&entry);
            self.entry = Some(entry);
        }
    }

    fn details(&mut self, field: &Mt940Field<'_>, findings: &mut Findings) {
        if let Some(line) = field.repeated.first() {
            findings.other(*line, ":86: is there again; its lines were added to the :86: before it");
        }
        match &mut self.entry {
            Some(entry) => entry.details = Some(details::details(field, findings)),
            None if self.statement.text.is_none() => self.statement.text = Some(field.lines.join("\n")),
            None => {
                findings.other(field.line, "the statement has more than one :86: that belongs to no entry; only the first was read");
            }
        }
    }

    fn reported_at(&mut self, field: &Mt940Field<'_>, findings: &mut Findings) {
        let text = field.first();
        let moment = text.get(..10).and_then(moment);
        let offset = text.get(10..).unwrap_or_default();
        let offset_fits = offset.is_empty() || offset.starts_with(['+', '-']) && digits(offset.get(1..).unwrap_or_default(), 4).is_some();
        if moment.is_none() || !offset_fits {
            findings.other(field.line, format!(":{}: must be YYMMDDHHMM and a distance from UTC, such as +0100", field.tag));
        }
        self.statement.reported_at = moment;
        self.statement.reported_offset = offset.to_owned();
    }
}

/// Reads digits alone.
fn plain_number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Reads `YYMMDDHHMM`.
fn moment(text: &str) -> Option<DateTime> {
    let date = digits(text.get(..6)?, 6)?;
    let time = digits(text.get(6..)?, 4)?;
    let small = |number: u32| i8::try_from(number).ok();
    let year = full_year(i16::try_from(date / 10_000).ok()?);
    DateTime::new(year, small(date / 100 % 100)?, small(date % 100)?, small(time / 100)?, small(time % 100)?, 0, 0).ok()
}
