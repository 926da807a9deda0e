//! Lines become messages, and messages become fields. A message ends with a line `-`, with SWIFT's `-}`, or where the next one begins.

use crate::statement::{PART_BYTES_MAX, TextLine, WrittenLine};

/// A field: a tag with its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mt940Field<'a> {
    pub(super) line: usize,
    /// Without its colons, such as `60F`.
    pub(super) tag: &'a str,
    /// At least one: what follows the tag, and further lines that are not blank.
    pub(super) lines: Vec<&'a str>,
    /// Lines that had the tag again, such as every line of an `:86:`. They were added to the field.
    pub(super) repeated: Vec<usize>,
}

impl<'a> Mt940Field<'a> {
    /// Its first line without blanks around it.
    pub(super) fn first(&self) -> &'a str {
        self.lines.first().map(|line| line.trim()).unwrap_or_default()
    }

    /// As it was written, without blank lines.
    pub(super) fn written(&self) -> String {
        format!(":{}:{}", self.tag, self.lines.join("\n"))
    }
}

/// A field whose lines are still coming, or that waits for what its message is.
#[derive(Debug, Clone)]
pub(super) struct OpenField {
    pub(super) line: usize,
    pub(super) tag: String,
    lines: Vec<String>,
    repeated: Vec<usize>,
    pub(super) bytes: usize,
}

impl OpenField {
    fn new(line: usize, tag: &str, first: &str) -> Self {
        Self { line, tag: tag.to_owned(), lines: vec![first.to_owned()], repeated: Vec::new(), bytes: first.len() }
    }

    /// The field of its lines.
    pub(super) fn field(&self) -> Mt940Field<'_> {
        let lines = self.lines.iter().map(String::as_str).collect();
        Mt940Field { line: self.line, tag: &self.tag, lines, repeated: self.repeated.clone() }
    }

    /// Adds a line, unless the field would become too long.
    fn add(&mut self, text: &str) -> bool {
        let has_room = self.bytes + text.len() <= PART_BYTES_MAX;
        if has_room {
            self.bytes += text.len();
            self.lines.push(text.to_owned());
        }
        has_room
    }
}

/// What the lines of a file are, one after the other.
#[derive(Debug)]
pub(super) enum Mt940Piece {
    /// A line before the first field of a message.
    Envelope(WrittenLine),
    /// SWIFT's block 4 begins, which must be ended.
    BlockOpened,
    /// The next field of the message.
    Field(OpenField),
    /// The message is over; whether a line ended it.
    End(bool),
    /// A line of a field that is too long was left out.
    TooLong(usize),
}

/// The tags of these messages, and `NS`, which some banks add.
const TAGS: [&str; 20] =
    ["20", "21", "25", "25P", "28", "28C", "60F", "60M", "61", "62F", "62M", "64", "65", "86", "13", "13D", "34F", "90C", "90D", "NS"];

/// What some Dutch banks write, followed by a colon, above each message instead of an envelope.
const MESSAGE_STARTS: [&str; 2] = [":940", ":942"];

/// Cuts lines into messages and fields. What is in memory is one field.
#[derive(Debug, Default)]
pub(super) struct Mt940Splitter {
    done: Vec<Mt940Piece>,
    open: Option<OpenField>,
    has_reference: bool,
    has_fields: bool,
    has_envelope: bool,
}

impl Mt940Splitter {
    /// What the next line of a file completes.
    pub(super) fn next(&mut self, line: TextLine<'_>) -> Vec<Mt940Piece> {
        // SWIFT's own interfaces put SOH before and ETX after a message.
        let text = line.text.trim_matches(|c: char| c.is_control() && c != '\t');
        self.line(TextLine { number: line.number, text });
        std::mem::take(&mut self.done)
    }

    /// What the end of the file completes.
    pub(super) fn over(&mut self) -> Vec<Mt940Piece> {
        self.end(false);
        std::mem::take(&mut self.done)
    }

    fn line(&mut self, line: TextLine<'_>) {
        let trimmed = line.text.trim();
        if trimmed.is_empty() {
            return;
        }
        if trimmed == "-" {
            return self.end(true);
        }
        if let Some(after) = trimmed.strip_prefix("-}") {
            self.end(true);
            return self.after_end(TextLine { number: line.number, text: after });
        }
        if let Some(number) = MESSAGE_STARTS.iter().find_map(|number| trimmed.strip_prefix(number)?.strip_prefix(':').map(|_| &number[1..]))
        {
            if self.has_fields {
                self.end(false);
            }
            self.envelope_line(line.number, number);
        } else if let Some((tag, rest)) = tag(line.text).filter(|(tag, _)| !self.is_time_in_text(tag)) {
            if tag == "20" && self.has_reference {
                self.end(false);
            }
            self.field(line.number, tag, rest);
        } else if trimmed.starts_with("{1:") && self.has_fields {
            self.end(false);
            self.envelope(line);
        } else if let Some(field) = &mut self.open {
            if !field.add(line.text) {
                self.done.push(Mt940Piece::TooLong(line.number));
            }
        } else {
            self.envelope(line);
        }
    }

    fn field(&mut self, number: usize, tag: &str, rest: &str) {
        if let Some(last) = self.open.as_mut().filter(|last| tag == "86" && last.tag == "86") {
            if last.add(rest) {
                last.repeated.push(number);
            } else {
                self.done.push(Mt940Piece::TooLong(number));
            }
            return;
        }
        let before = self.open.replace(OpenField::new(number, tag, rest));
        self.done.extend(before.map(Mt940Piece::Field));
        self.has_fields = true;
        self.has_reference |= tag == "20";
    }

    /// Whether what looks like a tag is rather the minutes of a time that was cut in a text: `12` and `:26:` of 12:26:10.
    fn is_time_in_text(&self, tag: &str) -> bool {
        self.open.as_ref().is_some_and(|last| last.tag == "86") && !TAGS.contains(&tag)
    }

    /// Blocks 5 and further belong to the message that ended; `{1:` begins the next.
    fn after_end(&mut self, line: TextLine<'_>) {
        if let Some(at) = line.text.find("{1:") {
            self.envelope(TextLine { number: line.number, text: &line.text[at..] });
        }
    }

    /// The last block 4 of a line counts. So what follows it has none, and this calls itself at most once.
    fn envelope(&mut self, line: TextLine<'_>) {
        let (before, after) = match line.text.rfind("{4:") {
            Some(at) => {
                self.done.push(Mt940Piece::BlockOpened);
                (&line.text[..at], &line.text[at + 3..])
            }
            None => (line.text, ""),
        };
        if !before.trim().is_empty() {
            self.envelope_line(line.number, before.trim());
        }
        if !after.trim().is_empty() {
            self.line(TextLine { number: line.number, text: after.trim_start() });
        }
    }

    fn envelope_line(&mut self, line: usize, text: &str) {
        self.has_envelope = true;
        self.done.push(Mt940Piece::Envelope(WrittenLine { line, text: text.to_owned() }));
    }

    fn end(&mut self, ended: bool) {
        let last = self.open.take();
        self.done.extend(last.map(Mt940Piece::Field));
        let was_there = self.has_fields || self.has_envelope;
        (self.has_fields, self.has_envelope, self.has_reference) = (false, false, false);
        if was_there {
            self.done.push(Mt940Piece::End(ended));
        }
    }
}

/// A tag at the start of a line, and what follows it: two digits and an optional letter between colons, or `NS` for what is not SWIFT's.
fn tag(line: &str) -> Option<(&str, &str)> {
    let (tag, rest) = line.strip_prefix(':')?.split_once(':')?;
    let is_tag = match tag.as_bytes() {
        [a, b] => a.is_ascii_digit() && b.is_ascii_digit() || tag == "NS",
        [a, b, letter] => a.is_ascii_digit() && b.is_ascii_digit() && letter.is_ascii_uppercase(),
        _ => false,
    };
    is_tag.then_some((tag, rest))
}

/// Whether a line is the start of SWIFT's envelope around a message of these kinds.
pub(super) fn enveloped(line: &[u8]) -> bool {
    let start = line.iter().position(|byte| !byte.is_ascii_control()).unwrap_or(0);
    let line = line.get(start..).unwrap_or_default();
    let kinds: [&[u8]; 6] = [b"{2:I940", b"{2:O940", b"{2:I942", b"{2:O942", b"{2:I950", b"{2:O950"];
    line.starts_with(b"{1:") && kinds.iter().any(|kind| line.windows(kind.len()).any(|window| window == *kind))
}
