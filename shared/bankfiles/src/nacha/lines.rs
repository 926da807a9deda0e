//! Lines of 94 characters: cutting a file into them, and reading their positions. Positions count from 1, as in the rules.

use super::error::AchProblems;
use super::layout::{AchLineEnd, AchPadding};

/// Characters of a line.
pub const LINE: usize = 94;
/// The longest file that is read or written, in bytes: 178,000 lines, more than the entries of a day. What is read takes up to 10 times as
/// much memory, a reading 30 times.
pub const FILE_BYTES_MAX: usize = 16 << 20;

/// What some editors write before text in UTF-8. The rest of such a file is not read: its bytes could not be written again as they were.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A record: its line's number and 94 printable ASCII characters.
#[derive(Debug, Clone, Copy)]
pub struct AchRecord<'a> {
    /// From 1.
    pub line: usize,
    text: &'a str,
}

/// A file cut into records.
#[derive(Debug)]
pub struct AchLines<'a> {
    /// Without padding.
    pub records: Vec<AchRecord<'a>>,
    /// Number of lines of nines at the end.
    pub padding: usize,
    /// Between lines.
    pub line_end: AchLineEnd,
    /// What follows the last line.
    pub tail: &'a str,
}

/// Whether the bytes begin like an ACH file. Records in the wrong order are still recognised, so that their order is named as the problem.
pub fn looks_like(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let beginning = &bytes[..bytes.len().min(4_096)];
    let starts = (0..beginning.len()).filter(|at| at % LINE == 0 || matches!(beginning[at - 1], b'\n' | b'\r'));
    // Record type 1 and priority 01; then, from position 35, record size 094, blocking factor 10 and format code 1.
    starts.into_iter().any(|at| beginning[at..].starts_with(b"101") && beginning[at..].get(34..40) == Some(b"094101"))
}

/// Cuts a file into records. On failure, the problem says which line is not 94 characters long or which character is not allowed.
pub fn cut(bytes: &[u8]) -> Result<AchLines<'_>, AchProblems> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(AchProblems::one("the file", format!("has {} bytes; at most {FILE_BYTES_MAX} are read", bytes.len())));
    }
    if bytes.is_empty() {
        return Err(AchProblems::one("the file", "is empty".to_owned()));
    }
    let text = printable(bytes)?;
    let (line_end, cut) = match line_end(bytes) {
        AchLineEnd::None => (AchLineEnd::None, without_line_ends(text)?),
        line_end => (line_end, with_line_ends(text, line_end)?),
    };
    let (mut records, tail) = cut;
    let is_padding = |record: &AchRecord<'_>| record.text.bytes().all(|byte| byte == b'9');
    let padding = records.iter().rev().take_while(|record| is_padding(record)).count();
    records.truncate(records.len() - padding);
    if records.is_empty() {
        return Err(AchProblems::one("the file", "has no records beside padding".to_owned()));
    }
    Ok(AchLines { records, padding, line_end, tail })
}

/// What the padding is called, given the block count that the file states; `None` if it fits neither way of counting.
pub fn padding_of(records: usize, padding: usize, stated_blocks: u64) -> Option<AchPadding> {
    let with = |counted| AchPadding::Lines { lines: padding, counted };
    [AchPadding::Full, with(true), with(false)].into_iter().find(|candidate| {
        let (lines, blocks) = candidate.lines_and_blocks(records);
        lines == padding && blocks as u64 == stated_blocks
    })
}

fn printable(bytes: &[u8]) -> Result<&str, AchProblems> {
    let allowed = |byte: u8| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | 0x1A);
    if let Some(at) = bytes.iter().position(|byte| !allowed(*byte)) {
        let before = &bytes[..at];
        let begin = before.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')).map_or(0, |end| end + 1);
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        if at == 0 && bytes.starts_with(BYTE_ORDER_MARK) {
            let what = "position 1 is the byte EF of a byte order mark, which no ACH file has: remove its three bytes, EF BB BF";
            return Err(AchProblems::one("line 1", what.to_owned()));
        }
        let what = format!("position {} is the byte {:02X}; only printable ASCII characters are allowed", at - begin + 1, bytes[at]);
        return Err(AchProblems::one(&format!("line {line}"), what));
    }
    // Nothing but ASCII is left.
    std::str::from_utf8(bytes).map_err(|_| AchProblems::one("the file", "is not ASCII text".to_owned()))
}

/// The line end after the first line. A first line of another length decides as well, so that its length is named and not that of the whole
/// file.
fn line_end(bytes: &[u8]) -> AchLineEnd {
    let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
    match end.map(|end| (end, bytes[end], bytes.get(end + 1))) {
        None => AchLineEnd::None,
        // One line with everything, and a line end after it.
        Some((end, _, _)) if end > LINE && end.is_multiple_of(LINE) && is_tail(&bytes[end..]) => AchLineEnd::None,
        Some((_, b'\n', _)) => AchLineEnd::Lf,
        Some((_, _, Some(b'\n'))) => AchLineEnd::CrLf,
        Some(_) => AchLineEnd::Cr,
    }
}

fn is_tail(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b' ' | b'\n' | b'\r' | 0x1A))
}

type CutRecords<'a> = (Vec<AchRecord<'a>>, &'a str);

fn without_line_ends(text: &str) -> Result<CutRecords<'_>, AchProblems> {
    let end = text.find(['\n', '\r', '\u{1A}']).unwrap_or(text.len());
    let (content, tail) = text.split_at(end);
    if !is_tail(tail.as_bytes()) {
        return Err(AchProblems::one(&format!("line {}", end / LINE + 1), "has the byte 1A before the end of the file".to_owned()));
    }
    if !content.len().is_multiple_of(LINE) {
        let what = format!("has {} characters without line ends, which are not lines of {LINE} characters", content.len());
        return Err(AchProblems::one("the file", what));
    }
    let lines = (0..content.len() / LINE).map(|line| AchRecord { line: line + 1, text: &content[line * LINE..(line + 1) * LINE] });
    Ok((lines.collect(), tail))
}

fn with_line_ends(text: &str, line_end: AchLineEnd) -> Result<CutRecords<'_>, AchProblems> {
    let mut records = Vec::with_capacity(text.len() / LINE + 1);
    let mut rest = text;
    while !is_tail(rest.as_bytes()) {
        let line = records.len() + 1;
        let end = rest.find(['\n', '\r', '\u{1A}']).unwrap_or(rest.len());
        if end != LINE {
            return Err(AchProblems::one(&format!("line {line}"), format!("has {end} characters, not {LINE}")));
        }
        records.push(AchRecord { line, text: &rest[..LINE] });
        rest = &rest[LINE..];
        if is_tail(rest.as_bytes()) {
            break;
        }
        let other_end = || AchProblems::one(&format!("line {line}"), "does not end like line 1: all lines must end alike".to_owned());
        let after = rest.strip_prefix(line_end.text()).ok_or_else(other_end)?;
        if line_end == AchLineEnd::Cr && after.starts_with('\n') {
            return Err(other_end());
        }
        rest = after;
    }
    Ok((records, rest))
}

impl<'a> AchRecord<'a> {
    /// Where it stands, as problems name it.
    pub fn place(&self) -> String {
        format!("line {}", self.line)
    }

    /// Record type, the first character.
    pub fn kind(&self) -> char {
        self.text.chars().next().unwrap_or(' ')
    }

    /// Positions `from` to `to`, as they are.
    pub fn raw(&self, from: usize, to: usize) -> &'a str {
        &self.text[from - 1..to]
    }

    /// Positions `from` to `to` without blanks at the end.
    pub fn text(&self, from: usize, to: usize) -> String {
        self.raw(from, to).trim_end_matches(' ').to_owned()
    }

    /// One character.
    pub fn char(&self, at: usize) -> char {
        self.raw(at, at).chars().next().unwrap_or(' ')
    }

    /// Positions that must be digits, as text.
    pub fn digits(&self, field: &str, from: usize, to: usize) -> Result<String, AchProblems> {
        let raw = self.raw(from, to);
        let digits = raw.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| raw.to_owned()).ok_or_else(|| self.problem(field, from, to, &format!("must be {} digits", to - from + 1)))
    }

    /// Positions that must be digits, at most 18 of them, as a number.
    pub fn number(&self, field: &str, from: usize, to: usize) -> Result<u64, AchProblems> {
        self.digits(field, from, to)?.parse().map_err(|_| self.problem(field, from, to, "must be a number"))
    }

    /// An amount in cents, at most 18 digits.
    pub fn cents(&self, field: &str, from: usize, to: usize) -> Result<i64, AchProblems> {
        let number = self.number(field, from, to)?;
        i64::try_from(number).map_err(|_| self.problem(field, from, to, "must be an amount"))
    }

    /// Positions that must have exactly this text.
    pub fn expect(&self, field: &str, from: usize, to: usize, expected: &str) -> Result<(), AchProblems> {
        let fits = self.raw(from, to) == expected;
        fits.then_some(()).ok_or_else(|| self.problem(field, from, to, &format!("must be {expected:?}")))
    }

    /// A problem of one of the fields. It does not repeat what the field holds: accounts and names are personal.
    pub fn problem(&self, field: &str, from: usize, to: usize, must: &str) -> AchProblems {
        AchProblems::one(&self.place(), format!("{field} (positions {from} to {to}) {must}"))
    }
}

#[cfg(test)]
mod tests;
