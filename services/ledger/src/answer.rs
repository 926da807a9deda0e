//! The outcome of a request.

use crate::{error::Error, read::NamedPosting};

/// The outcome of a request.
#[derive(Debug)]
pub enum BookAnswer {
    /// A posting.
    Posted {
        /// The posting as committed, now or at the first attempt.
        posted: Box<NamedPosting>,
        /// True where a retry got the first attempt's answer.
        replayed: bool,
    },
    /// Accounts were opened or set; read them for their state.
    Done,
}

/// An answer, or why there is none.
pub type AnswerResult = Result<BookAnswer, Error>;

/// The former name of `BookAnswer`.
pub use BookAnswer as Answer;
