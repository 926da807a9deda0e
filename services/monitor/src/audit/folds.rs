//! Purchases against the postings that issued their coins, a stretch of time after the other and in bounded memory.
//!
//! Both sides are folded by the ten minutes in which the purchase was made, which its id tells: how many, and the sum of the postings' ids. A posting names its
//! purchase in its fields; its own id carries the time of the attempt that succeeded. Folds that differ say that a purchase lacks its posting or the reverse;
//! `largesse verify` names it.
use super::{
    ReadFault,
    imported::{ImportedFold, ImportedSums},
    purchases::credited_by,
    seqs,
};
use books::{
    domain::event::{Body, Event},
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
/// What is younger may be on one side only, because the other is just being written.
const SETTLED: Duration = Duration::from_secs(60);
/// Purchases read in one look, and the rest of their stretch.
const ROWS_MAX: i64 = 5_000;
/// Verified purchases read in one look.
const VERIFIED_MAX: usize = 10_000;
/// The field of a posting that names its purchase.
const PURCHASE_ID: &str = "purchase_id";

/// What is known of a stretch: how many, and the sum of their ids.
type StretchFold = (i64, u128);

/// A book's purchases, as its journal has them; and apart from them what was imported.
pub(super) struct PurchaseFolds {
    imported: ImportedFold,
    journal: BTreeMap<u64, StretchFold>,
    /// The stretch that is compared next, round and round.
    next: u64,
    /// Stretches that differed the last time.
    suspects: BTreeSet<u64>,
}

/// The ledger's side.
#[derive(Clone, Copy)]
pub(super) struct JournalSide<'a> {
    pub store: &'a dyn Store,
    pub book: &'a Book,
    pub name: &'a BookName,
    /// Where the journal was followed to.
    pub last_seq: i64,
}

/// What a look came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FoldsCompared {
    /// Nothing differs.
    Held,
    /// Something differed that is looked at once more before it counts.
    Again,
    /// This differs, and did the last time.
    Differs(String),
}

impl PurchaseFolds {
    pub fn new(book: &str) -> Self {
        Self { imported: ImportedFold::new(book), journal: BTreeMap::new(), next: 0, suspects: BTreeSet::new() }
    }

    /// What was imported so far.
    pub fn imported(&self) -> &ImportedSums {
        self.imported.sums()
    }

    /// An event of the journal, in order.
    pub fn event(&mut self, event: &Event) {
        if self.imported.event(event) {
            return;
        }
        if let Body::Posting(posting) = &event.body
            && posting.kind.starts_with(chart::kind::PURCHASE_PREFIX)
        {
            add(&mut self.journal, stretch(named(&posting.fields).unwrap_or(event.id)), event.id);
        }
    }

    /// Compares the stretches that differed, and some more. The journal must have been followed to its end just before.
    pub async fn compare(
        &mut self,
        tables: &purchase::tables::Store,
        side: JournalSide<'_>,
        now: SystemTime,
    ) -> Result<FoldsCompared, ReadFault> {
        let book = side.name;
        let settled = now.checked_sub(SETTLED).and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok()).unwrap_or_default();
        let end = u64::try_from(settled.as_millis()).unwrap_or(u64::MAX) / STRETCH_MS;
        let (mut differing, mut sure) = (BTreeSet::new(), None);
        let mut posted = posted(tables, side).await?;
        for &stretch in &self.suspects {
            let (mut theirs, _) = read(tables, book, &mut posted, stretch, stretch + 1, ROWS_MAX).await?;
            join(&mut theirs, &posted, stretch, stretch + 1);
            if theirs.get(&stretch) != self.journal.get(&stretch) {
                differing.insert(stretch);
                sure = sure.or_else(|| Some((stretch, theirs.get(&stretch).map_or(0, |(count, _)| *count))));
            }
        }
        let (mut theirs, reached) = read(tables, book, &mut posted, self.next, end, ROWS_MAX).await?;
        join(&mut theirs, &posted, self.next, reached);
        differing.extend(self.differing(&theirs, self.next, reached));
        self.next = if reached >= end { 0 } else { reached };
        let again = !differing.is_empty();
        self.suspects = differing;
        match sure {
            None => Ok(if again { FoldsCompared::Again } else { FoldsCompared::Held }),
            Some((stretch, credited)) => {
                let issued = self.journal.get(&stretch).map_or(0, |(count, _)| *count);
                let at = books::stamp::text(i64::try_from(stretch * STRETCH_MS * 1_000).unwrap_or(0));
                Ok(FoldsCompared::Differs(format!(
                    "of the ten minutes from {at} {credited} purchases are credited and {issued} postings issue coins for purchases, and they are \
                     not each other's; `largesse verify` names them"
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

/// Postings of purchases that are verified and not yet known to be credited, because their service fell in between or is just there.
async fn posted(tables: &purchase::tables::Store, side: JournalSide<'_>) -> Result<BTreeMap<Uuid, u64>, ReadFault> {
    let (mut stretches, mut after) = (BTreeMap::new(), None);
    while stretches.len() < VERIFIED_MAX {
        let page = tables.verified(side.name, after).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.purchase_id);
        stretches.extend(page.iter().map(|purchase| (credited_by(purchase), stretch(purchase.purchase_id))));
    }
    // What the journal was not followed to yet is on neither side.
    let there = seqs(side.store, side.book, stretches.keys().copied().collect()).await?;
    stretches.retain(|id, _| there.get(id).is_some_and(|seq| *seq <= side.last_seq));
    Ok(stretches)
}

/// The purchase that a posting names.
fn named(fields: &[(String, String)]) -> Option<Uuid> {
    let (_, value) = fields.iter().find(|(name, _)| name == PURCHASE_ID)?;
    Uuid::try_parse(value).ok()
}

/// The stretch in which a purchase was made.
fn stretch(purchase_id: Uuid) -> u64 {
    id_time_ms(purchase_id).unwrap_or(0) / STRETCH_MS
}

/// Counts those of some stretches among the credited.
fn join(folds: &mut BTreeMap<u64, StretchFold>, posted: &BTreeMap<Uuid, u64>, from: u64, until: u64) {
    posted.iter().filter(|(_, stretch)| (from..until).contains(*stretch)).for_each(|(id, stretch)| add(folds, *stretch, *id));
}

fn add(folds: &mut BTreeMap<u64, StretchFold>, stretch: u64, id: Uuid) {
    let fold = folds.entry(stretch).or_default();
    *fold = (fold.0 + 1, fold.1.wrapping_add(id.as_u128()));
}

/// Folds credited purchases from one stretch to before another, or as far as some rows go. Returns the stretch before which all was read.
async fn read(
    tables: &purchase::tables::Store,
    book: &BookName,
    posted: &mut BTreeMap<Uuid, u64>,
    from: u64,
    until: u64,
    rows_max: i64,
) -> Result<(BTreeMap<u64, StretchFold>, u64), ReadFault> {
    let (mut folds, mut rows) = (BTreeMap::new(), 0);
    // Ids begin with their time, so this one is before all of the stretch.
    let mut after = Uuid::from_u128(u128::from(from * STRETCH_MS) << 80);
    loop {
        let page = tables.credited(book, Some(after)).await?;
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
            match Uuid::try_parse(&purchase.posting_id) {
                Ok(id) => {
                    // Credited since it was read as verified: it counts once.
                    posted.remove(&id);
                    add(&mut folds, stretch, id);
                }
                // Of no posting at all: it makes its stretch differ.
                Err(_) => add(&mut folds, stretch, Uuid::from_u128(purchase.purchase_id.as_u128() | 1)),
            }
        }
    }
}
