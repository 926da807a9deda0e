//! A book's journal, read once for all joins of a whole audit: the postings that rows of services must be behind, and what was imported.
use super::{
    ReadFault,
    claims::RowsOf,
    gifts::{Catalogues, GiftFold},
    imported::ImportedFold,
    moves::MovesFold,
    posters::PosterFold,
};
use books::{
    domain::event::Body,
    store::{Book, Store},
};
use chart::OwnPosters;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Events of one read.
const PAGE: i64 = 5_000;

/// A posting that is joined to a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct PostingSeen {
    /// Its place.
    pub seq: i64,
    /// What it moved, as a number.
    pub moves: u64,
}

/// What of the journal is joined to services' tables.
pub(super) struct JournalFold {
    /// Postings by whose rows they are joined to and by id; without those that were imported.
    joined: BTreeMap<RowsOf, BTreeMap<Uuid, PostingSeen>>,
    /// Numbers of what postings move.
    pub moves: MovesFold,
    /// Sums of what was imported.
    pub imported: ImportedFold,
    /// Postings against who may post them.
    pub posters: PosterFold,
    gifts: GiftFold,
    /// The catalogues that were served, if they are here.
    catalogues: Option<Catalogues>,
    /// The last event that was read.
    pub last_seq: i64,
}

impl JournalFold {
    pub fn new(book: &Book, own: &OwnPosters, catalogues: Option<Catalogues>) -> Self {
        let (imported, posters) = (ImportedFold::new(&book.name), PosterFold::new(book, own.clone()));
        let (moves, gifts) = (MovesFold::new(), GiftFold::default());
        Self { joined: BTreeMap::new(), moves, imported, posters, gifts, catalogues, last_seq: 0 }
    }

    /// What is wrong with gifts and the catalogues they were sold from, and how many are right; none where no catalogues are here.
    pub fn gifts_compared(&self) -> Option<(Vec<String>, usize)> {
        let catalogues = self.catalogues.as_ref()?;
        let problems = catalogues.damaged().iter().cloned().chain(self.gifts.problems()).collect();
        Some((problems, self.gifts.explained()))
    }

    /// Postings that these rows must be behind.
    pub fn joined(&self, of: RowsOf) -> &BTreeMap<Uuid, PostingSeen> {
        const NONE: &BTreeMap<Uuid, PostingSeen> = &BTreeMap::new();
        self.joined.get(&of).unwrap_or(NONE)
    }

    /// Reads on, up to this event or the last there is.
    pub async fn follow(&mut self, store: &dyn Store, book: &Book, until: i64) -> Result<(), ReadFault> {
        while self.last_seq < until {
            let page = store.events(book.key, self.last_seq + 1, PAGE.min(until - self.last_seq)).await?;
            let Some(last) = page.last() else { return Ok(()) };
            self.last_seq = last.event.seq;
            for stored in &page {
                self.posters.event(&stored.event);
                let moves = self.moves.event(&stored.event);
                if self.imported.event(&stored.event) {
                    continue;
                }
                self.gifts.event(&stored.event, &self.moves);
                if let Body::Posting(posting) = &stored.event.body
                    && let (Some(of), Some(moves)) = (RowsOf::kind(&posting.kind), moves)
                {
                    self.joined.entry(of).or_default().insert(stored.event.id, PostingSeen { seq: stored.event.seq, moves });
                }
            }
            match &mut self.catalogues {
                Some(catalogues) => self.gifts.compare(catalogues, store, book).await?,
                None => self.gifts.forget(),
            }
        }
        Ok(())
    }
}
