//! A book's journal, read once for all joins of a whole audit: the postings that services must have rows for, and the imported ones.
use super::{
    ReadFault,
    claims::RowsOf,
    gifts::{Catalogues, GiftFold},
    imported::ImportedFold,
    moves::MovesFold,
    posters::PosterFold,
    reservations::ReservationFold,
    twins::TwinFold,
};
use books::{
    domain::event::Body,
    store::{Book, Store},
};
use chart::OwnPosters;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Events per read.
const PAGE: i64 = 5_000;

/// A posting that is joined to a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct PostingSeen {
    /// Its sequence number.
    pub seq: i64,
    /// The number that stands for what it moved.
    pub moves: u64,
}

/// What is kept of the journal to join it with the services' tables.
pub(super) struct JournalFold {
    /// Postings by service and by id, without those that were imported.
    joined: BTreeMap<RowsOf, BTreeMap<Uuid, PostingSeen>>,
    /// Assigns the numbers that stand for what postings move.
    pub moves: MovesFold,
    /// Sums of what was imported.
    pub imported: ImportedFold,
    /// Compares postings with the list of who may post them.
    pub posters: PosterFold,
    /// Leaves, cash, claims and twins.
    pub twins: TwinFold,
    /// What follows the holds of reservations.
    pub reservations: ReservationFold,
    gifts: GiftFold,
    /// The catalogues that were served, if their tables are here.
    catalogues: Option<Catalogues>,
    /// The last event that was read.
    pub last_seq: i64,
}

impl JournalFold {
    pub fn new(book: &Book, own: &OwnPosters, catalogues: Option<Catalogues>) -> Self {
        let (imported, posters) = (ImportedFold::new(&book.name), PosterFold::new(book, own.clone()));
        let (moves, gifts, twins) = (MovesFold::new(), GiftFold::default(), TwinFold::default());
        let reservations = ReservationFold::default();
        Self { joined: BTreeMap::new(), moves, imported, posters, twins, reservations, gifts, catalogues, last_seq: 0 }
    }

    /// Problems of gifts and their catalogues, and the number of correct gifts; `None` without catalogues in this database.
    pub fn gifts_compared(&self) -> Option<(Vec<String>, usize)> {
        let catalogues = self.catalogues.as_ref()?;
        let problems = catalogues.damaged().iter().cloned().chain(self.gifts.problems()).collect();
        Some((problems, self.gifts.explained()))
    }

    /// Postings that this service must have rows for.
    pub fn joined(&self, of: RowsOf) -> &BTreeMap<Uuid, PostingSeen> {
        const NONE: &BTreeMap<Uuid, PostingSeen> = &BTreeMap::new();
        self.joined.get(&of).unwrap_or(NONE)
    }

    /// Reads on, up to this event or to the journal's end.
    pub async fn follow(&mut self, store: &dyn Store, book: &Book, until: i64) -> Result<(), ReadFault> {
        while self.last_seq < until {
            let page = store.events(book.key, self.last_seq + 1, PAGE.min(until - self.last_seq)).await?;
            let Some(last) = page.last() else { return Ok(()) };
            self.last_seq = last.event.seq;
            for stored in &page {
                self.posters.event(&stored.event);
                self.twins.event(&stored.event);
                let moves = self.moves.event(&stored.event);
                if self.imported.event(&stored.event) {
                    continue;
                }
                self.gifts.event(&stored.event, &self.moves);
                if let Some(moves) = moves {
                    self.reservations.event(&stored.event, moves);
                }
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
