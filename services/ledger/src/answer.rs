//! What becomes of a request.

use crate::{error::Error, read::NamedPosting};

/// What became of a request.
#[derive(Debug)]
pub enum BookAnswer {
    /// A posting.
    Posted {
        /// As it happened, now or at the first attempt.
        posted: Box<NamedPosting>,
        /// Whether it was the first attempt.
        replayed: bool,
    },
    /// Accounts opened or set: read them.
    Done,
}

/// An answer or why there is none.
pub type AnswerResult = Result<BookAnswer, Error>;

/// Its name of before.
pub use BookAnswer as Answer;
