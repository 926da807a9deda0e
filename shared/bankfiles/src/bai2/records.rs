//! Physical lines become records with their continuations, and records become fields.

use crate::statement::{Findings, PART_BYTES_MAX, STATEMENT_LINES_MAX, TextLine, WrittenLine, text_lines};

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

/// A record of which further lines may come.
#[derive(Debug)]
pub(super) struct OpenRecord {
    line: usize,
    written: Vec<String>,
    bytes: usize,
}

impl OpenRecord {
    pub(super) fn new(line: usize, written: &str) -> Self {
        Self { line, written: vec![written.to_owned()], bytes: written.len() }
    }

    /// Adds a continuation, unless the record would become too long.
    pub(super) fn continued(&mut self, written: &str) -> bool {
        let has_room = self.bytes + written.len() <= PART_BYTES_MAX;
        if has_room {
            self.bytes += written.len();
            self.written.push(written.to_owned());
        }
        has_room
    }

    /// The record of its lines.
    pub(super) fn record(&self) -> Bai2Record<'_> {
        let lines = || self.written.iter().filter_map(|written| CutLine::of(written));
        Bai2Record {
            line: self.line,
            code: lines().next().map_or("", |line| line.code),
            parts: lines().map(|line| line.part).collect(),
            closed: lines().all(|line| line.closed),
            written: self.written.iter().map(String::as_str).collect(),
        }
    }
}

/// A line with a record's code, or the code of a continuation.
pub(super) struct CutLine<'a> {
    pub(super) code: &'a str,
    part: &'a str,
    closed: bool,
}

impl<'a> CutLine<'a> {
    /// `None` for a line that begins with no code.
    pub(super) fn of(written: &'a str) -> Option<Self> {
        let (part, closed) = match written.strip_suffix('/') {
            Some(part) => (part, true),
            None => (written, false),
        };
        let code = part.get(..2).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()))?;
        let rest = part.get(2..).filter(|rest| rest.is_empty() || rest.starts_with(','))?;
        Some(Self { code, part: rest.get(1..).unwrap_or_default(), closed })
    }
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

/// The sizes that the header states, and what they are compared with.
#[derive(Debug, Default)]
pub(super) struct Bai2Sizes {
    header: Option<(usize, Option<u32>, Option<u32>)>,
    lines: usize,
}

impl Bai2Sizes {
    /// Checks the length of a physical record. The first that is not blank is the header.
    pub(super) fn line(&mut self, line: TextLine<'_>, findings: &mut Findings) {
        self.lines += 1;
        if self.header.is_none() && !line.text.trim().is_empty() {
            let (record_length, block_size) = stated_sizes(line.text);
            self.header = Some((line.number, record_length, block_size));
        }
        let Some((_, Some(length), _)) = self.header else { return };
        let found = line.text.trim_end().chars().count();
        if usize::try_from(length).is_ok_and(|length| found > length) {
            let what = format!("the line has {found} characters; the header (01) states a physical record length of {length}");
            findings.other(line.number, what);
        }
    }

    /// Checks the size of blocks.
    pub(super) fn end(&self, findings: &mut Findings) {
        let Some((line, _, Some(size))) = self.header else { return };
        // Blocks may be filled up with blank records.
        let count = self.lines;
        if usize::try_from(size).is_ok_and(|size| !count.is_multiple_of(size)) {
            let what = format!("the file has {count} physical records, which don't fill blocks of {size} as the header (01) states");
            findings.other(line, what);
        }
    }
}

/// Reads digits with an optional sign. An empty text is no amount.
pub(super) fn amount(text: &str) -> Result<Option<i64>, &'static str> {
    if text.is_empty() {
        return Ok(None);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("must be digits with an optional sign, without a decimal point");
    }
    // The smallest number of 64 bits is left out, so that every amount has its opposite.
    text.parse().ok().filter(|amount| *amount != i64::MIN).map(Some).ok_or("is larger than can be read (63 bits)")
}
