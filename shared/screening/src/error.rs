//! Why files are not an edition of a list, or a value can't be used.

use std::fmt;

/// One of the four files of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ListFile {
    /// `sdn.csv` or `cons_prim.csv`: the primary entries.
    Primary,
    /// `alt.csv` or `cons_alt.csv`: alternate names.
    Alternate,
    /// `add.csv` or `cons_add.csv`: addresses.
    Address,
    /// `sdn_comments.csv` or `cons_comments.csv`: what the remarks of the primary file had no room for.
    Comments,
}

impl ListFile {
    /// Every file of an edition, in the order in which they are checked.
    pub const ALL: [Self; 4] = [Self::Primary, Self::Alternate, Self::Address, Self::Comments];

    /// What messages call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary file",
            Self::Alternate => "alternate names file",
            Self::Address => "addresses file",
            Self::Comments => "comments file",
        }
    }
}

/// A line that can't be taken, and why. Its text names the field and what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineProblem {
    /// The file.
    pub file: ListFile,
    /// The line, from 1.
    pub line: usize,
    /// The column's name in the published layout, or `line`.
    pub field: &'static str,
    /// What was expected.
    pub expected: String,
}

impl fmt::Display for LineProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} line {}: {} must be {}", self.file.name(), self.line, self.field, self.expected)
    }
}

/// Why an edition, a policy, a subject or a clearance is refused. Nothing is taken from what is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Lines that can't be taken. The edition is refused whole.
    #[error("{total} lines of the list can't be taken; the first: {}", first(.problems))]
    Lines {
        /// The first of them, at most [`crate::import::PROBLEMS_MAX`], in the order of files and lines.
        problems: Vec<LineProblem>,
        /// How many there are in all.
        total: usize,
    },
    /// A file without its end mark, or with something after it: it was cut off or is two files.
    #[error("the {} must end with a line end and one byte 0x1A: it is cut off, or is not a file of this list", .0.name())]
    End(ListFile),
    /// The primary file has no entry.
    #[error("the list has no entry")]
    Empty,
    /// A file, or the edition, is larger than any list is expected to be.
    #[error("{what} exceeds {max}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The limit, in the unit that `what` names.
        max: usize,
    },
    /// The edition has lost more entries than the policy accepts at once.
    #[error("the edition has {next} entries after {previous}: it shrinks by more than {shrink_max_permille} per mille, so it is refused")]
    Shrunk {
        /// Entries of the previous edition.
        previous: usize,
        /// Entries of the refused edition.
        next: usize,
        /// The limit, in thousandths of the previous edition's entries.
        shrink_max_permille: u32,
    },
    /// A file of the edition has lost more lines than the policy accepts at once, beside those of entries that are gone.
    #[error(
        "the {} has {next} lines after {previous}: it shrinks by more than {shrink_max_permille} per mille beside the lines of entries \
         that are gone, so the edition is refused", .file.name()
    )]
    ShrunkFile {
        /// The file.
        file: ListFile,
        /// Lines of the previous edition's file.
        previous: usize,
        /// Lines of the refused edition's file.
        next: usize,
        /// The limit, in thousandths of the previous lines.
        shrink_max_permille: u32,
    },
    /// An edition that is not newer than the one it shall follow, or of another list.
    #[error("an edition can only follow an older edition of the same list")]
    Order,
    /// A value that is not of its form.
    #[error("{field} must be {form}")]
    Value {
        /// The value's name.
        field: &'static str,
        /// What it must be.
        form: &'static str,
    },
    /// The configuration can't be read.
    #[error("the screening policies can't be read: {0}")]
    Policies(String),
    /// No policy is in force.
    #[error("no screening policy is in force on {0}")]
    NoPolicy(jiff::civil::Date),
}

fn first(problems: &[LineProblem]) -> String {
    problems.first().map(ToString::to_string).unwrap_or_default()
}
