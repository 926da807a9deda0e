//! Files that banks send and take: what each says, and where and why a part of it can't be understood.
//!
//! - [`bai2`] and [`mt940`]: account statements. [`nacha`]: ACH files, read and written. [`messages`]: ISO 20022 messages. [`mod@text`]: values as texts of JSON.

pub mod bai2;
pub mod messages;
pub mod mt940;
pub mod nacha;
mod statement;
pub mod text;

pub use statement::{STATEMENT_BYTES_MAX, STATEMENT_LINES_MAX, StatementSide, WrittenLine};

use serde::Serialize;

/// A part of a file that is wrong or that is not understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileProblem {
    /// Where: a line such as `line 12`, or an element such as `Ntry 3/NtryDtls`.
    pub place: String,
    /// What is wrong or not understood, and what was expected.
    pub what: String,
    /// Whether an amount may be missing or wrong in what was read because of it, or the whole file is broken.
    pub touches_money: bool,
}

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileReading {
    /// Its format and version, such as `camt.053.001.08`, `BAI2`, `MT940`, `NACHA`; `unknown` where no format fits.
    pub format: String,
    /// Everything that was understood, in the format's own structure.
    pub content: serde_json::Value,
    /// What was not.
    pub problems: Vec<FileProblem>,
}

impl FileReading {
    /// Whether all of the file's money was understood and the file is whole.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.problems.iter().all(|problem| !problem.touches_money)
    }
}

/// Reads a file of any of the formats, which is recognised from its first bytes. A file of none of them is one problem, and `content` is null.
#[must_use]
pub fn read(bytes: &[u8]) -> FileReading {
    if messages::looks_like(bytes) {
        messages::reading(bytes)
    } else if nacha::looks_like(bytes) {
        nacha::reading(bytes)
    } else if bai2::looks_like(bytes) {
        bai2::reading(bytes)
    } else if mt940::looks_like(bytes) {
        mt940::reading(bytes)
    } else {
        unknown(bytes)
    }
}

fn unknown(bytes: &[u8]) -> FileReading {
    let what = match bytes {
        [] => "is empty".to_owned(),
        _ => "is none of ISO 20022, NACHA, BAI2, MT940 and MT942".to_owned(),
    };
    let problem = FileProblem { place: "file".to_owned(), what, touches_money: true };
    FileReading { format: "unknown".to_owned(), content: serde_json::Value::Null, problems: vec![problem] }
}

#[cfg(test)]
mod tests;
