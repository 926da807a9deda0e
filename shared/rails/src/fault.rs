//! What is wrong with a file of rails.

use settings::document::DocumentLines;
use std::{cell::RefCell, fmt};

/// Problems that are named of one file; a file with more is wrong as a whole.
pub const FAULTS_MAX: usize = 500;
/// Characters of a wrong value that are repeated in a fault.
const SHOWN_MAX: usize = 60;

/// One problem of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RailFault {
    /// Line of the file, from 1.
    pub line: usize,
    /// The record, such as `rail us-rtp` or `calendar JP`; `file` for the whole.
    pub place: String,
    /// The field with its path, such as `cost.low`; empty if the fault is not of one field.
    pub field: String,
    /// What is wrong and what was expected.
    pub problem: String,
}

impl fmt::Display for RailFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, {}", self.line, self.place)?;
        if !self.field.is_empty() {
            write!(f, ", {}", self.field)?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// Collects the faults of one text and knows its lines.
pub(crate) struct FaultSink {
    lines: DocumentLines,
    faults: RefCell<Vec<RailFault>>,
}

impl FaultSink {
    pub(crate) fn new(text: &str) -> Self {
        Self { lines: DocumentLines::of(text), faults: RefCell::new(Vec::new()) }
    }

    /// The line of a byte position, from 1.
    pub(crate) fn line(&self, at: usize) -> usize {
        self.lines.line(at)
    }

    pub(crate) fn add(&self, line: usize, place: &str, field: &str, problem: String) {
        let mut faults = self.faults.borrow_mut();
        if faults.len() < FAULTS_MAX {
            faults.push(RailFault { line, place: place.to_owned(), field: field.to_owned(), problem });
        }
    }

    /// All faults in the order of their lines.
    pub(crate) fn into_faults(self) -> Vec<RailFault> {
        let mut faults = self.faults.into_inner();
        faults.sort();
        faults.dedup();
        faults
    }
}

/// A wrong value in quotes, in one line and cut to a bounded length.
pub(crate) fn quoted(value: &str) -> String {
    let short: String = value.chars().take(SHOWN_MAX).collect();
    let more = if short.len() < value.len() { "..." } else { "" };
    format!("\"{}{more}\"", money::text::shown(&short))
}
