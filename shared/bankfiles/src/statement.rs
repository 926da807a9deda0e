//! What the readers of account statements share: sides of entries, problems with their lines, and bytes as lines of text.

use crate::FileProblem;
use jiff::civil::Date;
use serde::Serialize;

mod input;

pub(crate) use input::LineInput;

/// The largest file that is read whole: 32 MiB, and the longest line of one that is read line by line. What was read takes many times as much memory.
pub const STATEMENT_BYTES_MAX: usize = 32 << 20;
/// The most lines of a file that is read whole: every line may become an entry with all its fields.
pub const STATEMENT_LINES_MAX: usize = 500_000;
/// How many problems are listed one by one. The last of a longer list says how many more there are.
const PROBLEMS_MAX: usize = 1_000;
/// Bytes of a record or field with its continuations, and of what a message has before its entries: far more than any bank writes.
pub(crate) const PART_BYTES_MAX: usize = 1 << 20;
const NOT_UTF8: &str = "the text is not UTF-8; it was read as ISO 8859-1, so letters beyond ASCII may be wrong";
/// Two digits of a year from here on are of the last century, as in SWIFT's `YYMMDD`.
const CENTURY_TURN: i16 = 80;

/// Currencies that are no longer in use, with the digits of their minor units, for old statements (ISO 4217, list of historic codes; as of
/// 2026-11-27).
const FORMER_CURRENCIES: [(&str, u32); 21] = [
    ("ATS", 2),
    ("BEF", 0),
    ("CYP", 2),
    ("DEM", 2),
    ("EEK", 2),
    ("ESP", 0),
    ("FIM", 2),
    ("FRF", 2),
    ("GRD", 0),
    ("HRK", 2),
    ("IEP", 2),
    ("ITL", 0),
    ("LTL", 2),
    ("LUF", 0),
    ("LVL", 2),
    ("MTL", 2),
    ("NLG", 2),
    ("PTE", 0),
    ("SIT", 2),
    ("SKK", 2),
    ("TRL", 0),
];

/// What an entry does to the account, seen from its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StatementSide {
    /// Money came in.
    Credit,
    /// Money went out.
    Debit,
    /// A credit was taken back: money went out.
    ReversalOfCredit,
    /// A debit was taken back: money came in.
    ReversalOfDebit,
}

impl StatementSide {
    /// Whether the entry adds to the balance.
    #[must_use]
    pub const fn adds(self) -> bool {
        matches!(self, Self::Credit | Self::ReversalOfDebit)
    }

    /// What an amount in minor units changes the balance by.
    #[must_use]
    pub fn change(self, amount_minor: i64) -> i128 {
        if self.adds() { i128::from(amount_minor) } else { -i128::from(amount_minor) }
    }
}

/// A line, or all lines of a field or record, as written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WrittenLine {
    /// The first one's number in the file, from 1.
    pub line: usize,
    /// All of it, with its line breaks.
    pub text: String,
}

/// Problems in the order in which they were found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    listed: Vec<FileProblem>,
    further: usize,
    further_touch_money: bool,
}

impl Findings {
    /// A problem with money, or with the file as a whole.
    pub(crate) fn money(&mut self, line: usize, what: impl Into<String>) {
        self.add(line, what.into(), true);
    }

    /// A problem that leaves every amount as it is.
    pub(crate) fn other(&mut self, line: usize, what: impl Into<String>) {
        self.add(line, what.into(), false);
    }

    fn add(&mut self, line: usize, what: String, touches_money: bool) {
        if self.listed.len() < PROBLEMS_MAX {
            self.listed.push(FileProblem { place: format!("line {line}"), what, touches_money });
        } else {
            self.further += 1;
            self.further_touch_money |= touches_money;
        }
    }

    /// A problem with the file as a whole that no longer list may hide.
    pub(crate) fn first(&mut self, line: usize, what: String) {
        self.listed.insert(0, FileProblem { place: format!("line {line}"), what, touches_money: true });
    }

    /// How many there are so far.
    pub(crate) fn count(&self) -> usize {
        self.listed.len() + self.further
    }

    pub(crate) fn into_problems(mut self) -> Vec<FileProblem> {
        if self.further > 0 {
            let what = format!("{} more problems are not listed one by one", self.further);
            self.listed.push(FileProblem { place: "file".to_owned(), what, touches_money: self.further_touch_money });
        }
        self.listed
    }
}

/// A line of a file without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TextLine<'a> {
    /// From 1.
    pub(crate) number: usize,
    pub(crate) text: &'a str,
}

/// Bytes as text: UTF-8, or ISO 8859-1 where they aren't, without a byte order mark. Nothing of a file that is too large.
pub(crate) fn decoded(bytes: &[u8], findings: &mut Findings) -> String {
    if bytes.len() > STATEMENT_BYTES_MAX {
        findings.money(1, format!("the file has {} bytes and was not read: at most {STATEMENT_BYTES_MAX} are", bytes.len()));
        return String::new();
    }
    let ends = |end| bytes.iter().filter(|byte| **byte == end).count();
    let lines = ends(b'\n').max(ends(b'\r'));
    if lines > STATEMENT_LINES_MAX {
        findings.money(1, format!("the file has {lines} lines and was not read: at most {STATEMENT_LINES_MAX} are"));
        return String::new();
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(error) => {
            let line = 1 + bytes.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count();
            findings.other(line, NOT_UTF8);
            bytes.iter().copied().map(char::from).collect()
        }
    }
}

/// Lines that end with LF, CR or both, also mixed.
pub(crate) fn text_lines(text: &str) -> Vec<TextLine<'_>> {
    let parts = text.split('\n').flat_map(|part| part.strip_suffix('\r').unwrap_or(part).split('\r'));
    let mut lines: Vec<_> = parts.enumerate().map(|(index, text)| TextLine { number: index + 1, text }).collect();
    if lines.last().is_some_and(|last| last.text.is_empty()) {
        lines.pop();
    }
    lines
}

/// Reads `YYMMDD`.
pub(crate) fn day(text: &str) -> Option<Date> {
    let number = digits(text, 6)?;
    let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
    Date::new(full_year(i16::try_from(year).ok()?), i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// The year that two digits mean.
pub(crate) fn full_year(two_digits: i16) -> i16 {
    if two_digits < CENTURY_TURN { 2000 + two_digits } else { 1900 + two_digits }
}

/// A number of exactly so many digits.
pub(crate) fn digits(text: &str, count: usize) -> Option<u32> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// Digits of a currency's minor unit: 2 for EUR. `None` for a code that is not known.
pub(crate) fn minor_digits(code: &str) -> Option<u32> {
    let former = || FORMER_CURRENCIES.iter().find(|(former, _)| *former == code).map(|(_, digits)| *digits);
    money::Currency::try_new(code).ok().map(|currency| currency.minor_digits()).or_else(former)
}

#[cfg(test)]
mod tests;
