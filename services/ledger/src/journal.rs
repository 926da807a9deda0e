//! What readers may see of a book's journal: up to the last commit that the writer knows to be resolved.

use crate::store::Commit;
use std::sync::Mutex;

/// A book's published head.
#[derive(Default)]
pub(crate) struct Journal {
    head: Mutex<Option<Commit>>,
}

impl Journal {
    /// The last published commit; `None` before the book is loaded.
    pub(crate) fn head(&self) -> Option<Commit> {
        self.head.lock().expect("nothing panics while it holds this").clone()
    }

    /// Everything up to this commit may be seen.
    pub(crate) fn publish(&self, head: &Commit) {
        *self.head.lock().expect("nothing panics while it holds this") = Some(head.clone());
    }
}
