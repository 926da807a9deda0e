//! A book's journal as CSV, a row for each transfer. The same book gives the same bytes, on either engine.
//!
//! Reads in pages of short statements, so a live book is never blocked and memory use stays at one page, whatever the book's size. [`fields`]: what stores and
//! banks call a posting, and the fields of its request.
pub mod fields;

use crate::OperationFault;
use books::{
    domain::{
        account::BookAccount,
        event::{Body, Event, Posting, Transfer},
    },
    stamp,
    store::{Book, READ_CHUNK, Store},
};
use fields::{FIELD_COLUMNS, FieldSources, ForeignIds, amount_text};
use jiff::Timestamp;
use std::{
    collections::{BTreeSet, HashMap},
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
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
    /// The events that were committed from one moment on and before another. Commit times never decrease, so two periods of which one follows the other have
    /// every event once.
    pub async fn of_times(
        store: &dyn Store,
        book: &Book,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<Self, OperationFault> {
        let before = async |moment: Timestamp| {
            let last = store.commit_at(book.key, moment.as_microsecond().saturating_sub(1)).await?;
            Ok::<_, OperationFault>(last.map_or(0, |commit| commit.last_seq))
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

/// How an export ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportEnd {
    /// All of it, this many transfers, was written.
    Whole(u64),
    /// The reader of the output closed it.
    BrokenPipe,
}

/// Writes the journal's transfers in order. Postings without transfers have no row.
pub async fn export(store: &dyn Store, book: &Book, range: &ExportRange, out: impl Write) -> Result<ExportEnd, OperationFault> {
    let mut csv = csv::Writer::from_writer(out);
    let written = write(store, book, range, &mut csv).await;
    match written {
        Ok(rows) => Ok(ExportEnd::Whole(rows)),
        Err(error) if broken_pipe(&*error) => {
            // Nothing more can be written, and dropping the writer would try to.
            std::mem::forget(csv);
            Ok(ExportEnd::BrokenPipe)
        }
        Err(error) => Err(error),
    }
}

/// The same into a file. It is written under a temporary name first, so that a truncated file can't pass for a complete one.
pub async fn to_file(store: &dyn Store, book: &Book, range: &ExportRange, path: &Path) -> Result<ExportEnd, OperationFault> {
    let told = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let mut out = BufWriter::new(File::create(&partial).map_err(|error| told(&partial, error))?);
    let ended = export(store, book, range, &mut out).await?;
    out.flush().and_then(|()| out.get_ref().sync_all()).map_err(|error| told(&partial, error))?;
    std::fs::rename(&partial, path).map_err(|error| told(path, error))?;
    Ok(ended)
}

/// Whether a reader of the output has closed it.
pub(crate) fn broken_pipe(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    let is = |error: &std::io::Error| error.kind() == std::io::ErrorKind::BrokenPipe;
    if let Some(error) = error.downcast_ref::<csv::Error>() {
        return matches!(error.kind(), csv::ErrorKind::Io(error) if is(error));
    }
    error.downcast_ref::<std::io::Error>().is_some_and(is)
}

async fn write(store: &dyn Store, book: &Book, range: &ExportRange, csv: &mut csv::Writer<impl Write>) -> Result<u64, OperationFault> {
    let mut owned = match &range.owner {
        Some(owner) => Some(accounts_of(store, book, owner).await?),
        None => None,
    };
    let account = match &range.account {
        Some(name) => {
            let found = store.accounts_by_name(book.key, std::slice::from_ref(name)).await?.into_iter().next();
            Some(found.ok_or_else(|| format!("book {} has no account {name}", book.name))?.key)
        }
        None => None,
    };
    let only = range.account.as_deref().or(range.owner.as_deref());
    let more = range.fields.iter().flat_map(|_| FIELD_COLUMNS);
    csv.write_record(HEADER.into_iter().chain(only.map(|_| ONLY)).chain(more))?;
    let end = store.head(book.key).await?.map_or(0, |head| head.last_seq).min(range.until_seq.unwrap_or(i64::MAX));
    let (mut from, mut rows) = (range.from_seq.max(1), 0);
    while from <= end {
        let page = store.events(book.key, from, PAGE.min(end - from + 1)).await?;
        let Some(last) = page.last() else { return Err(format!("event {from} is missing; see `largesse verify`").into()) };
        from = last.event.seq + 1;
        let mut exported: Vec<ExportedEvent> = page.into_iter().map(|stored| ExportedEvent::new(stored.event)).collect();
        for ExportedEvent { event, .. } in &mut exported {
            if let Some(keys) = &mut owned {
                // An account may be opened while the journal is read.
                if let Body::AccountOpened { key, name } = &event.body
                    && chart::account::owner(name) == range.owner.as_deref()
                {
                    keys.insert(*key);
                }
                event.transfers.retain(|transfer| keys.contains(&transfer.debit) || keys.contains(&transfer.credit));
            }
            event.transfers.retain(|transfer| account.is_none_or(|key| transfer.debit == key || transfer.credit == key));
        }
        exported.retain(|exported| !exported.event.transfers.is_empty());
        rows += write_page(store, book, &exported, only, range.fields.as_ref(), csv).await?;
    }
    csv.flush()?;
    Ok(rows)
}

/// Keys of a user's accounts.
async fn accounts_of(store: &dyn Store, book: &Book, owner: &str) -> Result<BTreeSet<i64>, OperationFault> {
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

async fn write_page(
    store: &dyn Store,
    book: &Book,
    exported: &[ExportedEvent],
    only: Option<&str>,
    sources: Option<&FieldSources>,
    csv: &mut csv::Writer<impl Write>,
) -> Result<u64, OperationFault> {
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
    let foreign: Option<ForeignIds> = match sources {
        Some(sources) => Some(sources.ids_of(&book.name, exported.iter().map(|exported| &exported.event)).await?),
        None => None,
    };
    let mut rows = 0;
    for ExportedEvent { event, legs } in exported {
        let time = times.get(&event.seq).ok_or_else(|| format!("event {} has no commit; see `largesse verify`", event.seq))?;
        let columns = PostingColumns::new(event, &book.name, *time, *legs);
        let fields = foreign.as_ref().map(|foreign| foreign.json(event));
        for transfer in &event.transfers {
            let account = |key: i64| accounts.get(&key).ok_or_else(|| format!("account {key} has no row; see `largesse verify`"));
            let (debit, credit) = (account(transfer.debit)?, account(transfer.credit)?);
            let more = fields.as_ref().map(|fields| [amount_text(transfer.amount, debit.unit), fields.clone()]);
            let record = columns.record(transfer, debit, credit);
            csv.write_record(record.iter().map(String::as_str).chain(only).chain(more.iter().flatten().map(String::as_str)))?;
            rows += 1;
        }
    }
    Ok(rows)
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
