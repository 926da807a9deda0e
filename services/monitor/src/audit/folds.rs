//! Compares purchases with the postings that issued their coins, one stretch of time after another and in bounded memory.
//!
//! Both sides are summed by the ten minutes in which the purchase was made, known from its id: the count, and the sum of the postings' ids and of what they
//! moved (`moves`). A posting names its purchase in its fields; its own id carries the time of the attempt that succeeded. Sums that differ mean that a
//! purchase lacks its posting or the reverse; `largesse verify` names it.
use super::{
    ReadFault,
    claims::{credited_by, of_purchase},
    imported::{ImportedFold, ImportedSums},
    moves::MovesFold,
    seqs,
};
use books::{
    domain::event::{Body, Event, Posting},
    store::{Book, Store},
};
use money::{BookName, id_time_ms};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime},
};
use uuid::Uuid;

/// The length of a stretch.
const STRETCH_MS: u64 = 600_000;
/// Younger purchases may be on one side only, because the other side is just being written.
const SETTLED: Duration = Duration::from_secs(60);
/// Purchases read in one run, not counting the rest of their stretch.
const ROWS_MAX: i64 = 5_000;
/// Verified purchases read in one run.
const VERIFIED_MAX: usize = 10_000;
/// The field of a posting that names its purchase.
const PURCHASE_ID: &str = "purchase_id";

/// The sums of a stretch: the count, and the sum of the ids and of what they moved.
type StretchFold = (i64, u128);

/// A book's purchases according to its journal; imported ones are summed separately.
pub(super) struct PurchaseFolds {
    imported: ImportedFold,
    journal: BTreeMap<u64, StretchFold>,
    /// The next stretch to compare, cyclically.
    next: u64,
    /// Stretches that differed in the last run.
    suspects: BTreeSet<u64>,
}

/// The ledger's side of the comparison.
#[derive(Clone, Copy)]
pub(super) struct JournalSide<'a> {
    pub store: &'a dyn Store,
    pub book: &'a Book,
    pub name: &'a BookName,
    /// The sequence number up to which the journal was followed.
    pub last_seq: i64,
    pub moves: &'a MovesFold,
}

/// A verified purchase whose posting exists.
struct Posted {
    stretch: u64,
    token: u128,
}

/// The result of a comparison.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FoldsCompared {
    /// Nothing differs.
    Passed,
    /// Something differs; it counts only if it still differs in the next run.
    Again,
    /// This differs, and did in the last run.
    Differs(String),
}

impl PurchaseFolds {
    pub fn new(book: &str) -> Self {
        Self { imported: ImportedFold::new(book), journal: BTreeMap::new(), next: 0, suspects: BTreeSet::new() }
    }

    /// The imported sums so far.
    pub fn imported(&self) -> &ImportedSums {
        self.imported.sums()
    }

    /// Adds the next event of the journal, with its moves number where it is a posting; returns whether it is an imported posting.
    pub fn event(&mut self, event: &Event, moves: Option<u64>) -> bool {
        if self.imported.event(event) {
            return true;
        }
        if let Body::Posting(posting) = &event.body
            && posting.kind.starts_with(chart::kind::PURCHASE_PREFIX)
        {
            add(&mut self.journal, stretch(named(posting).unwrap_or(event.id)), token(event.id, moves));
        }
        false
    }

    /// Compares the stretches that differed, and some more. The journal must have been followed to its end just before.
    pub async fn compare(
        &mut self,
        tables: &purchase::tables::Store,
        side: JournalSide<'_>,
        now: SystemTime,
    ) -> Result<FoldsCompared, ReadFault> {
        let end = settled(now);
        let (mut differing, mut sure) = (BTreeSet::new(), None);
        let mut posted = posted(tables, side).await?;
        for &stretch in &self.suspects {
            let (mut theirs, _) = read(tables, side, &mut posted, stretch, stretch + 1, ROWS_MAX).await?;
            join(&mut theirs, &posted, stretch, stretch + 1);
            if theirs.get(&stretch) != self.journal.get(&stretch) {
                differing.insert(stretch);
                sure = sure.or_else(|| Some((stretch, theirs.get(&stretch).map_or(0, |(count, _)| *count))));
            }
        }
        let (mut theirs, reached) = read(tables, side, &mut posted, self.next, end, ROWS_MAX).await?;
        join(&mut theirs, &posted, self.next, reached);
        differing.extend(self.differing(&theirs, self.next, reached));
        self.next = if reached >= end { 0 } else { reached };
        let again = !differing.is_empty();
        self.suspects = differing;
        match sure {
            None => Ok(if again { FoldsCompared::Again } else { FoldsCompared::Passed }),
            Some((stretch, credited)) => {
                let issued = self.journal.get(&stretch).map_or(0, |(count, _)| *count);
                let at = books::stamp::text(i64::try_from(stretch * STRETCH_MS * 1_000).unwrap_or(0));
                Ok(FoldsCompared::Differs(format!(
                    "of the ten minutes from {at} {credited} purchases are credited and {issued} postings issue coins for purchases, and they are \
                     not each other's, or differ in user, amount, unit or account; `largesse verify` names them"
                )))
            }
        }
    }

    fn differing(&self, theirs: &BTreeMap<u64, StretchFold>, from: u64, until: u64) -> Vec<u64> {
        let ours = self.journal.range(from..until).map(|(stretch, _)| *stretch);
        let all: BTreeSet<u64> = ours.chain(theirs.keys().copied()).collect();
        all.into_iter().filter(|stretch| self.journal.get(stretch) != theirs.get(stretch)).collect()
    }
}

/// Existing postings of purchases that are verified but not recorded as credited, because the service crashed in between or is about to record it.
async fn posted(tables: &purchase::tables::Store, side: JournalSide<'_>) -> Result<BTreeMap<Uuid, Posted>, ReadFault> {
    let (mut open, mut after) = (BTreeMap::new(), None);
    while open.len() < VERIFIED_MAX {
        let page = tables.verified(side.name, after).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.purchase_id);
        open.extend(page.into_iter().map(|purchase| (credited_by(&purchase), purchase)));
    }
    // Postings that the journal was not followed to yet count on neither side.
    let there = seqs(side.store, side.book, open.keys().copied().collect()).await?;
    let mut posted = BTreeMap::new();
    for (id, purchase) in open {
        if there.get(&id).is_none_or(|seq| *seq > side.last_seq) {
            continue;
        }
        let event = side.store.event_by_id(side.book.key, id).await?;
        let moved = event.and_then(|event| side.moves.of_event(&event));
        // To the wallet or to suspense: the row does not say which yet; anything else differs.
        let says = of_purchase(&purchase).map(|claim| claim.moves).unwrap_or_default();
        let moved = moved.filter(|moved| says.iter().any(|says| side.moves.of_row(says) == *moved));
        posted.insert(id, Posted { stretch: stretch(purchase.purchase_id), token: token(id, moved) });
    }
    Ok(posted)
}

/// A number for a posting and what it moved, to be summed. Without moves it equals no posting that moved something.
fn token(id: Uuid, moves: Option<u64>) -> u128 {
    /// Odd, so that multiplication maps no two numbers to the same.
    const SPREAD: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
    id.as_u128().wrapping_add(moves.map_or(1, |moves| u128::from(moves) << 1).wrapping_mul(SPREAD))
}

/// Whether a purchase's posting is so young that its stretch is not compared yet, so that it is compared individually.
pub(super) fn is_young(event: &Event) -> bool {
    let Body::Posting(posting) = &event.body else { return false };
    posting.kind.starts_with(chart::kind::PURCHASE_PREFIX) && stretch(named(posting).unwrap_or(event.id)) >= settled(SystemTime::now())
}

/// The first stretch that is not compared yet.
fn settled(now: SystemTime) -> u64 {
    let settled_ms = now.checked_sub(SETTLED).map_or(0, money::time::unix_ms);
    settled_ms.unsigned_abs() / STRETCH_MS
}

/// The purchase that a posting names.
fn named(posting: &Posting) -> Option<Uuid> {
    Uuid::try_parse(posting.field(PURCHASE_ID)?).ok()
}

/// The stretch in which a purchase was made.
fn stretch(purchase_id: Uuid) -> u64 {
    id_time_ms(purchase_id).unwrap_or(0) / STRETCH_MS
}

/// Adds the posted purchases of some stretches to the credited ones.
fn join(folds: &mut BTreeMap<u64, StretchFold>, posted: &BTreeMap<Uuid, Posted>, from: u64, until: u64) {
    posted.values().filter(|one| (from..until).contains(&one.stretch)).for_each(|one| add(folds, one.stretch, one.token));
}

fn add(folds: &mut BTreeMap<u64, StretchFold>, stretch: u64, token: u128) {
    let fold = folds.entry(stretch).or_default();
    *fold = (fold.0 + 1, fold.1.wrapping_add(token));
}

/// Sums credited purchases of the stretches `from` to before `until`, or of fewer if `rows_max` is reached. Returns the stretch before which all was read.
async fn read(
    tables: &purchase::tables::Store,
    side: JournalSide<'_>,
    posted: &mut BTreeMap<Uuid, Posted>,
    from: u64,
    until: u64,
    rows_max: i64,
) -> Result<(BTreeMap<u64, StretchFold>, u64), ReadFault> {
    let (mut folds, mut rows) = (BTreeMap::new(), 0);
    // Ids begin with their time, so this one is before every id of the stretch.
    let mut after = Uuid::from_u128(u128::from(from * STRETCH_MS) << 80);
    loop {
        let page = tables.credited(side.name, Some(after)).await?;
        let Some(last) = page.last() else { return Ok((folds, until.max(from))) };
        after = last.purchase_id;
        for purchase in &page {
            let stretch = stretch(purchase.purchase_id);
            if stretch >= until {
                return Ok((folds, until));
            }
            if rows >= rows_max && folds.keys().next_back().is_some_and(|last| *last < stretch) {
                return Ok((folds, stretch));
            }
            rows += 1;
            match purchase.state.posting_id().and_then(|id| Uuid::try_parse(id).ok()) {
                Some(id) => {
                    // It was credited after it was read as verified; it counts once.
                    posted.remove(&id);
                    let says = of_purchase(purchase).and_then(|claim| claim.moves.first().map(|moves| side.moves.of_row(moves)));
                    add(&mut folds, stretch, token(id, says));
                }
                // It names no posting, which makes its stretch differ.
                None => add(&mut folds, stretch, token(purchase.purchase_id, None)),
            }
        }
    }
}
