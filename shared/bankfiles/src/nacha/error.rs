//! Why a file is refused, or can't be written.

use crate::FileProblem;
use std::fmt;

/// Problems listed of one file. A file with more is no nearer to being one.
const PROBLEMS_MAX: usize = 100;

/// Why an ACH file is rejected: at least one problem, in the order of the file. Nothing from the file is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AchRefusal {
    /// At most 100. All of them touch money.
    pub problems: Vec<FileProblem>,
}

impl fmt::Display for AchRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.problems.first() else { return f.write_str("the file is refused") };
        write!(f, "{}: {}", first.place, first.what)?;
        match self.problems.len() {
            ..2 => Ok(()),
            count => write!(f, " (and {} more)", count - 1),
        }
    }
}

impl std::error::Error for AchRefusal {}

/// Why values can't become an ACH file. Nothing was written. The text names the field and never repeats an account's number or a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {field} {must}")]
pub struct AchInvalid {
    /// Where, such as `batch 1, entry 3`, counted from 1, or `file`.
    pub place: String,
    /// The field.
    pub field: String,
    /// What it must be.
    pub must: String,
}

impl AchInvalid {
    pub(super) fn new(place: &str, field: &str, must: impl Into<String>) -> Self {
        Self { place: place.to_owned(), field: field.to_owned(), must: must.into() }
    }
}

/// Problems while a file is read.
#[derive(Debug, Default)]
pub struct AchProblems(Vec<FileProblem>);

impl AchProblems {
    /// A problem after which nothing more can be read.
    pub fn one(place: &str, what: String) -> Self {
        let mut problems = Self::default();
        problems.add(place, what);
        problems
    }

    /// Adds a problem that makes the file refused.
    pub fn add(&mut self, place: &str, what: String) {
        if self.0.len() < PROBLEMS_MAX {
            self.0.push(FileProblem { place: place.to_owned(), what, touches_money: true });
        }
    }

    /// Adds others.
    pub fn append(&mut self, others: Self) {
        let room = PROBLEMS_MAX - self.0.len();
        self.0.extend(others.0.into_iter().take(room));
    }

    /// The refusal, if there is a problem.
    pub fn refusal(self) -> Result<(), AchRefusal> {
        if self.0.is_empty() { Ok(()) } else { Err(AchRefusal { problems: self.0 }) }
    }
}

impl From<AchProblems> for AchRefusal {
    fn from(problems: AchProblems) -> Self {
        Self { problems: problems.0 }
    }
}

/// Remarks listed of one file.
const REMARKS_MAX: usize = 1_000;

/// Remarks on a file that was read.
#[derive(Debug, Default)]
pub struct AchRemarks {
    problems: Vec<FileProblem>,
    left_off: usize,
}

impl AchRemarks {
    /// Adds a remark on a line.
    pub fn add(&mut self, line: usize, what: &str) {
        if self.problems.len() < REMARKS_MAX {
            self.problems.push(FileProblem { place: format!("line {line}"), what: what.to_owned(), touches_money: false });
        } else {
            self.left_off += 1;
        }
    }

    /// The remarks; the last one says how many are left off.
    pub fn into_problems(mut self) -> Vec<FileProblem> {
        if self.left_off > 0 {
            let what = format!("{} more remarks are left off", self.left_off);
            self.problems.push(FileProblem { place: "the file".to_owned(), what, touches_money: false });
        }
        self.problems
    }
}
