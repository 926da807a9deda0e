//! Decoders of received and stored bytes that nobody outside needs, for the fuzz targets in `tests`.

use crate::{
    store::rows,
    watch::From,
    wire::{self, Scope},
};
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
    let list = wire::entries_list(&sent, "demo");
    let place = wire::entries_place(&list, &sent.page_token).ok()?;
    assert_eq!(wire::entries_token(&list, place), sent.page_token, "one place, one spelling");
    Some(place).filter(|place| *place > 0)
}

/// Whether these are the facts and the fields of a stored refusal. What is written of them again is read as the same.
#[must_use]
pub fn refusal(facts: &str, fields: &str) -> bool {
    let row = |facts: String, fields: String| rows::refusal((vec![7; 16], 0, "INSUFFICIENT_FUNDS".to_owned(), facts, fields));
    let Ok(read) = row(facts.to_owned(), fields.to_owned()) else { return false };
    let again = row(rows::pairs(&read.told.facts), rows::pairs(&read.fields)).expect("what is written can be read");
    assert_eq!(again, read);
    true
}

/// The commit after which a `WatchJournalRequest` asks to begin, if it names one.
#[must_use]
pub fn watch_after(bytes: &[u8]) -> Option<i64> {
    match wire::watch_from(pb::WatchJournalRequest::decode(bytes).ok()?) {
        Ok(From::Commit { commit_no, hash }) => {
            assert!(hash.len() <= 32, "a hash is not longer than one");
            Some(commit_no)
        }
        Ok(From::Seq(seq)) => {
            assert!(seq > 0, "events count from one");
            None
        }
        Err(_) => None,
    }
}
