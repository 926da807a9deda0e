//! A file's lines and fields. Each line stands for itself, so that one bad quote spoils one line and every bad line has its number.

use super::Problems;
use crate::{Error, ListFile};
use std::borrow::Cow;

/// Longest line, in bytes.
pub(super) const LINE_BYTES_MAX: usize = 64 * 1024;
/// The list's mark for the end of a file (Ctrl-Z).
const END: u8 = 0x1A;
/// How the list writes an absent value, with a blank behind it or without.
const ABSENT: &str = "-0-";

/// A column's name and longest text, in characters.
pub(super) type Column = (&'static str, usize);

/// One line; absent values are `None`.
pub(super) struct Row {
    pub file: ListFile,
    /// From 1.
    pub line: usize,
    pub fields: Vec<Option<String>>,
}

/// The rows of a file that have all columns. Others are reported, and nothing is made of them.
pub(super) fn read_rows(file: ListFile, bytes: &[u8], columns: &[Column], problems: &mut Problems) -> Result<Vec<Row>, Error> {
    let Some((&END, body)) = bytes.split_last() else { return Err(Error::End(file)) };
    if body.contains(&END) || !(body.is_empty() || body.ends_with(b"\n")) {
        return Err(Error::End(file));
    }
    let mut rows = Vec::new();
    for (index, line) in body.split_inclusive(|b| *b == b'\n').enumerate() {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match decode(line).and_then(|line| read_line(&line, columns)) {
            Ok(fields) => rows.push(Row { file, line: index + 1, fields }),
            Err((field, expected)) => problems.add(file, index + 1, field, expected),
        }
    }
    Ok(rows)
}

/// The list is Latin-1. A line with bytes that are valid UTF-8 beyond ASCII is taken for that: as Latin-1 they would be sequences that no
/// name has. Each line is decoded by itself, so that one odd byte does not spoil the names of the others; a line with both is refused.
fn decode(line: &[u8]) -> Result<Cow<'_, str>, (&'static str, String)> {
    if line.len() > LINE_BYTES_MAX {
        return Err(("line", format!("at most {LINE_BYTES_MAX} bytes long")));
    }
    if let Ok(text) = std::str::from_utf8(line) {
        return Ok(Cow::Borrowed(text));
    }
    if line.utf8_chunks().any(|chunk| !chunk.valid().is_ascii()) {
        return Err(("line", "text of one encoding: ASCII, Latin-1 or UTF-8".to_owned()));
    }
    Ok(Cow::Owned(line.iter().map(|b| char::from(*b)).collect()))
}

/// A line's fields, or the field that is wrong and what it must be.
fn read_line(line: &str, columns: &[Column]) -> Result<Vec<Option<String>>, (&'static str, String)> {
    if line.chars().any(char::is_control) {
        return Err(("line", "text in ASCII, Latin-1 or UTF-8 without control characters".to_owned()));
    }
    let fields = split(line)?;
    if fields.len() != columns.len() {
        return Err(("line", format!("{} fields, not {}", columns.len(), fields.len())));
    }
    for (field, (name, chars_max)) in fields.iter().zip(columns) {
        if field.as_ref().is_some_and(|text| text.chars().nth(*chars_max).is_some()) {
            return Err((name, format!("at most {chars_max} characters long")));
        }
    }
    Ok(fields)
}

/// Splits at commas outside quotes. A quote in a quoted text is doubled.
fn split(line: &str) -> Result<Vec<Option<String>>, (&'static str, String)> {
    let refuse = |form: &str| Err(("line", form.to_owned()));
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let after;
        if let Some(quoted) = rest.strip_prefix('"') {
            let Some((text, end)) = unquote(quoted) else { return refuse("closed at every quote") };
            fields.push(present(text));
            after = quoted[end..].trim_start_matches(' ');
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            if rest[..end].contains('"') {
                return refuse("quoted from the start of a field to its end");
            }
            fields.push(present(rest[..end].to_owned()));
            after = &rest[end..];
        }
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(fields),
            None => return refuse("quoted from the start of a field to its end"),
        }
    }
}

/// The text up to the closing quote, and where what follows it begins.
fn unquote(quoted: &str) -> Option<(String, usize)> {
    let mut text = String::new();
    let mut at = 0;
    loop {
        let quote = at + quoted[at..].find('"')?;
        text.push_str(&quoted[at..quote]);
        if !quoted[quote + 1..].starts_with('"') {
            return Some((text, quote + 1));
        }
        text.push('"');
        at = quote + 2;
    }
}

fn present(text: String) -> Option<String> {
    let trimmed = text.trim();
    (trimmed != ABSENT && !trimmed.is_empty()).then_some(text)
}
