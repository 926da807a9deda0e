//! The entries of one account.
use crate::answer::NotPosted;
use api::ledger::{Entry, ListEntriesRequest, ListEntriesResponse};
use money::BookName;
use rpc::wire::{timestamp_ms, unix_ms};
use uuid::Uuid;

/// Entries of a page: as many as the ledger gives.
const PAGE: i32 = 200;

/// Which entries of an account.
#[derive(Debug, Clone)]
pub struct EntriesWanted<'a> {
    /// The book.
    pub book: &'a BookName,
    /// The account's name.
    pub account: &'a str,
    /// From the first entry on, and not from the last one back.
    pub oldest_first: bool,
    /// Only those committed at this time or later, in Unix milliseconds; 0: all.
    pub booked_from_ms: i64,
    /// `next_page_token` of the page before; empty: the first page.
    pub page_token: String,
}

/// What a posting's transfer did to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedEntry {
    /// The posting.
    pub posting: Uuid,
    /// Its sequence number.
    pub seq: i64,
    /// Its kind.
    pub kind: String,
    /// Credits minus debits right after the transfer; a hold leaves them as they were.
    pub balance_after: i64,
    /// When it was committed, in Unix milliseconds.
    pub booked_ms: i64,
    /// When it happened, in Unix milliseconds.
    pub effective_ms: i64,
}

/// A page of entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListedEntries {
    /// The entries, in the order asked for.
    pub entries: Vec<ListedEntry>,
    /// Empty: there are no more.
    pub next_page_token: String,
}

impl EntriesWanted<'_> {
    pub(crate) fn request(self) -> ListEntriesRequest {
        ListEntriesRequest {
            book: self.book.to_string(),
            account: self.account.to_owned(),
            page_size: PAGE,
            page_token: self.page_token,
            oldest_first: self.oldest_first,
            booked_from: (self.booked_from_ms != 0).then(|| timestamp_ms(self.booked_from_ms)),
            ..ListEntriesRequest::default()
        }
    }
}

impl ListedEntries {
    pub(crate) fn read(page: ListEntriesResponse) -> Result<Self, NotPosted> {
        let entries = page.entries.into_iter().map(ListedEntry::read).collect::<Option<_>>();
        let entries = entries.ok_or_else(|| NotPosted::lost("the ledger's answer had an entry without its id or times"))?;
        Ok(Self { entries, next_page_token: page.next_page_token })
    }
}

impl ListedEntry {
    fn read(entry: Entry) -> Option<Self> {
        let booked_ms = unix_ms(&entry.commit_time?);
        Some(Self {
            posting: Uuid::try_parse(&entry.posting_id).ok()?,
            seq: entry.seq,
            kind: entry.kind,
            balance_after: entry.balance_after,
            booked_ms,
            effective_ms: entry.effective_time.map_or(booked_ms, |time| unix_ms(&time)),
        })
    }
}
