//! Why bytes are not a message, or values can't become one.

/// Why a message can't be read or written. Texts name elements, never their content: accounts and names are personal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// More bytes, elements or depth than any message of ours needs.
    #[error("the document exceeds {what} of {max}")]
    TooLarge {
        /// The limit's name.
        what: &'static str,
        /// The limit.
        max: usize,
    },
    /// Not well-formed XML 1.0 in UTF-8.
    #[error("not well-formed XML near byte {at}: {why}")]
    Malformed {
        /// Position in the document.
        at: u64,
        /// What is wrong.
        why: String,
    },
    /// A document type declaration or a custom entity. Never needed, often an attack.
    #[error("{0} is refused")]
    Forbidden(&'static str),
    /// An element of another namespace than the message's.
    #[error("element {element} is not in namespace {expected}")]
    Namespace {
        /// Local name of the element.
        element: String,
        /// The message's namespace.
        expected: &'static str,
    },
    /// A message of a version that is not read here.
    #[error("{found} is a version that is not read here")]
    Version {
        /// Its name, such as `pain.002.001.15`.
        found: String,
    },
    /// An element the schema requires is absent.
    #[error("{parent} lacks {element}")]
    Missing {
        /// The element that should contain it.
        parent: String,
        /// The absent element.
        element: &'static str,
    },
    /// An element the schema allows once occurs again.
    #[error("{parent} holds {element} more than once")]
    Duplicate {
        /// The element that contains it.
        parent: String,
        /// The repeated element.
        element: &'static str,
    },
    /// An element or value is not of its type.
    #[error("{element} must be {form}")]
    Value {
        /// Local name of the element, or the value's noun.
        element: String,
        /// What it should be.
        form: &'static str,
    },
    /// Counts or sums do not match the transfers.
    #[error("{element} does not match the transfers")]
    Total {
        /// `NbOfTxs` or `CtrlSum`.
        element: &'static str,
    },
}

impl Error {
    pub(crate) fn value(element: &str, form: &'static str) -> Self {
        Self::Value { element: element.to_owned(), form }
    }
}
