//! What moves between accounts of the company: the entries of one of them, of postings in which no account of a user takes part.
//!
//! It is read along the account's own chain of entries, newest first. Gifts and purchases move the company's accounts as well, so a page examines a bounded number of
//! entries, and may be short.
use crate::{
    audit::ReadFault,
    error::ForeignPosition,
    explain::{StoryScope, StoryTables, StoryTeller, tellers},
    listing::ListedPosition,
};
use books::{
    domain::{account::BookAccount, event::TransferKind},
    read::{self, AccountEntry, EntryFilter, EntryListing, PageError},
};
use chart::{Unit, account::is_house};
use identity::BookScope;
use money::BookName;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Entries that one page examines.
const EXAMINED_MAX: usize = 2_000;
/// Entries that are read at once.
const READ: usize = 500;

/// What to list.
#[derive(Debug, Clone)]
pub(crate) struct HouseFilter {
    pub(crate) book: BookName,
    /// The account's name.
    pub(crate) account: String,
    /// `posted`, `held` or `released`; none: any.
    pub(crate) states: BTreeSet<String>,
    /// Kinds of postings; none: any.
    pub(crate) kinds: BTreeSet<String>,
    /// From the first of these times to before the second, in Unix milliseconds.
    pub(crate) range: (i64, i64),
    /// The unit, and the smallest amount in it.
    pub(crate) least: Option<(Unit, i64)>,
}

/// An entry of the account.
#[derive(Debug, Clone)]
pub(crate) struct HouseMove {
    /// Its time in Unix milliseconds, and the number of its transfer.
    pub(crate) position: ListedPosition,
    pub(crate) posting_id: Uuid,
    pub(crate) kind: String,
    pub(crate) state: &'static str,
    pub(crate) unit: String,
    pub(crate) amount: i64,
    pub(crate) debit: String,
    pub(crate) credit: String,
}

/// A page, and where the next one begins, if there may be one.
pub(crate) type HousePage = (Vec<HouseMove>, Option<ListedPosition>);

/// The moves after a position, newest first. `None`: the book has no such account.
pub(crate) async fn list_page(
    tables: &StoryTables,
    filter: &HouseFilter,
    after: Option<ListedPosition>,
    size: usize,
) -> Result<Option<HousePage>, ReadFault> {
    let scope = StoryScope { books: BookScope::Only(vec![filter.book.clone()]), user: None, most: 0 };
    let Some(teller) = tellers(tables, &scope).await?.pop() else { return Ok(None) };
    let Some(account) = teller.accounts_named(std::slice::from_ref(&filter.account)).await?.pop() else { return Ok(None) };
    let mut listing = EntryListing { limit: READ, filter: booked(filter.range.0, filter.range.1), ..EntryListing::default() };
    if let Some((_, id)) = after {
        listing.place = place_after(&teller, &account, id).await?;
        if listing.place == 0 {
            return Ok(Some((Vec::new(), None)));
        }
    }
    let (mut found, mut examined) = (Vec::new(), 0);
    loop {
        let read = read::entries(&*teller.store, teller.book.key, &account, None, &listing).await;
        let (entries, next) = read.map_err(|fault| match fault {
            PageError::Place => ReadFault::from(ForeignPosition),
            PageError::Store(fault) => fault.into(),
        })?;
        let between = between_house(&teller, &entries).await?;
        for (entry, is_between) in entries.iter().zip(between) {
            examined += 1;
            let Some(line) = line(entry) else { continue };
            let position = line.position;
            if is_between && filter.keeps(&line) {
                found.push(line);
            }
            if found.len() == size || examined == EXAMINED_MAX {
                return Ok(Some((found, Some(position))));
            }
        }
        if next == 0 {
            return Ok(Some((found, None)));
        }
        listing.place = next;
    }
}

impl HouseFilter {
    fn keeps(&self, line: &HouseMove) -> bool {
        let has = |names: &BTreeSet<String>, name: &str| names.is_empty() || names.contains(name);
        let least = self.least.is_none_or(|(unit, least)| line.unit == unit.to_string() && line.amount >= least);
        has(&self.states, line.state) && has(&self.kinds, &line.kind) && least
    }
}

/// Entries of these times, in Unix milliseconds.
fn booked(from_ms: i64, until_ms: i64) -> EntryFilter {
    let micros = |ms: i64| ms.saturating_mul(1_000);
    let (from, until) = ((from_ms > 0).then(|| micros(from_ms)), (until_ms < i64::MAX).then(|| micros(until_ms)));
    EntryFilter { booked: (from, until), ..EntryFilter::default() }
}

/// Where the account's entries go on after a transfer of its own; 0: it was the first.
async fn place_after(teller: &StoryTeller, account: &BookAccount, id: Uuid) -> Result<i64, ReadFault> {
    let number = i64::try_from(id.as_u128()).map_err(|_| ForeignPosition)?;
    let shown = teller.store.transfers(teller.book.key, number, 1).await?.into_iter().next();
    let shown = shown.filter(|transfer| transfer.no == number).ok_or(ForeignPosition)?;
    match account.key {
        key if key == shown.debit => Ok(shown.debit_prev),
        key if key == shown.credit => Ok(shown.credit_prev),
        _ => Err(ForeignPosition.into()),
    }
}

/// Of which of these entries the whole posting is between accounts of the company.
async fn between_house(teller: &StoryTeller, entries: &[AccountEntry]) -> Result<Vec<bool>, ReadFault> {
    let of_house = |entry: &&AccountEntry| entry.posting.transfers.iter().all(|moved| is_house(&moved.debit) && is_house(&moved.credit));
    // Most are known by the other account of the entry itself.
    let seqs: BTreeSet<i64> = entries.iter().filter(of_house).map(|entry| entry.posting.seq).collect();
    teller.read_ahead(seqs.iter().copied()).await?;
    let mut between = Vec::with_capacity(entries.len());
    for entry in entries {
        let is_between = seqs.contains(&entry.posting.seq) && {
            let event = teller.event_at(entry.posting.seq).await?;
            teller.account_rows(std::slice::from_ref(&event)).await?.values().all(|account| is_house(&account.name))
        };
        between.push(is_between);
    }
    Ok(between)
}

fn line(entry: &AccountEntry) -> Option<HouseMove> {
    let moved = entry.posting.transfers.first()?;
    let state = match moved.transfer.kind {
        TransferKind::Posted | TransferKind::PostOfPending => "posted",
        TransferKind::Pending => "held",
        TransferKind::VoidOfPending | TransferKind::ExpiryOfPending => "released",
    };
    Some(HouseMove {
        position: (entry.posting.commit_time.div_euclid(1_000), Uuid::from_u128(u128::try_from(moved.transfer.no).ok()?)),
        posting_id: entry.posting.id,
        kind: entry.posting.kind.clone(),
        state,
        unit: moved.unit.to_string(),
        amount: moved.transfer.amount,
        debit: moved.debit.to_string(),
        credit: moved.credit.to_string(),
    })
}
