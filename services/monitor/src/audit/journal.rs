//! A book's journal, read once for all joins of a whole audit: the postings that issued coins for purchases, and what was imported.
use super::{ReadFault, imported::ImportedFold, posters::PosterFold};
use books::{
    domain::event::Body,
    store::{Book, Store},
};
use chart::OwnPosters;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Events of one read.
const PAGE: i64 = 5_000;

/// What of the journal is joined to services' tables.
pub(super) struct JournalFold {
    /// Postings for purchases by id, with their place; without those that were imported.
    pub purchases: BTreeMap<Uuid, i64>,
    /// See there.
    pub imported: ImportedFold,
    /// See there.
    pub posters: PosterFold,
    /// The last event that was read.
    pub last_seq: i64,
}

impl JournalFold {
    pub fn new(book: &Book, own: &OwnPosters) -> Self {
        let (imported, posters) = (ImportedFold::new(&book.name), PosterFold::new(book, own.clone()));
        Self { purchases: BTreeMap::new(), imported, posters, last_seq: 0 }
    }

    /// Reads on, up to this event or the last there is.
    pub async fn follow(&mut self, store: &dyn Store, book: &Book, until: i64) -> Result<(), ReadFault> {
        while self.last_seq < until {
            let page = store.events(book.key, self.last_seq + 1, PAGE.min(until - self.last_seq)).await?;
            let Some(last) = page.last() else { return Ok(()) };
            self.last_seq = last.event.seq;
            for stored in &page {
                self.posters.event(&stored.event);
                if self.imported.event(&stored.event) {
                    continue;
                }
                if let Body::Posting(posting) = &stored.event.body
                    && posting.kind.starts_with(chart::kind::PURCHASE_PREFIX)
                {
                    self.purchases.insert(stored.event.id, stored.event.seq);
                }
            }
        }
        Ok(())
    }
}
