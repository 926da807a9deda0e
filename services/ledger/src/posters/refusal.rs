//! The refusal of what a caller may not post.
use money::UserKey;

/// Why a caller may not make a request. Nothing of it was executed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{service} may not {what}; nothing was executed; {next}")]
pub struct PosterRefusal {
    /// The subject of the caller's token.
    pub service: UserKey,
    /// The kind that was sent, if any.
    pub kind: String,
    /// The offending transfer, from 1, if it is about one.
    pub transfer: Option<usize>,
    pub(super) what: String,
    pub(super) next: &'static str,
}

impl PosterRefusal {
    /// The facts reported to a caller: its name, the kind it sent, and the offending transfer.
    pub(crate) fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = vec![("service", self.service.to_string())];
        facts.extend((!self.kind.is_empty()).then(|| ("kind", self.kind.clone())));
        facts.extend(self.transfer.map(|transfer| ("transfer", transfer.to_string())));
        facts
    }
}
