//! Decoders of received bytes that nobody outside needs, for the fuzz targets in `tests`.

use crate::wire::{self, Scope};
use api::ledger as pb;
use prost::Message as _;

/// Whether a `PostRequest` is one that the writer would be asked. Whatever is, is within the ledger's bounds.
#[must_use]
pub fn post(bytes: &[u8]) -> bool {
    let Ok(sent) = pb::PostRequest::decode(bytes) else { return false };
    wire::post(sent, Scope { book: "demo", subject: "u1" }).is_ok()
}

/// The place that the page token of a `ListEntriesRequest` names.
#[must_use]
pub fn page_place(bytes: &[u8]) -> Option<i64> {
    let sent = pb::ListEntriesRequest::decode(bytes).ok()?;
    let list = wire::List::of(&sent, "demo");
    let place = list.place(&sent.page_token).ok()?;
    assert_eq!(list.token(place), sent.page_token, "one place, one spelling");
    Some(place)
}
