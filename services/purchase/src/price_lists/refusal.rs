//! Why a price sheet is not loaded, as callers see it.

use settings::document::DocumentError;
use tonic::{Code, Status};

/// The line of the sheet, and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetRefusal {
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub why: String,
}

impl From<DocumentError> for SheetRefusal {
    fn from(error: DocumentError) -> SheetRefusal {
        match error {
            DocumentError::Invalid { line, why, .. } => SheetRefusal { line, why },
            other @ (DocumentError::Unreadable { .. } | DocumentError::TooLarge { .. }) => SheetRefusal { line: 1, why: other.to_string() },
        }
    }
}

impl From<SheetRefusal> for Status {
    fn from(refusal: SheetRefusal) -> Status {
        let SheetRefusal { line, why } = refusal;
        let message = format!("line {line}: {why}; nothing was loaded");
        rpc::refused(Code::FailedPrecondition, "PRICE_SHEET_REFUSED", message, &[("line", line.to_string()), ("why", why)])
    }
}
