//! Decoders of received and stored bytes that are public only for the fuzz targets in `tests`.

use crate::{
    book::watching::WatchFrom,
    wire::{self, IdScope},
};
use api::ledger as pb;
pub use books::decoders::refusal;
use prost::Message as _;

/// Whether a `PostRequest` would be passed to the writer. Any that would be is within the ledger's bounds.
#[must_use]
pub fn post(bytes: &[u8]) -> bool {
    let Ok(sent) = pb::PostRequest::decode(bytes) else { return false };
    wire::post(sent, IdScope { book: "demo", subject: "u1" }).is_ok()
}

/// The position in the page token of a `ListEntriesRequest`.
#[must_use]
pub fn page_place(bytes: &[u8]) -> Option<i64> {
    let sent = pb::ListEntriesRequest::decode(bytes).ok()?;
    let list = wire::entries_list(&sent, "demo");
    let place = wire::entries_place(&list, &sent.page_token).ok()?;
    assert_eq!(wire::entries_token(&list, place), sent.page_token, "one position, one token");
    Some(place).filter(|place| *place > 0)
}

/// The commit after which a `WatchJournalRequest` asks to begin, if it has a cursor.
#[must_use]
pub fn watch_after(bytes: &[u8]) -> Option<i64> {
    match wire::watch_from(pb::WatchJournalRequest::decode(bytes).ok()?) {
        Ok(WatchFrom::Commit { commit_no, hash }) => {
            assert!(hash.len() <= 32, "a hash is not longer than one");
            Some(commit_no)
        }
        Ok(WatchFrom::Seq(seq)) => {
            assert!(seq > 0, "events count from one");
            None
        }
        Err(_) => None,
    }
}
