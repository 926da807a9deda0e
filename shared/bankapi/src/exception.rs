//! Why the bank rejected or returned a payment, or refused a request, in its words and codes.

use crate::{ApiReadError, json::ApiNode};

/// The most exceptions of one payment.
pub const EXCEPTIONS_MAX: usize = 100;
/// The most codes of other standards in one exception.
const STANDARD_CODES_MAX: usize = 5;

/// A reason, as the bank gives it. `code` and `standard_codes` are for decisions, the words are for people.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApiException {
    /// Five digits in the second version; see [`crate::ErrorVerdict`]. Unknown ones are kept.
    pub code: Option<String>,
    /// In words, at most 512 characters; empty if there are none.
    pub words: String,
    /// The field of our request that it is about, as a JSON path.
    pub field: Option<String>,
    /// The same in other standards: kind (`ISO20022`, `CLEARING_NACHA`) and code (`AC04`).
    pub standard_codes: Vec<(String, String)>,
}

impl ApiException {
    /// Of both versions: `code` and `message`, or `errorCode` and `errorDescription`.
    pub(crate) fn read(node: &ApiNode<'_>) -> Result<Self, ApiReadError> {
        let code = match node.text("code")? {
            Some(code) => Some(code),
            None => node.text("errorCode")?,
        };
        let words = node.words("message").or_else(|| node.words("errorDescription")).unwrap_or_default();
        let mut standard_codes = Vec::new();
        for standard in node.list("additionalContext", STANDARD_CODES_MAX)? {
            if let (Some(kind), Some(code)) = (standard.text("type")?, standard.text("code")?) {
                standard_codes.push((kind, code));
            }
        }
        Ok(Self { code, words, field: node.text("field")?, standard_codes })
    }
}

/// The exceptions of one payment.
pub(crate) fn exceptions(node: &ApiNode<'_>) -> Result<Vec<ApiException>, ApiReadError> {
    node.list("exceptions", EXCEPTIONS_MAX)?.iter().map(ApiException::read).collect()
}
