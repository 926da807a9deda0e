//! What somebody may have changed in the row of a sheet: all of it but its number follows from the sheet's bytes and from when it was loaded.
use crate::{catalogue::dated::SheetCheck, store::price_sheets::SheetRow};
use sha2::{Digest as _, Sha256};

/// The column that contradicts the sheet's bytes; `None` where the row is as it was loaded, as far as one row can show that.
#[must_use]
pub fn sheet_damage(row: &SheetRow) -> Option<&'static str> {
    if hex::encode(Sha256::digest(row.content.as_bytes())) != row.content_hash {
        return Some("content_hash");
    }
    let Ok(check) = SheetCheck::new(&row.content) else { return Some("content") };
    if check.list.version() != row.version {
        return Some("version");
    }
    // Without a time of its own it begins when it is loaded.
    (check.begins(row.loaded_at_ms).ok() != Some(row.effective_at_ms)).then_some("effective_at_ms")
}
