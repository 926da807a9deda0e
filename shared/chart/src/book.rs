//! What a book may be connected to.

/// Fixed when a book is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BookKind {
    /// Pretend stores and banks only.
    Test,
    /// Real money.
    Live,
}
