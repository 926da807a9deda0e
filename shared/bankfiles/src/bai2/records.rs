//! Physical lines become records with their continuations, and records become fields.

use crate::statement::{Findings, STATEMENT_LINES_MAX, TextLine, WrittenLine, text_lines};

/// A record with its continuations (88). Each part is what follows the two digits and comma of a line, without the slash that ends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bai2Record<'a> {
    pub(super) line: usize,
    pub(super) code: &'a str,
    parts: Vec<&'a str>,
    /// Whether every line ended with a slash.
    pub(super) closed: bool,
    /// The lines as written.
    written: Vec<&'a str>,
}

impl<'a> Bai2Record<'a> {
    /// Lines, continuations included: what record counts count.
    pub(super) fn lines(&self) -> usize {
        self.parts.len()
    }

    pub(super) fn fields(&self) -> Bai2Fields<'_, 'a> {
        Bai2Fields { parts: &self.parts, part: 0, at: Some(0) }
    }

    pub(super) fn as_written(&self) -> WrittenLine {
        WrittenLine { line: self.line, text: self.written.join("\n") }
    }
}

/// A position in the fields of a record. A line's end ends a field as a comma does.
#[derive(Debug)]
pub(super) struct Bai2Fields<'r, 'a> {
    parts: &'r [&'a str],
    part: usize,
    /// Byte in the part; `None` once its last field was taken.
    at: Option<usize>,
}

impl<'a> Bai2Fields<'_, 'a> {
    /// The next field without blanks around it; `None` after the last.
    pub(super) fn next(&mut self) -> Option<&'a str> {
        if self.at.is_none() {
            self.part += 1;
            self.at = Some(0);
        }
        let rest = self.parts.get(self.part)?.get(self.at?..)?;
        match rest.split_once(',') {
            Some((field, _)) => {
                self.at = self.at.map(|at| at + field.len() + 1);
                Some(field.trim())
            }
            None => {
                self.at = None;
                Some(rest.trim())
            }
        }
    }

    /// The next field, empty after the last.
    pub(super) fn text(&mut self) -> &'a str {
        self.next().unwrap_or_default()
    }

    /// Everything that is left, with its line breaks.
    pub(super) fn rest(self) -> String {
        let this_line = self.at.and_then(|at| self.parts.get(self.part)?.get(at..)).unwrap_or_default();
        let further = self.parts.get(self.part + 1..).unwrap_or_default();
        let lines: Vec<_> = std::iter::once(this_line).chain(further.iter().copied()).map(str::trim_end).collect();
        // A first line without any text is only the end of the fields before it.
        let lines = if this_line.trim().is_empty() { lines.get(1..).unwrap_or_default() } else { &lines[..] };
        lines.join("\n").trim().to_owned()
    }
}

/// Cuts a file into records. Lines that are no part of a record go to `with_problems`.
pub(super) fn records<'a>(text: &'a str, findings: &mut Findings, with_problems: &mut Vec<WrittenLine>) -> Vec<Bai2Record<'a>> {
    let mut records: Vec<Bai2Record<'a>> = Vec::new();
    for line in physical_lines(text) {
        // Some transfers leave control characters such as SUB (the end of a file on old systems) behind.
        let written = line.text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
        if written.is_empty() {
            continue;
        }
        let (part, closed) = match written.strip_suffix('/') {
            Some(part) => (part, true),
            None => (written, false),
        };
        let digits = part.get(..2).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()));
        let rest = part.get(2..).filter(|rest| rest.is_empty() || rest.starts_with(','));
        let (Some(code), Some(rest)) = (digits, rest) else {
            findings.money(line.number, "the line doesn't begin with a record code of two digits and a comma");
            with_problems.push(WrittenLine { line: line.number, text: written.to_owned() });
            continue;
        };
        let part = rest.get(1..).unwrap_or_default();
        match (code, records.last_mut()) {
            ("88", Some(last)) => {
                last.parts.push(part);
                last.written.push(written);
                last.closed &= closed;
            }
            ("88", None) => {
                findings.money(line.number, "a continuation (88) has no record before it");
                with_problems.push(WrittenLine { line: line.number, text: written.to_owned() });
            }
            _ => records.push(Bai2Record { line: line.number, code, parts: vec![part], closed, written: vec![written] }),
        }
    }
    records
}

/// Lines, or pieces of the record length that the header states if the file has no line ends.
pub(super) fn physical_lines(text: &str) -> Vec<TextLine<'_>> {
    let lines = text_lines(text);
    let [only] = lines.as_slice() else { return lines };
    let (Some(length), _) = stated_sizes(only.text) else { return lines };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    // Pieces are lines, of which there may be so many.
    if only.text.len() / length > STATEMENT_LINES_MAX {
        return lines;
    }
    let mut pieces = Vec::new();
    let mut start = 0;
    for (count, (at, _)) in only.text.char_indices().enumerate() {
        if count > 0 && count % length == 0 {
            pieces.push(TextLine { number: pieces.len() + 1, text: &only.text[start..at] });
            start = at;
        }
    }
    pieces.push(TextLine { number: pieces.len() + 1, text: &only.text[start..] });
    pieces
}

/// Physical record length and block size of a header, where it states them as positive numbers.
pub(super) fn stated_sizes(header: &str) -> (Option<u32>, Option<u32>) {
    let record = header.trim_start().split('/').next().unwrap_or_default();
    let mut fields = record.split(',');
    let is_header = fields.next() == Some("01");
    let mut number = |skip| fields.nth(skip).and_then(|field| field.trim().parse::<u32>().ok()).filter(|number| is_header && *number > 0);
    (number(5), number(0))
}

/// Checks the lengths of physical records and the size of blocks against the header.
pub(super) fn check_sizes(text: &str, findings: &mut Findings) {
    let lines = physical_lines(text);
    let Some(header) = lines.iter().find(|line| !line.text.trim().is_empty()) else { return };
    let (record_length, block_size) = stated_sizes(header.text);
    if let Some(length) = record_length {
        for line in &lines {
            let found = line.text.trim_end().chars().count();
            if usize::try_from(length).is_ok_and(|length| found > length) {
                findings.other(
                    line.number,
                    format!("the line has {found} characters; the header (01) states a physical record length of {length}"),
                );
            }
        }
    }
    if let Some(size) = block_size.and_then(|size| usize::try_from(size).ok()) {
        // Blocks may be filled up with blank records.
        let count = lines.len();
        if !count.is_multiple_of(size) {
            findings.other(
                header.number,
                format!("the file has {count} physical records, which don't fill blocks of {size} as the header (01) states"),
            );
        }
    }
}
