//! BAI2: balances and entries that banks, above all in the United States, report for one day (Cash Management Balance Reporting
//! Specifications, version 2).
//!
//! [`read`] returns everything that is understood, and problems; [`read_strict`] refuses a file with any problem; [`stream`] gives out the
//! entries of a file of any length one by one. `records` cuts a file into records and fields, `reader` builds what is below from them, `checks` compares it with the file's own totals, and `codes` says what
//! type codes mean. [`Bai2Frame`] writes files.

mod checks;
mod codes;
mod reader;
mod records;
mod write;

pub use codes::{Bai2CodeLevel, Bai2TypeCode, type_code};
pub use write::{Bai2Frame, Bai2NewEntry};

use crate::{
    FileProblem, FileReading,
    statement::{Findings, LineInput, StatementSide, WrittenLine, decoded},
    text::as_optional_text,
};
use jiff::civil::Date;
use reader::Bai2Reader;
use records::physical_lines;
use serde::Serialize;
use std::io::Read;

/// A file: records 01 to 99.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Bai2File {
    /// Who sent it, as in record 01.
    pub sender: String,
    /// Who it is for.
    pub receiver: String,
    /// The day on which it was made.
    #[serde(serialize_with = "as_optional_text")]
    pub created: Option<Date>,
    /// `HHMM`; 2400 and 9999 mean the end of the day.
    pub created_time: String,
    /// Unique for a sender and day.
    pub file_id: String,
    /// Characters in a physical record, if the file says so.
    pub record_length: Option<u32>,
    /// Physical records in a block, if the file says so.
    pub block_size: Option<u32>,
    /// 2.
    pub version: String,
    /// Records 02 to 98, in order.
    pub groups: Vec<Bai2Group>,
    /// As record 99 states it, in minor units of no single currency.
    pub control_total: Option<i64>,
    /// Records with a problem, so that nothing of them is lost.
    pub with_problems: Vec<WrittenLine>,
}

/// What a group does to what was reported before for its originator and day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bai2GroupStatus {
    /// 1: adds to it.
    Update,
    /// 2: takes it all back.
    Deletion,
    /// 3: replaces it all.
    Correction,
    /// 4: a test; nothing may be booked from it.
    Test,
    /// Any other code.
    #[default]
    Unknown,
}

/// How final a group's amounts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bai2AsOf {
    /// 1.
    InterimPreviousDay,
    /// 2.
    FinalPreviousDay,
    /// 3.
    InterimSameDay,
    /// 4.
    FinalSameDay,
}

/// The accounts of one originator on one day: records 02 to 98.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Bai2Group {
    /// Line of its record 02.
    pub line: usize,
    /// Who it is finally for.
    pub receiver: String,
    /// The bank whose accounts these are.
    pub originator: String,
    /// What it does to earlier reports.
    pub status: Bai2GroupStatus,
    /// The day of its balances and entries.
    #[serde(serialize_with = "as_optional_text")]
    pub as_of: Option<Date>,
    /// `HHMM`; 2400 and 9999 mean the end of the day.
    pub as_of_time: String,
    /// Currency of its accounts unless they have their own; USD where the file is silent.
    pub currency: String,
    /// How final it is, if the file says so.
    pub as_of_modifier: Option<Bai2AsOf>,
    /// Its accounts, in order.
    pub accounts: Vec<Bai2Account>,
    /// As record 98 states it.
    pub control_total: Option<i64>,
}

/// One account: records 03 to 49.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Bai2Account {
    /// Line of its record 03.
    pub line: usize,
    /// As written, with leading zeros.
    pub number: String,
    /// Its own currency, or its group's.
    pub currency: String,
    /// Digits of the currency's minor unit; `None` for a currency that is not known, with a problem.
    pub minor_digits: Option<u32>,
    /// Balances and totals of record 03.
    pub summaries: Vec<Bai2Summary>,
    /// Records 16.
    pub entries: Vec<Bai2Entry>,
    /// As record 49 states it.
    pub control_total: Option<i64>,
}

impl Bai2Account {
    /// The amount that record 03 reports under a type code, such as `010` for the opening ledger balance. `None` if it reports none, or
    /// different ones.
    #[must_use]
    pub fn reported(&self, code: &str) -> Option<i64> {
        let mut with_code = self.summaries.iter().filter(|summary| summary.code == code && summary.amount_minor.is_some());
        let first = with_code.next()?.amount_minor;
        with_code.all(|summary| summary.amount_minor == first).then_some(first).flatten()
    }
}

/// A balance or a total of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bai2Summary {
    /// Three digits.
    pub code: String,
    /// What the code means, if it is known.
    pub meaning: Option<&'static str>,
    /// Balance, total, or unknown for a code without a meaning here.
    pub level: Option<Bai2CodeLevel>,
    /// The group's day.
    #[serde(serialize_with = "as_optional_text")]
    pub date: Option<Date>,
    /// With its sign, in minor units. `None`: not reported, or unreadable with a problem. Zero is zero.
    pub amount_minor: Option<i64>,
    /// How many entries a total stands for.
    pub item_count: Option<u64>,
    /// When the money can be used.
    pub availability: Bai2Availability,
}

/// One entry: a record 16 with its continuations. As JSON, it has no fields that are empty or `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bai2Entry {
    /// Line of its record 16.
    pub line: usize,
    /// Three digits.
    pub code: String,
    /// What the code means, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meaning: Option<&'static str>,
    /// False if banks use the code in different ways, so that nothing may follow from its meaning before the bank was asked.
    pub confirmed: bool,
    /// Follows from the code. `None` if the code has no side, with a problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<StatementSide>,
    /// In minor units, without a sign unless the bank wrote one, which is a problem. `None` if unreadable or absent, with a problem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_minor: Option<i64>,
    /// The group's day.
    #[serde(serialize_with = "as_optional_text", skip_serializing_if = "Option::is_none")]
    pub booked: Option<Date>,
    /// The day from which it counts, if the bank states one.
    #[serde(serialize_with = "as_optional_text", skip_serializing_if = "Option::is_none")]
    pub value_date: Option<Date>,
    /// When the money can be used.
    #[serde(skip_serializing_if = "Bai2Availability::is_not_stated")]
    pub availability: Bai2Availability,
    /// The bank's reference; empty if there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub bank_reference: String,
    /// The customer's reference; empty if there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub customer_reference: String,
    /// Free text with the line breaks of its continuations. A slash at the end of a line ends the record and is left out.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// When the money of an amount can be used: BAI2's funds type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bai2Availability {
    /// Z or empty: the bank does not say.
    #[default]
    NotStated,
    /// 0: at once.
    Immediate,
    /// 1: after a day.
    OneDay,
    /// 2: after two days or more.
    TwoDaysOrMore,
    /// V: from a day, and a time `HHMM` if it is not empty, on.
    FromDate {
        /// The day, unless it is unreadable.
        #[serde(serialize_with = "as_optional_text")]
        date: Option<Date>,
        /// `HHMM`, often empty.
        time: String,
    },
    /// S: in three parts, in minor units.
    Split {
        /// At once.
        immediate_minor: Option<i64>,
        /// After a day.
        one_day_minor: Option<i64>,
        /// Later.
        later_minor: Option<i64>,
    },
    /// D: in parts by days.
    Distributed(Vec<Bai2Part>),
    /// A code that is not one of these.
    Unknown(String),
}

impl Bai2Availability {
    fn is_not_stated(&self) -> bool {
        *self == Self::NotStated
    }
}

/// A part of an amount that can be used after some days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Bai2Part {
    /// Days until then.
    pub days: Option<i64>,
    /// In minor units.
    pub amount_minor: Option<i64>,
}

/// A part of a file that is read record by record, in the file's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bai2Streamed {
    /// A group begins: what its record 02 says.
    Group(Box<Bai2Group>),
    /// An account of it begins: what its record 03 says.
    Account(Box<Bai2Account>),
    /// The account's next entry.
    Entry(Box<Bai2Entry>),
    /// The account is over, with the control total that its record 49 states, if it has one. What does not add up is a problem.
    AccountEnd(Option<i64>),
    /// The group is over, with the control total that its record 98 states, if it has one.
    GroupEnd(Option<i64>),
}

/// Reads a file as far as it can be understood, and says what can't.
#[must_use]
pub fn read(bytes: &[u8]) -> (Bai2File, Vec<FileProblem>) {
    let mut findings = Findings::default();
    let text = decoded(bytes, &mut findings);
    let mut groups: Vec<Bai2Group> = Vec::new();
    let mut give = |part| collect(&mut groups, part);
    let mut reader = Bai2Reader::new(&mut give, findings, true);
    physical_lines(&text).into_iter().for_each(|line| reader.line(line));
    reader.end();
    let (file, findings) = (reader.file, reader.findings);
    (Bai2File { groups, ..file }, findings.into_problems())
}

/// Reads a file of any length and gives out its parts as they come, before it is known whether its totals are right: whoever acts on them reads the file twice.
/// What is in memory is one record, eight bytes of each entry by which a repeated account is noticed, and what accounts report without their entries. Returns
/// the problems of [`read`].
pub fn stream(input: impl Read, give: &mut dyn FnMut(Bai2Streamed)) -> Vec<FileProblem> {
    let mut reader = Bai2Reader::new(give, Findings::default(), false);
    let mut lines = LineInput::new(input);
    let first = lines.next(&mut reader.findings);
    let mut next = lines.next(&mut reader.findings);
    match first {
        // A file without line ends is cut by the length that its header states.
        Some(only) if next.is_none() => physical_lines(only.text()).into_iter().for_each(|line| reader.line(line)),
        first => first.iter().for_each(|line| reader.line(line.as_line())),
    }
    while let Some(line) = next {
        reader.line(line.as_line());
        next = lines.next(&mut reader.findings);
    }
    reader.end();
    reader.findings.into_problems()
}

/// Adds a part to the groups of which it is one.
fn collect(groups: &mut Vec<Bai2Group>, part: Bai2Streamed) {
    if let Bai2Streamed::Group(group) = part {
        return groups.push(*group);
    }
    let Some(group) = groups.last_mut() else { return };
    match part {
        Bai2Streamed::Account(account) => group.accounts.push(*account),
        Bai2Streamed::Entry(entry) => {
            if let Some(account) = group.accounts.last_mut() {
                account.entries.push(*entry);
            }
        }
        Bai2Streamed::AccountEnd(total) => {
            if let Some(account) = group.accounts.last_mut() {
                account.control_total = total;
            }
        }
        Bai2Streamed::GroupEnd(total) => group.control_total = total,
        Bai2Streamed::Group(_) => {}
    }
}

/// Reads a file that must be without any problem, even one that leaves amounts as they are.
///
/// # Errors
/// All problems of the file.
pub fn read_strict(bytes: &[u8]) -> Result<Bai2File, Vec<FileProblem>> {
    let (file, problems) = read(bytes);
    if problems.is_empty() { Ok(file) } else { Err(problems) }
}

/// As [`read`], in the form shared by all formats.
#[must_use]
pub fn reading(bytes: &[u8]) -> FileReading {
    let (mut file, problems) = read(bytes);
    // As JSON, entries take several times as much memory, so each is given up once it is represented.
    let mut accounts = file.groups.iter_mut().flat_map(|group| &mut group.accounts);
    let entries: Vec<_> = accounts.by_ref().map(|account| std::mem::take(&mut account.entries)).collect();
    let mut content = serde_json::json!(file);
    drop(file);
    let groups = content["groups"].as_array_mut().into_iter().flatten();
    let accounts = groups.filter_map(|group| group["accounts"].as_array_mut()).flatten();
    for (account, entries) in accounts.zip(entries) {
        account["entries"] = entries.into_iter().map(|entry| serde_json::json!(entry)).collect();
    }
    FileReading { format: "BAI2".to_owned(), content, problems }
}

/// Whether the bytes begin as a BAI2 file does: with a record 01 of eight fields.
#[must_use]
pub fn looks_like(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    let record = bytes.split(|byte| matches!(byte, b'\r' | b'\n' | b'/')).next().unwrap_or_default();
    record.starts_with(b"01,") && record.iter().filter(|byte| **byte == b',').count() >= 7
}

#[cfg(test)]
mod tests;
