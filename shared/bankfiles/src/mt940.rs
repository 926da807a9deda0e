//! MT940 customer statements and MT942 interim reports: SWIFT's text messages, also as banks write them without SWIFT's envelope.
//!
//! [`read`] returns everything that is understood, and problems; [`read_strict`] refuses a file with any problem; [`stream`] gives out the
//! entries of a file of any length one by one. `fields` cuts a file into messages and fields, `reader` builds statements from them with `entry` (`:61:`), `balance` and `details` (`:86:`), `checks` compares
//! them with their own balances and with each other, and `codes` says what codes mean. [`Mt940Frame`] writes statements.

mod balance;
mod checks;
mod codes;
mod details;
mod entry;
mod fields;
mod reader;
mod write;

pub use codes::{business_code, transaction_type};
pub use details::Mt940Details;
pub use write::{Mt940Frame, Mt940NewEntry};

use crate::{
    FileProblem, FileReading,
    statement::{Findings, LineInput, StatementSide, WrittenLine, decoded, text_lines},
    text::{as_optional_text, as_text},
};
use jiff::civil::{Date, DateTime};
use reader::Mt940Reader;
use serde::Serialize;
use std::io::Read;

/// A file of one or more messages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Mt940File {
    /// Its messages, in order. Pages of one statement are messages of their own.
    pub statements: Vec<Mt940Statement>,
    /// Fields with a problem, and lines that belong to no message, so that nothing of them is lost.
    pub with_problems: Vec<WrittenLine>,
}

/// Which message it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub enum Mt940Kind {
    /// MT940 (and MT950, the same without details): booked entries between two balances.
    #[default]
    #[serde(rename = "MT940")]
    Statement,
    /// MT942: entries so far. Information only: the statement that closes the day lists them again.
    #[serde(rename = "MT942")]
    InterimReport,
}

/// One message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Mt940Statement {
    /// Line of its first field.
    pub line: usize,
    /// Statement or interim report.
    pub kind: Mt940Kind,
    /// Lines before the first field, such as SWIFT's blocks 1 and 2.
    pub envelope: Vec<String>,
    /// `:20:`, the bank's reference of the message.
    pub reference: String,
    /// `:21:`, if there is one.
    pub related_reference: Option<String>,
    /// `:25:`, in parts.
    pub account: Mt940Account,
    /// `:28C:`, the statement's number. `None` if unreadable or absent, with a problem; 0 if the bank doesn't number.
    pub number: Option<u64>,
    /// `:28C:` after the slash: the page.
    pub sequence: Option<u64>,
    /// Currency of its balances, or of its limits. Empty if nothing names one, with a problem.
    pub currency: String,
    /// Digits of the currency's minor unit; `None` for a currency that is not known, with a problem.
    pub minor_digits: Option<u32>,
    /// `:60F:`, or `:60M:` on a later page.
    pub opening: Option<Mt940Balance>,
    /// `:61:` with `:86:`.
    pub entries: Vec<Mt940Entry>,
    /// `:62F:`, or `:62M:` if another page follows.
    pub closing: Option<Mt940Balance>,
    /// `:64:`: what can be used now.
    pub closing_available: Option<Mt940Balance>,
    /// `:65:`: what can be used on later days.
    pub forward_available: Vec<Mt940Balance>,
    /// MT942 `:34F:`: smaller entries are not listed.
    pub floor_limits: Vec<Mt940FloorLimit>,
    /// MT942 `:13D:`: the bank's clock when the report was made.
    #[serde(serialize_with = "as_optional_text")]
    pub reported_at: Option<DateTime>,
    /// Its distance from UTC, such as `+0100`; empty if not stated.
    pub reported_offset: String,
    /// MT942 `:90D:`.
    pub debits: Option<Mt940Total>,
    /// MT942 `:90C:`.
    pub credits: Option<Mt940Total>,
    /// `:86:` of the statement as a whole.
    pub text: Option<String>,
}

/// `:25:` in parts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Mt940Account {
    /// As written.
    pub written: String,
    /// The bank's code before a slash, if there is one.
    pub bank: Option<String>,
    /// IBAN or number without blanks, dashes and dots, in upper case, without a currency at its end: for comparing.
    pub number: String,
    /// Currency at the end, if there is one.
    pub currency: Option<String>,
}

/// A balance on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mt940Balance {
    /// Line of the field.
    pub line: usize,
    /// Its tag, such as `60F`: F is of the whole statement, M of a page.
    pub tag: String,
    /// The day.
    #[serde(serialize_with = "as_optional_text")]
    pub date: Option<Date>,
    /// As written.
    pub currency: String,
    /// In minor units, negative for a debit balance. `None` if unreadable, with a problem.
    pub amount_minor: Option<i64>,
}

/// Smaller entries are not listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mt940FloorLimit {
    /// Of which side; `None`: of both.
    pub side: Option<StatementSide>,
    /// As written; with a problem if it is not the message's.
    pub currency: String,
    /// In minor units of its own currency. `None` if unreadable or of an unknown currency, with a problem.
    pub amount_minor: Option<i64>,
}

/// Number and sum of the entries of one side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mt940Total {
    /// Line of the field.
    pub line: usize,
    /// How many entries.
    pub count: Option<u64>,
    /// As written; with a problem if it is not the message's.
    pub currency: String,
    /// In minor units of its own currency. `None` if unreadable or of an unknown currency, with a problem.
    pub amount_minor: Option<i64>,
}

/// One entry. As JSON, it has no fields that are empty or `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mt940Entry {
    /// Line of its `:61:`.
    pub line: usize,
    /// The day from which it counts. The 29th or 30th of a shorter February is read as its last day, with a problem.
    #[serde(serialize_with = "as_text")]
    pub value_date: Date,
    /// The day on which it was booked, in the year that brings it nearest to the value date.
    #[serde(serialize_with = "as_optional_text", skip_serializing_if = "Option::is_none")]
    pub booked: Option<Date>,
    /// What it does to the account.
    pub side: StatementSide,
    /// Expected (EC, ED in an MT942), not booked.
    pub expected: bool,
    /// Third letter of the currency, if the bank writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub funds_letter: Option<char>,
    /// In minor units, never negative. `None` if unreadable, with a problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_minor: Option<i64>,
    /// N, S or F and three characters, such as `NTRF`.
    pub type_code: String,
    /// What the three characters mean, if they are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub type_meaning: Option<&'static str>,
    /// The customer's reference; empty if there is none. `NONREF` is kept.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub customer_reference: String,
    /// The bank's reference, after `//`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank_reference: Option<String>,
    /// The line after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supplement: Option<String>,
    /// `:86:`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Mt940Details>,
}

/// A part of a file that is read field by field, in the file's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mt940Streamed {
    /// A message begins: what stands before its first entry.
    Begin(Box<Mt940Statement>),
    /// Its next entry, with its `:86:`.
    Entry(Box<Mt940Entry>),
    /// The message is over: all of it but its entries. What does not add up is a problem.
    End(Box<Mt940Statement>),
}

/// Reads a file as far as it can be understood, and says what can't.
#[must_use]
pub fn read(bytes: &[u8]) -> (Mt940File, Vec<FileProblem>) {
    let mut findings = Findings::default();
    let text = decoded(bytes, &mut findings);
    let (mut statements, mut entries) = (Vec::new(), Vec::new());
    let mut give = |part| match part {
        Mt940Streamed::Begin(_) => {}
        Mt940Streamed::Entry(entry) => entries.push(*entry),
        Mt940Streamed::End(statement) => statements.push(Mt940Statement { entries: std::mem::take(&mut entries), ..*statement }),
    };
    let mut reader = Mt940Reader::new(&mut give, findings, true);
    text_lines(&text).into_iter().for_each(|line| reader.line(line));
    reader.end();
    let (with_problems, findings) = (reader.with_problems, reader.findings);
    (Mt940File { statements, with_problems }, findings.into_problems())
}

/// Reads a file of any length and gives out its parts as they come, before it is known whether its balances are right: whoever acts on them reads the file twice.
/// What is in memory is one field, the fields before a message's first entry, and the balances of each message. Returns the problems of [`read`].
pub fn stream(input: impl Read, give: &mut dyn FnMut(Mt940Streamed)) -> Vec<FileProblem> {
    let mut reader = Mt940Reader::new(give, Findings::default(), false);
    let mut lines = LineInput::new(input);
    while let Some(line) = lines.next(&mut reader.findings) {
        reader.line(line.as_line());
    }
    reader.end();
    reader.findings.into_problems()
}

/// Reads a file that must be without any problem, even one that leaves amounts as they are.
///
/// # Errors
/// All problems of the file.
pub fn read_strict(bytes: &[u8]) -> Result<Mt940File, Vec<FileProblem>> {
    let (file, problems) = read(bytes);
    if problems.is_empty() { Ok(file) } else { Err(problems) }
}

/// As [`read`], in the form shared by all formats. The format is MT942 if every message is an interim report.
#[must_use]
pub fn reading(bytes: &[u8]) -> FileReading {
    let (mut file, problems) = read(bytes);
    let interim = !file.statements.is_empty() && file.statements.iter().all(|statement| statement.kind == Mt940Kind::InterimReport);
    // As JSON, entries take several times as much memory, so each is given up once it is represented.
    let entries: Vec<_> = file.statements.iter_mut().map(|statement| std::mem::take(&mut statement.entries)).collect();
    let mut content = serde_json::json!(file);
    drop(file);
    for (statement, entries) in content["statements"].as_array_mut().into_iter().flatten().zip(entries) {
        statement["entries"] = entries.into_iter().map(|entry| serde_json::json!(entry)).collect();
    }
    FileReading { format: if interim { "MT942" } else { "MT940" }.to_owned(), content, problems }
}

/// Whether the bytes have the fields that every such message begins with, or its envelope.
#[must_use]
pub fn looks_like(bytes: &[u8]) -> bool {
    let lines =
        || bytes.split(|byte| matches!(byte, b'\r' | b'\n')).map(|line| line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line).trim_ascii());
    let has = |tags: &[&str]| lines().any(|line| tags.iter().any(|tag| line.starts_with(tag.as_bytes())));
    let after_reference = [":25:", ":25P:", ":28:", ":28C:", ":60F:", ":60M:", ":61:", ":34F:"];
    has(&[":20:"]) && has(&after_reference) || lines().any(fields::enveloped)
}

#[cfg(test)]
mod tests;
