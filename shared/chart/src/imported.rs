//! How an imported posting is known: by its own id, which nothing but an import can make.
//!
//! The ledger derives the ids of `ImportBatch` in a scope of their own and keeps the id that the file had as a field of the posting. A field can be sent by
//! any service; an id of that scope can't: `Post` derives in another one. So a posting is imported where the two fit, and only there.
use money::derive_id;
use uuid::Uuid;

/// The ledger's scope of what is imported. It stands in every book and never changes.
pub const IMPORT: &str = "ledger.ImportBatch";
/// The field that keeps the id which the posting had in the file.
pub const IMPORTED_ID: &str = "imported_id";

/// The id that a posting of a file gets in this book. No subject: what happened once happened once, whoever brings it.
#[must_use]
pub fn imported(file_id: Uuid, book: &str) -> Uuid {
    derive_id(file_id, &[IMPORT, book, ""])
}

/// The id that this posting had in the file it was imported from; `None` for one that was posted here, whatever its fields say.
#[must_use]
pub fn origin(event_id: Uuid, fields: &[(String, String)], book: &str) -> Option<Uuid> {
    let (_, value) = fields.iter().find(|(name, _)| name == IMPORTED_ID)?;
    Uuid::try_parse(value).ok().filter(|file_id| imported(*file_id, book) == event_id)
}

#[cfg(test)]
mod tests;
