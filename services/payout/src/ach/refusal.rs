//! Why what people found of a file is refused. None of these is sticky.

use crate::review::refusal::ReviewRefusal;
use tonic::{Code, Status};

/// A rule of findings, in order of precedence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileRefusal {
    /// There is none with payments of the book.
    #[error("this bank has no such file with payments of this book; nothing was changed")]
    Unknown,
    /// It also has payments of books that the token does not cover.
    #[error("the file has payments of other books too, which your token does not cover; nothing was changed")]
    OtherBooks,
    /// It was not sent, or the bank has said what became of it, or it is decided.
    #[error("the file is {state}: people find only what became of one that was sent and not acknowledged; nothing was changed")]
    NotInDoubt {
        /// Its state.
        state: &'static str,
    },
    /// The bank gave a receipt for its bytes.
    #[error("the bank has given a receipt for this file, so it received it; nothing was changed, ask it for the acknowledgement")]
    Received,
    /// The bank can't be asked.
    #[error("the bank can't be asked for the file's acknowledgement now; nothing was changed, try again later")]
    Unasked,
    /// The bank answers now.
    #[error("the bank has acknowledged the file after all, and its acknowledgement decides; what you found was not recorded")]
    Acknowledged,
    /// An upload that began before the first finding may not have ended.
    #[error("an upload of the file may still be on its way; nothing was decided, confirm it again in {seconds} seconds")]
    InFlight {
        /// For so long.
        seconds: i64,
    },
    /// Others wrote its row again and again.
    #[error("the file is being advanced at the same time; nothing was changed, try again")]
    Busy,
    /// The same as of a payout.
    #[error(transparent)]
    Review(#[from] ReviewRefusal),
}

impl FileRefusal {
    /// As its caller sees it.
    #[must_use]
    pub fn status(&self) -> Status {
        let (code, reason, facts) = match self {
            Self::Unknown => (Code::NotFound, "FILE_UNKNOWN", Vec::new()),
            Self::OtherBooks => (Code::PermissionDenied, "FILE_OF_OTHER_BOOKS", Vec::new()),
            Self::NotInDoubt { state } => (Code::FailedPrecondition, "FILE_NOT_IN_DOUBT", vec![("state", (*state).to_owned())]),
            Self::Received => (Code::FailedPrecondition, "FILE_RECEIVED", Vec::new()),
            Self::Unasked => (Code::Unavailable, "FILE_UNASKED", Vec::new()),
            Self::Acknowledged => (Code::FailedPrecondition, "FILE_ACKNOWLEDGED", Vec::new()),
            Self::InFlight { seconds } => (Code::FailedPrecondition, "FILE_IN_FLIGHT", vec![("seconds", seconds.to_string())]),
            Self::Busy => (Code::Unavailable, "FILE_BUSY", Vec::new()),
            Self::Review(refusal) => return refusal.status(),
        };
        rpc::refused(code, reason, self.to_string(), &facts)
    }
}
