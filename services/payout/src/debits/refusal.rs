//! Why what people found of a debit is refused. None of these is sticky.

use crate::review::refusal::ReviewRefusal;
use tonic::{Code, Status};

/// A rule of findings, in order of precedence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DebitRefusal {
    /// There is none with a candidate of the book.
    #[error("there is no such unexplained debit of this book; nothing was changed")]
    Unknown,
    /// It also has candidates of books that the token does not cover.
    #[error("the debit may have paid payouts of other books too, which your token does not cover; nothing was changed")]
    OtherBooks,
    /// A statement explains it by now, or people have found what it is.
    #[error("the debit is {state}, so there is nothing to find any more; nothing was changed")]
    Ended {
        /// How it stands.
        state: &'static str,
    },
    /// The same as of a payout.
    #[error(transparent)]
    Review(#[from] ReviewRefusal),
}

impl DebitRefusal {
    /// As its caller sees it.
    #[must_use]
    pub fn status(&self) -> Status {
        let (code, reason, facts) = match self {
            Self::Unknown => (Code::NotFound, "DEBIT_UNKNOWN", Vec::new()),
            Self::OtherBooks => (Code::PermissionDenied, "DEBIT_OF_OTHER_BOOKS", Vec::new()),
            Self::Ended { state } => (Code::FailedPrecondition, "DEBIT_ENDED", vec![("state", (*state).to_owned())]),
            Self::Review(refusal) => return refusal.status(),
        };
        rpc::refused(code, reason, self.to_string(), &facts)
    }
}
