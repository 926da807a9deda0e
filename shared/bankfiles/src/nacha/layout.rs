//! Line ends and padding of a file, which say nothing about money.

use serde::Serialize;

/// How lines end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AchLineEnd {
    /// Records follow each other without line ends.
    None,
    /// LF.
    Lf,
    /// CR LF.
    CrLf,
    /// CR.
    Cr,
}

impl AchLineEnd {
    /// Its characters.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
            Self::Cr => "\r",
        }
    }
}

/// Line ends and padding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AchLayout {
    /// Between two lines.
    pub line_end: AchLineEnd,
    /// Lines of nines after the file control.
    pub padding: AchPadding,
    /// What follows the last line: usually one line end, or nothing. Only line ends, blanks and the end-of-file character 1A.
    pub tail: String,
}

impl AchLayout {
    /// As files should be: padded to a multiple of ten lines, with a line end after each line.
    #[must_use]
    pub fn standard(line_end: AchLineEnd) -> Self {
        Self { line_end, padding: AchPadding::Full, tail: line_end.text().to_owned() }
    }
}

/// Lines of nines after the file control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AchPadding {
    /// As many as make the number of lines a multiple of ten.
    Full,
    /// Another number of them.
    Lines {
        /// Number of lines of nines.
        lines: usize,
        /// Whether the block count counts them.
        counted: bool,
    },
}

impl AchPadding {
    /// The lines of nines after so many records, and the block count.
    #[must_use]
    pub const fn lines_and_blocks(self, records: usize) -> (usize, usize) {
        match self {
            Self::Full => (records.next_multiple_of(10) - records, records.div_ceil(10)),
            Self::Lines { lines, counted: true } => (lines, records.saturating_add(lines).div_ceil(10)),
            Self::Lines { lines, counted: false } => (lines, records.div_ceil(10)),
        }
    }
}
