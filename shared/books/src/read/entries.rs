//! An account's entries, in either direction. Entries are chained backwards; reading forwards goes from checkpoint to checkpoint. What a page
//! reads is bounded however few entries its filter matches.

use super::{
    balance::{AccountHistory, entry_below, lost, side},
    names,
    posting::{NamedPosting, named_posting},
};
use crate::{
    domain::{
        Micros,
        account::{BookAccount, Side},
        event::{CHECKPOINT_EVERY, Event, Transfer, seq_of, transfer_no},
    },
    store::{self, CheckpointPlace, Store, Walk},
};
use std::collections::HashMap;

/// Entries that one page may examine; a filter that matches few returns a short page, with a token.
const WALK_MAX: usize = 2_000;

/// One entry of an account, for readers.
#[derive(Debug, Clone)]
pub struct AccountEntry {
    /// The posting, its transfers narrowed to this one.
    pub posting: NamedPosting,
    /// The account's balance right after it.
    pub balance_after: i64,
}

/// A filter of entries; `None` matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryFilter {
    /// Kind of the posting.
    pub kind: Option<String>,
    /// The account's side of the transfer.
    pub side: Option<Side>,
    /// The other account's readable id.
    pub counterparty: Option<String>,
    /// The minimum amount; 0 for any.
    pub amount_min: i64,
    /// Commit time: from (inclusive), until (exclusive).
    pub booked: (Option<Micros>, Option<Micros>),
    /// Effective time: from (inclusive), until (exclusive).
    pub effective: (Option<Micros>, Option<Micros>),
}

/// A request for a page.
#[derive(Debug, Clone, Default)]
pub struct EntryListing {
    /// The entries to return.
    pub filter: EntryFilter,
    /// Whether the oldest come first.
    pub oldest_first: bool,
    /// Where the previous page ended; 0 for the first.
    pub place: i64,
    /// The most entries, at least 1.
    pub limit: usize,
}

impl EntryListing {
    /// Refuses a place beyond the account's last transfer.
    pub fn check_place(&self, account: &BookAccount) -> Result<(), PageError> {
        if (0..=account.last_transfer).contains(&self.place) { Ok(()) } else { Err(PageError::Place) }
    }
}

/// Entries, and the place to continue from; 0 when there are no more.
pub type EntryPage = (Vec<AccountEntry>, i64);

/// A filter, resolved to what is compared with rows.
struct Sieve<'a> {
    filter: &'a EntryFilter,
    account: i64,
    counterparty: Option<i64>,
    /// The range of transfers by booking time: from (inclusive), below (exclusive).
    from_no: i64,
    below_no: i64,
}

impl Sieve<'_> {
    fn lets_through(&self, transfer: &Transfer) -> bool {
        let (own, other) = if transfer.debit == self.account { (Side::Debit, transfer.credit) } else { (Side::Credit, transfer.debit) };
        self.filter.side.is_none_or(|side| side == own)
            && self.counterparty.is_none_or(|key| key == other)
            && transfer.amount >= self.filter.amount_min
    }

    fn asks_for_bodies(&self) -> bool {
        self.filter.kind.is_some() || self.filter.effective != (None, None)
    }

    fn lets_body_through(&self, posted: &NamedPosting) -> bool {
        let time = posted.effective_time.unwrap_or(posted.commit_time);
        let (from, until) = self.filter.effective;
        self.filter.kind.as_ref().is_none_or(|kind| *kind == posted.kind)
            && from.is_none_or(|from| time >= from)
            && until.is_none_or(|until| time < until)
    }

    fn lets_all_through(&self) -> bool {
        *self.filter == EntryFilter { booked: self.filter.booked, ..EntryFilter::default() }
    }
}

/// A page that is being filled.
struct PageFilling {
    entries: Vec<AccountEntry>,
    limit: usize,
    looked_at: usize,
}

impl PageFilling {
    fn goes_on(&self) -> bool {
        self.entries.len() < self.limit && self.looked_at < WALK_MAX
    }
}

/// Why a page could not be read.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The place to continue from is not one of the account's entries.
    #[error("the place is not one of this list")]
    Place,
    /// The store can't be read.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Entries of an account up to its last transfer. A page may be short; its place says whether there may be more. `counterparty` is the key of the
/// account in the filter, if any.
pub async fn entries(
    store: &dyn Store,
    book: i64,
    account: &BookAccount,
    counterparty: Option<i64>,
    listing: &EntryListing,
) -> Result<EntryPage, PageError> {
    listing.check_place(account)?;
    let reader = EntryReader { store, book, account };
    let (from, until) = listing.filter.booked;
    let from_no = match from {
        None => 0,
        Some(from) => reader.after_commits_before(from).await?,
    };
    let below_no = match until {
        None => i64::MAX,
        Some(until) => reader.after_commits_before(until).await?,
    };
    let sieve = Sieve { filter: &listing.filter, account: account.key, counterparty, from_no, below_no };
    if listing.oldest_first { reader.forwards(listing, &sieve).await } else { reader.backwards(listing, &sieve).await }
}

/// An account whose entries are being read.
struct EntryReader<'a> {
    store: &'a dyn Store,
    book: i64,
    account: &'a BookAccount,
}

impl EntryReader<'_> {
    /// The number of the first transfer committed at this time or later, existing or not.
    async fn after_commits_before(&self, time: Micros) -> Result<i64, store::Error> {
        let last = self.store.commit_at(self.book, time.saturating_sub(1)).await?;
        Ok(last.map_or(0, |commit| transfer_no(commit.last_seq + 1, 0)))
    }

    /// The account's last transfer below this number; 0 for none.
    async fn newest(&self, below_no: i64) -> Result<i64, store::Error> {
        if below_no == 0 {
            return Ok(0);
        }
        let history = AccountHistory { account: self.account.key, last_no: self.account.last_transfer };
        let last = entry_below(self.store, self.book, history, below_no).await?;
        Ok(last.map_or(0, |transfer| transfer.no))
    }

    async fn backwards(&self, listing: &EntryListing, sieve: &Sieve<'_>) -> Result<EntryPage, PageError> {
        if listing.place != 0 && listing.place >= sieve.below_no {
            return Err(PageError::Place);
        }
        let mut next = if listing.place == 0 { self.newest(sieve.below_no).await? } else { listing.place };
        let mut filling = PageFilling { entries: Vec::new(), limit: listing.limit, looked_at: 0 };
        let above_no = (sieve.from_no - 1).max(0);
        while next > above_no && filling.goes_on() {
            let missing = filling.limit - filling.entries.len();
            let most = if sieve.lets_all_through() { missing } else { (WALK_MAX - filling.looked_at).min(500) };
            let limit = i64::try_from(most).expect("a page");
            let way = self.store.walk(self.book, self.account.key, Walk { from_no: next, above_no, limit }).await?;
            let Some(last) = way.last() else {
                // The walk's start is not one of the account's entries: a token may be wrong about that, the chain never is.
                return Err(if next == listing.place { PageError::Place } else { lost(next).into() });
            };
            next = side(last, self.account.key).1;
            if let Some(last_taken) = self.take(&mut filling, way, sieve).await? {
                next = side(&last_taken, self.account.key).1;
            }
        }
        Ok((filling.entries, if next > above_no { next } else { 0 }))
    }

    async fn forwards(&self, listing: &EntryListing, sieve: &Sieve<'_>) -> Result<EntryPage, PageError> {
        let end = if sieve.below_no == i64::MAX { self.account.last_transfer } else { self.newest(sieve.below_no).await? };
        let mut after = listing.place;
        if after == 0 {
            after = self.newest(sieve.from_no).await?;
        }
        let mut filling = PageFilling { entries: Vec::new(), limit: listing.limit, looked_at: 0 };
        while after < end && filling.goes_on() {
            let checkpoint = self
                .store
                .checkpoints(self.book, CheckpointPlace { account: self.account.key, no: after + 1 }, 1)
                .await?
                .into_iter()
                .next();
            let from_no = checkpoint.filter(|row| row.account == self.account.key).map_or(end, |row| row.no.min(end));
            let mut way = self.store.walk(self.book, self.account.key, Walk { from_no, above_no: after, limit: CHECKPOINT_EVERY }).await?;
            let before = way.last().map(|first| side(first, self.account.key).1);
            if before != Some(after) {
                // The walk back passes the place: it is not one of the account's entries.
                return Err(if before.is_some_and(|before| before < after) { PageError::Place } else { lost(from_no).into() });
            }
            way.reverse();
            after = from_no;
            if let Some(last_taken) = self.take(&mut filling, way, sieve).await? {
                after = last_taken.no;
            }
        }
        Ok((filling.entries, if after < end { after } else { 0 }))
    }

    /// Adds the matching transfers to the page. If the page is full before the walk's end, returns the last one taken.
    async fn take(&self, filling: &mut PageFilling, way: Vec<Transfer>, sieve: &Sieve<'_>) -> Result<Option<Transfer>, store::Error> {
        let missing = filling.limit - filling.entries.len();
        filling.looked_at += way.len();
        let last = way.last().map(|transfer| transfer.no);
        let mut candidates: Vec<Transfer> = way.into_iter().filter(|transfer| sieve.lets_through(transfer)).collect();
        if !sieve.asks_for_bodies() {
            candidates.truncate(missing);
        }
        let mut entries = self.dress(candidates, sieve.account).await?;
        entries.retain(|entry| sieve.lets_body_through(&entry.posting));
        entries.truncate(missing);
        let full = entries.len() == missing;
        let last_taken = entries.last().map(|entry| entry.posting.transfers[0].transfer.clone());
        filling.entries.append(&mut entries);
        Ok(last_taken.filter(|taken| full && Some(taken.no) != last))
    }

    /// Transfers as entries: names, bodies and commit times are read in one query each.
    async fn dress(&self, transfers: Vec<Transfer>, account: i64) -> Result<Vec<AccountEntry>, store::Error> {
        if transfers.is_empty() {
            return Ok(Vec::new());
        }
        let mut seqs: Vec<i64> = transfers.iter().map(|transfer| seq_of(transfer.no)).collect();
        seqs.sort_unstable();
        seqs.dedup();
        let names = names(self.store, self.book, &transfers).await?;
        let times: HashMap<i64, Micros> = self.store.commit_times(self.book, &seqs).await?.into_iter().collect();
        let bodies = self.store.bodies(self.book, &seqs).await?.into_iter().map(|stored| (stored.event.seq, stored.event));
        let bodies: HashMap<i64, Event> = bodies.collect();
        let dress = |transfer: Transfer| {
            let seq = seq_of(transfer.no);
            let damaged = || store::Error::Damaged(format!("event {seq} has a transfer, but no body or commit to it"));
            let (Some(event), Some(time)) = (bodies.get(&seq), times.get(&seq)) else { return Err(damaged()) };
            let balance_after = side(&transfer, account).0.balance();
            let narrowed = Event { transfers: vec![transfer], ..event.clone() };
            let posting = named_posting(narrowed, *time, |key| names[&key].clone()).ok_or_else(damaged)?;
            Ok(AccountEntry { posting, balance_after })
        };
        transfers.into_iter().map(dress).collect()
    }
}
