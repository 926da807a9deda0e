//! Lines of an input of any length: what is in memory is one of them.

use super::{Findings, STATEMENT_BYTES_MAX, TextLine};
use std::io::{BufRead, BufReader, Read};

/// An input that is read line by line. Lines end with LF, CR or both, also mixed.
pub(crate) struct LineInput<R> {
    input: BufReader<R>,
    number: usize,
    /// The last line ended with CR, so an LF belongs to its end.
    after_return: bool,
    latin_reported: bool,
}

/// A line of an input without its end.
pub(crate) struct OwnedLine {
    number: usize,
    text: String,
}

impl OwnedLine {
    pub(crate) fn as_line(&self) -> TextLine<'_> {
        TextLine { number: self.number, text: &self.text }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

impl<R: Read> LineInput<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input: BufReader::new(input), number: 0, after_return: false, latin_reported: false }
    }

    /// The next line: UTF-8, or ISO 8859-1 where it is not. `None` at the end, and where the rest can't be read, which is reported: what was not read may be
    /// money.
    pub(crate) fn next(&mut self, findings: &mut Findings) -> Option<OwnedLine> {
        let mut bytes = Vec::new();
        let is_whole = self.fill(&mut bytes).unwrap_or_else(|error| {
            findings.money(self.number + 1, format!("the file could not be read from here on: {error}"));
            None
        })?;
        self.number += 1;
        if !is_whole {
            findings.money(self.number, format!("the line has more than {STATEMENT_BYTES_MAX} bytes; nothing from it on was read"));
            return None;
        }
        let bytes = if self.number == 1 { bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes) } else { &bytes };
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => {
                if !std::mem::replace(&mut self.latin_reported, true) {
                    findings.other(self.number, super::NOT_UTF8);
                }
                bytes.iter().copied().map(char::from).collect()
            }
        };
        Some(OwnedLine { number: self.number, text })
    }

    /// Reads up to a line's end; `None`: the input is over, `false`: the line is too long.
    fn fill(&mut self, line: &mut Vec<u8>) -> std::io::Result<Option<bool>> {
        loop {
            let buffer = match self.input.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if buffer.is_empty() {
                return Ok((!line.is_empty()).then_some(true));
            }
            if std::mem::take(&mut self.after_return) && buffer.first() == Some(&b'\n') {
                self.input.consume(1);
                continue;
            }
            let end = buffer.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let taken = end.unwrap_or(buffer.len());
            line.extend_from_slice(buffer.get(..taken).unwrap_or_default());
            if let Some(at) = end {
                self.after_return = buffer.get(at) == Some(&b'\r');
                self.input.consume(at + 1);
                return Ok(Some(line.len() <= STATEMENT_BYTES_MAX));
            }
            self.input.consume(taken);
            if line.len() > STATEMENT_BYTES_MAX {
                return Ok(Some(false));
            }
        }
    }
}
