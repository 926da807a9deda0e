//! A book's journal as CSV, a row for each transfer. The same book gives the same bytes, on either engine.
//!
//! Reads in pages of short statements, so a live book is never blocked and memory use stays at one page, whatever the book's size. [`fields`]: what stores and
//! banks call a posting, and the fields of its request.
pub mod fields;

use crate::audit::ReadFault;
use books::{
    domain::{
        account::BookAccount,
        event::{Body, Event, Posting, Transfer},
    },
    stamp,
    store::{Book, READ_CHUNK, Store},
};
use fields::{FIELD_COLUMNS, FieldSources, ForeignIds, amount_text};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// The first line. Times are RFC 3339 in UTC with microseconds, amounts and balances in the unit's smallest part; a balance is posted credits less posted
/// debits right after the transfer. `legs` is how many transfers the posting has in the book, by which a reader knows that it has all of them; `imported_id` is
/// the id that the posting had in the file it was imported from, and empty where it was posted here.
pub const HEADER: [&str; 15] = [
    "posting_id",
    "seq",
    "kind",
    "commit_time",
    "effective_time",
    "leg",
    "transfer_kind",
    "debit_account",
    "credit_account",
    "unit",
    "amount",
    "debit_balance_after",
    "credit_balance_after",
    "legs",
    "imported_id",
];

/// The additional last column of a filtered export: the account or user that it is filtered by. Such a file may have only parts of postings.
pub const ONLY: &str = "only";

/// Events per read.
const PAGE: i64 = 1_000;

/// What to export.
#[derive(Debug, Clone, Default)]
pub struct ExportRange {
    /// The first event; 0 or 1 for the beginning.
    pub from_seq: i64,
    /// The last event; `None` for the last one that exists at the start.
    pub until_seq: Option<i64>,
    /// Only transfers from or to this account.
    pub account: Option<String>,
    /// Only transfers from or to accounts of this user.
    pub owner: Option<String>,
    /// The tables to look up what is in [`FIELD_COLUMNS`], for a file with these columns.
    pub fields: Option<FieldSources>,
}

impl ExportRange {
    /// The events that were committed from one moment on and before another, each in microseconds since the Unix epoch. Commit times never decrease, so two periods of which one follows the other have
    /// every event once.
    pub async fn of_times(store: &dyn Store, book: &Book, from: Option<i64>, until: Option<i64>) -> Result<Self, ReadFault> {
        let before = async |moment: i64| {
            let last = store.commit_at(book.key, moment.saturating_sub(1)).await?;
            Ok::<_, ReadFault>(last.map_or(0, |commit| commit.last_seq))
        };
        let from_seq = match from {
            Some(from) => before(from).await?.saturating_add(1),
            None => 1,
        };
        let until_seq = match until {
            Some(until) => Some(before(until).await?),
            None => None,
        };
        Ok(Self { from_seq, until_seq, ..Self::default() })
    }
}

/// The user whose account it is; `None` for the company's own.
#[must_use]
pub fn owner_of(account: &str) -> Option<&str> {
    chart::account::owner(account)
}

/// The column heads of a file: those that every file has, and those of a filter and of `fields`.
fn heads(range: &ExportRange) -> impl Iterator<Item = &'static str> {
    let only = range.account.as_deref().or(range.owner.as_deref());
    let more = range.fields.iter().flat_map(|_| FIELD_COLUMNS);
    HEADER.into_iter().chain(only.map(|_| ONLY)).chain(more)
}

/// No account of the book has the name that an export is filtered by.
#[derive(Debug, thiserror::Error)]
#[error("book {book} has no account {account}")]
pub struct AccountUnknown {
    book: String,
    account: String,
}

/// A journal as CSV, page by page. Each page is of whole rows, the first begins with the column heads. Postings without transfers have no row.
pub struct JournalPages {
    store: Arc<dyn Store>,
    book: Book,
    range: ExportRange,
    /// Keys of the accounts that rows are filtered by.
    filter: Option<BTreeSet<i64>>,
    /// The next event.
    from: i64,
    /// The last event.
    end: i64,
    headed: bool,
    /// Rows so far, without the column heads.
    rows: u64,
}

impl JournalPages {
    /// Begins an export. Fails with [`AccountUnknown`] where it is filtered by an account that there is not.
    pub async fn begin(store: Arc<dyn Store>, book: Book, range: ExportRange) -> Result<Self, ReadFault> {
        let filter = match (&range.owner, &range.account) {
            (_, Some(name)) => {
                let found = store.accounts_by_name(book.key, std::slice::from_ref(name)).await?.into_iter().next();
                let found = found.ok_or_else(|| AccountUnknown { book: book.name.clone(), account: name.clone() })?;
                Some(BTreeSet::from([found.key]))
            }
            (Some(owner), None) => Some(accounts_of(&*store, &book, owner).await?),
            (None, None) => None,
        };
        let end = store.head(book.key).await?.map_or(0, |head| head.last_seq).min(range.until_seq.unwrap_or(i64::MAX));
        let from = range.from_seq.max(1);
        Ok(Self { store, book, range, filter, from, end, headed: false, rows: 0 })
    }

    /// Rows so far, without the column heads.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The last event that the file is to have; 0 in an empty book.
    #[must_use]
    pub fn last_seq(&self) -> i64 {
        self.end
    }

    /// The next rows; `None` at the end. Pages without a row are left out.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, ReadFault> {
        let mut csv = csv::Writer::from_writer(Vec::new());
        if !self.headed {
            csv.write_record(heads(&self.range))?;
            self.headed = true;
        } else if self.from > self.end {
            return Ok(None);
        }
        let before = self.rows;
        while self.rows == before && self.from <= self.end {
            self.write_page(&mut csv).await?;
        }
        let page = csv.into_inner().map_err(|error| error.into_error())?;
        Ok(Some(page).filter(|page| !page.is_empty()))
    }

    async fn write_page(&mut self, csv: &mut csv::Writer<Vec<u8>>) -> Result<(), ReadFault> {
        let Self { store, book, range, filter, from, end, .. } = self;
        let page = store.events(book.key, *from, PAGE.min(*end - *from + 1)).await?;
        let Some(last) = page.last() else { return Err(format!("event {from} is missing; see `largesse verify`").into()) };
        *from = last.event.seq + 1;
        let mut exported: Vec<ExportedEvent> = page.into_iter().map(|stored| ExportedEvent::new(stored.event)).collect();
        if let Some(keys) = filter {
            for ExportedEvent { event, .. } in &mut exported {
                // An account may be opened while the journal is read.
                if let (Body::AccountOpened { key, name }, Some(owner)) = (&event.body, &range.owner)
                    && chart::account::owner(name) == Some(owner)
                {
                    keys.insert(*key);
                }
                event.transfers.retain(|transfer| keys.contains(&transfer.debit) || keys.contains(&transfer.credit));
            }
        }
        exported.retain(|exported| !exported.event.transfers.is_empty());
        let found = PageNames::read(&**store, book, range.fields.as_ref(), &exported).await?;
        let only = range.account.as_deref().or(range.owner.as_deref());
        for event in &exported {
            for record in found.records(event, &book.name)? {
                let (columns, more) = record.split_at(HEADER.len());
                csv.write_record(columns.iter().map(String::as_str).chain(only).chain(more.iter().map(String::as_str)))?;
                self.rows += 1;
            }
        }
        Ok(())
    }
}

/// Keys of a user's accounts.
async fn accounts_of(store: &dyn Store, book: &Book, owner: &str) -> Result<BTreeSet<i64>, ReadFault> {
    let (mut keys, mut after) = (BTreeSet::new(), 0);
    loop {
        let page = store.accounts_after(book.key, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(keys) };
        after = last.key;
        keys.extend(page.iter().filter(|account| chart::account::owner(&account.name) == Some(owner)).map(|account| account.key));
    }
}

/// An event, and how many transfers it had before some were filtered out.
struct ExportedEvent {
    event: Event,
    legs: usize,
}

impl ExportedEvent {
    fn new(event: Event) -> Self {
        Self { legs: event.transfers.len(), event }
    }
}

/// What the rows of a page name: accounts, times, and what stores and banks call the postings.
struct PageNames {
    accounts: HashMap<i64, BookAccount>,
    times: HashMap<i64, i64>,
    /// `None`: the file has no such columns.
    foreign: Option<ForeignIds>,
}

impl PageNames {
    async fn read(store: &dyn Store, book: &Book, sources: Option<&FieldSources>, exported: &[ExportedEvent]) -> Result<Self, ReadFault> {
        let transfers = exported.iter().flat_map(|exported| &exported.event.transfers);
        let keys: BTreeSet<i64> = transfers.flat_map(|transfer| [transfer.debit, transfer.credit]).collect();
        let keys: Vec<i64> = keys.into_iter().collect();
        let mut accounts = HashMap::new();
        for chunk in keys.chunks(READ_CHUNK) {
            accounts.extend(store.accounts_by_key(book.key, chunk).await?.into_iter().map(|account| (account.key, account)));
        }
        let seqs: Vec<i64> = exported.iter().map(|exported| exported.event.seq).collect();
        let mut times = HashMap::new();
        for chunk in seqs.chunks(READ_CHUNK) {
            times.extend(store.commit_times(book.key, chunk).await?);
        }
        let foreign = match sources {
            Some(sources) => Some(sources.ids_of(&book.name, exported.iter().map(|exported| &exported.event)).await?),
            None => None,
        };
        Ok(Self { accounts, times, foreign })
    }

    /// The rows of an event, without the column of a filter.
    fn records(&self, exported: &ExportedEvent, book: &str) -> Result<Vec<Vec<String>>, ReadFault> {
        let ExportedEvent { event, legs } = exported;
        let time = self.times.get(&event.seq).ok_or_else(|| format!("event {} has no commit; see `largesse verify`", event.seq))?;
        let columns = PostingColumns::new(event, book, *time, *legs);
        let fields = self.foreign.as_ref().map(|foreign| foreign.json(event));
        let account = |key: i64| self.accounts.get(&key).ok_or_else(|| format!("account {key} has no row; see `largesse verify`"));
        let record = |transfer: &Transfer| {
            let (debit, credit) = (account(transfer.debit)?, account(transfer.credit)?);
            let more = fields.as_ref().map(|fields| [amount_text(transfer.amount, debit.unit), fields.clone()]);
            Ok(columns.record(transfer, debit, credit).into_iter().chain(more.into_iter().flatten()).collect())
        };
        event.transfers.iter().map(record).collect()
    }
}

/// The columns that all rows of a posting have in common.
struct PostingColumns {
    id: String,
    seq: String,
    kind: String,
    commit_time: String,
    effective_time: String,
    legs: String,
    imported_id: String,
}

impl PostingColumns {
    fn new(event: &Event, book: &str, time: i64, legs: usize) -> Self {
        // The transfers of expired holds belong to no posting.
        let plain = Posting::default();
        let posting = if let Body::Posting(posting) = &event.body { posting } else { &plain };
        Self {
            id: event.id.to_string(),
            seq: event.seq.to_string(),
            kind: posting.kind.clone(),
            commit_time: stamp::text(time),
            effective_time: posting.effective_time.map(stamp::text).unwrap_or_default(),
            legs: legs.to_string(),
            imported_id: chart::imported::origin(event.id, |name| posting.field(name), book).map(|id| id.to_string()).unwrap_or_default(),
        }
    }

    fn record(&self, transfer: &Transfer, debit: &BookAccount, credit: &BookAccount) -> [String; HEADER.len()] {
        [
            self.id.clone(),
            self.seq.clone(),
            self.kind.clone(),
            self.commit_time.clone(),
            self.effective_time.clone(),
            (transfer.no & ((1 << books::domain::event::LEG_BITS) - 1)).to_string(),
            transfer.kind.as_str().to_owned(),
            debit.name.to_string(),
            credit.name.to_string(),
            debit.unit.to_string(),
            transfer.amount.to_string(),
            transfer.debit_after.balance().to_string(),
            transfer.credit_after.balance().to_string(),
            self.legs.clone(),
            self.imported_id.clone(),
        ]
    }
}
