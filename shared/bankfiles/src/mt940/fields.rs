//! Lines become messages, and messages become fields. A message ends with a line `-`, with SWIFT's `-}`, or where the next one begins.

use crate::statement::TextLine;

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

/// A message: what comes before its first field, and its fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Mt940Message<'a> {
    pub(super) envelope: Vec<TextLine<'a>>,
    pub(super) fields: Vec<Mt940Field<'a>>,
    /// Whether it begins with SWIFT's block 4, which must be ended.
    pub(super) block_opened: bool,
    /// Whether a line ended it.
    pub(super) ended: bool,
}

/// The tags of these messages, and `NS`, which some banks add.
const TAGS: [&str; 20] =
    ["20", "21", "25", "25P", "28", "28C", "60F", "60M", "61", "62F", "62M", "64", "65", "86", "13", "13D", "34F", "90C", "90D", "NS"];

/// What some Dutch banks write, followed by a colon, above each message instead of an envelope.
const MESSAGE_STARTS: [&str; 2] = [":940", ":942"];

#[derive(Default)]
struct Mt940Splitter<'a> {
    done: Vec<Mt940Message<'a>>,
    open: Mt940Message<'a>,
}

/// Cuts lines into messages.
pub(super) fn messages<'a>(lines: &[TextLine<'a>]) -> Vec<Mt940Message<'a>> {
    let mut splitter = Mt940Splitter::default();
    for line in lines {
        // SWIFT's own interfaces put SOH before and ETX after a message.
        let text = line.text.trim_matches(|c: char| c.is_control() && c != '\t');
        splitter.line(TextLine { number: line.number, text });
    }
    splitter.end(false);
    splitter.done
}

impl<'a> Mt940Splitter<'a> {
    fn line(&mut self, line: TextLine<'a>) {
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
            if !self.open.fields.is_empty() {
                self.end(false);
            }
            self.open.envelope.push(TextLine { number: line.number, text: number });
        } else if let Some((tag, rest)) = tag(line.text).filter(|(tag, _)| !self.is_time_in_text(tag)) {
            if tag == "20" && self.open.fields.iter().any(|field| field.tag == "20") {
                self.end(false);
            }
            match self.open.fields.last_mut() {
                Some(last) if tag == "86" && last.tag == "86" => {
                    last.lines.push(rest);
                    last.repeated.push(line.number);
                }
                _ => self.open.fields.push(Mt940Field { line: line.number, tag, lines: vec![rest], repeated: Vec::new() }),
            }
        } else if trimmed.starts_with("{1:") && !self.open.fields.is_empty() {
            self.end(false);
            self.envelope(line);
        } else if let Some(field) = self.open.fields.last_mut() {
            field.lines.push(line.text);
        } else {
            self.envelope(line);
        }
    }

    /// Whether what looks like a tag is rather the minutes of a time that was cut in a text: `12` and `:26:` of 12:26:10.
    fn is_time_in_text(&self, tag: &str) -> bool {
        self.open.fields.last().is_some_and(|last| last.tag == "86") && !TAGS.contains(&tag)
    }

    /// Blocks 5 and further belong to the message that ended; `{1:` begins the next.
    fn after_end(&mut self, line: TextLine<'a>) {
        if let Some(at) = line.text.find("{1:") {
            self.envelope(TextLine { number: line.number, text: &line.text[at..] });
        }
    }

    /// The last block 4 of a line counts. So what follows it has none, and this calls itself at most once.
    fn envelope(&mut self, line: TextLine<'a>) {
        let (before, after) = match line.text.rfind("{4:") {
            Some(at) => {
                self.open.block_opened = true;
                (&line.text[..at], &line.text[at + 3..])
            }
            None => (line.text, ""),
        };
        if !before.trim().is_empty() {
            self.open.envelope.push(TextLine { number: line.number, text: before.trim() });
        }
        if !after.trim().is_empty() {
            self.line(TextLine { number: line.number, text: after.trim_start() });
        }
    }

    fn end(&mut self, ended: bool) {
        let message = Mt940Message { ended, ..std::mem::take(&mut self.open) };
        if !message.fields.is_empty() || !message.envelope.is_empty() {
            self.done.push(message);
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
