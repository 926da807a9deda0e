//! The mode of a book: what it may be connected to.

/// The mode, fixed when a book is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BookKind {
    /// Simulated stores and banks only.
    Test,
    /// Real money.
    Live,
}
