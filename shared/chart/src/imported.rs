//! How imported postings are recognised: by their ids, which only an import can create.
//!
//! The ledger derives the ids of `ImportBatch` in a scope of their own and stores the id from the file as a field of the posting. Any service can send such
//! a field, but not an id of that scope: `Post` derives in another one. So a posting is imported exactly if the two match.
use money::derive_id;
use uuid::Uuid;

/// The ledger's scope of imports. It is part of every book and never changes.
pub const IMPORT: &str = "ledger.ImportBatch";
/// The field with the id that the posting had in the file.
pub const IMPORTED_ID: &str = "imported_id";

/// The id that a posting of a file gets in this book. It does not depend on the person who imports it, so a second import is a retry.
#[must_use]
pub fn imported(file_id: Uuid, book: &str) -> Uuid {
    derive_id(file_id, &[IMPORT, book, ""])
}

/// The id that this posting had in the file it was imported from; `None` if it was posted here, whatever its fields say. `field` gives the value of the posting's
/// request field with a name.
#[must_use]
pub fn origin<'a>(event_id: Uuid, field: impl FnOnce(&str) -> Option<&'a str>, book: &str) -> Option<Uuid> {
    Uuid::try_parse(field(IMPORTED_ID)?).ok().filter(|file_id| imported(*file_id, book) == event_id)
}

#[cfg(test)]
mod tests;
