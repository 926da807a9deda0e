//! The sources and uses of an account's money: first in, first out. Read from the store, independently of the writer's memory.
//!
//! The counters after each entry say what the account has received and given in total. So a debit covers a stretch of the total given, and the credits
//! that cover the same stretch of the total received paid for it; and the other way around.

use super::balance::side;
use crate::{
    domain::{
        account::{BookAccount, Counters},
        event::{CHECKPOINT_EVERY, Transfer, TransferKind, seq_of},
    },
    store::{self, CheckpointPlace, READ_CHUNK, Store, Walk, read_log},
};

/// Transfers of the journal's tail read at once.
const TAIL_PAGE: i64 = 5_000;

/// An entry of the account, and how much of it is in the stretch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailPart {
    /// The entry.
    pub transfer: Transfer,
    /// That amount; at most what the entry moved.
    pub amount: i64,
}

/// Entries of a stretch, the earliest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trail {
    /// The entries found.
    pub parts: Vec<TrailPart>,
    /// The account has more entries than were examined, so some of the earliest may be missing.
    pub cut: bool,
}

/// A stretch of the total that an account received or gave, in its unit.
#[derive(Clone, Copy)]
struct Stretch {
    from: i64,
    until: i64,
}

impl Stretch {
    /// The stretch of a transfer that left a counter at `until`.
    fn of(transfer: &Transfer, until: i64) -> Self {
        Self { from: until - moved(transfer), until }
    }
}

/// The amount that a transfer moved; a hold and its release move nothing.
fn moved(transfer: &Transfer) -> i64 {
    match transfer.kind {
        TransferKind::Posted | TransferKind::PostOfPending => transfer.amount,
        TransferKind::Pending | TransferKind::VoidOfPending | TransferKind::ExpiryOfPending => 0,
    }
}

/// Where a page of a trail begins, and how much it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrailRange {
    /// The number of the account's transfer where it begins; 0: at the newest.
    pub from_no: i64,
    /// The most entries that it has.
    pub parts_max: usize,
    /// How many entries it examines, about.
    pub entries_max: usize,
}

/// A page of a trail, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrailPage {
    /// The entries found.
    pub parts: Vec<TrailPart>,
    /// Where the next page begins; 0: there is none.
    pub next_no: i64,
}

impl TrailPage {
    /// Everything that was examined, the earliest first.
    fn into_trail(mut self) -> Trail {
        self.parts.reverse();
        Trail { parts: self.parts, cut: self.next_no > 0 }
    }
}

/// Credits of the account that paid for a debit of it. Examines about `entries_max` entries before it.
pub async fn sources(store: &dyn Store, book: i64, account: i64, debit: &Transfer, entries_max: usize) -> Result<Trail, store::Error> {
    let range = TrailRange { from_no: 0, parts_max: usize::MAX, entries_max };
    Ok(sources_page(store, book, account, debit, range).await?.into_trail())
}

/// A page of these credits.
pub async fn sources_page(
    store: &dyn Store,
    book: i64,
    account: i64,
    debit: &Transfer,
    range: TrailRange,
) -> Result<TrailPage, store::Error> {
    let stretch = Stretch::of(debit, debit.debit_after.debits_posted);
    let credited = |transfer: &Transfer| transfer.credit_after.credits_posted;
    let mut page = TrailPage { parts: Vec::new(), next_no: range.from_no };
    if stretch.from >= stretch.until {
        return Ok(TrailPage::default());
    }
    if page.next_no == 0 {
        // What is spent now may have been received long before the last entries: the walk begins where all of it had been received.
        let enough = from_behind(store, book, account, 1, |counters| counters.credits_posted >= stretch.until).await?;
        page.next_no = enough.filter(|no| *no < debit.no).unwrap_or(debit.debit_prev);
    }
    let mut looked_at = 0;
    while page.next_no > 0 && looked_at < range.entries_max && page.parts.len() < range.parts_max {
        for transfer in walk(store, book, account, page.next_no).await? {
            (looked_at, page.next_no) = (looked_at + 1, side(&transfer, account).1);
            if transfer.credit == account {
                add(&mut page.parts, &transfer, credited(&transfer), stretch);
            }
            if side(&transfer, account).0.credits_posted <= stretch.from {
                page.next_no = 0;
                break;
            }
            if page.parts.len() >= range.parts_max {
                break;
            }
        }
    }
    Ok(page)
}

/// The debits of an account that were paid from one of its credits. Examines about `entries_max` entries after the credit.
pub async fn uses(
    store: &dyn Store,
    book: i64,
    account: &BookAccount,
    credit: &Transfer,
    entries_max: usize,
) -> Result<Trail, store::Error> {
    let range = TrailRange { from_no: 0, parts_max: usize::MAX, entries_max };
    Ok(uses_page(store, book, account, credit, range).await?.into_trail())
}

/// A page of these debits.
pub async fn uses_page(
    store: &dyn Store,
    book: i64,
    account: &BookAccount,
    credit: &Transfer,
    range: TrailRange,
) -> Result<TrailPage, store::Error> {
    let stretch = Stretch::of(credit, credit.credit_after.credits_posted);
    let mut page = TrailPage { parts: Vec::new(), next_no: range.from_no };
    if stretch.from >= stretch.until {
        return Ok(TrailPage::default());
    }
    if page.next_no == 0 {
        let enough = from_behind(store, book, account.key, credit.no + 1, |counters| counters.debits_posted >= stretch.until).await?;
        page.next_no = enough.unwrap_or(account.last_transfer);
    }
    let mut looked_at = 0;
    while page.next_no > credit.no && looked_at < range.entries_max && page.parts.len() < range.parts_max {
        for transfer in walk(store, book, account.key, page.next_no).await? {
            (looked_at, page.next_no) = (looked_at + 1, side(&transfer, account.key).1);
            if transfer.debit == account.key {
                add(&mut page.parts, &transfer, transfer.debit_after.debits_posted, stretch);
            }
            // Earlier entries were spent before the credit and are not part of it.
            if side(&transfer, account.key).0.debits_posted <= stretch.from || page.next_no <= credit.no {
                page.next_no = 0;
                break;
            }
            if page.parts.len() >= range.parts_max {
                break;
            }
        }
    }
    if page.next_no <= credit.no {
        page.next_no = 0;
    }
    Ok(page)
}

fn add(parts: &mut Vec<TrailPart>, transfer: &Transfer, counter: i64, Stretch { from, until }: Stretch) {
    let amount = counter.min(until) - (counter - moved(transfer)).max(from);
    if amount > 0 {
        parts.push(TrailPart { transfer: transfer.clone(), amount });
    }
}

async fn walk(store: &dyn Store, book: i64, account: i64, from_no: i64) -> Result<Vec<Transfer>, store::Error> {
    let way = store.walk(book, account, Walk { from_no, above_no: 0, limit: CHECKPOINT_EVERY }).await?;
    if way.is_empty() { Err(super::balance::lost(from_no)) } else { Ok(way) }
}

/// The first checkpoint at or after this transfer that satisfies `enough`; a walk backwards can begin there. `None`: there is none yet.
async fn from_behind(
    store: &dyn Store,
    book: i64,
    account: i64,
    mut from: i64,
    enough: impl Fn(&Counters) -> bool,
) -> Result<Option<i64>, store::Error> {
    const PAGE: i64 = 256;
    loop {
        let page = store.checkpoints(book, CheckpointPlace { account, no: from }, PAGE).await?;
        let own: Vec<_> = page.iter().take_while(|row| row.account == account).collect();
        if let Some(found) = own.iter().find(|row| enough(&row.counters)) {
            return Ok(Some(found.no));
        }
        match own.last() {
            Some(last) if own.len() == page.len() => from = last.no + 1,
            _ => return Ok(None),
        }
    }
}

/// Accounts by their keys, each as the journal's last event left it: its row, its newer state in the log, and the transfers after both.
pub async fn accounts(store: &dyn Store, book: i64, keys: &[i64]) -> Result<Vec<BookAccount>, store::Error> {
    // The head first: rows and log then lack only transfers from its `replay_from` on.
    let Some(head) = store.head(book).await? else { return Ok(Vec::new()) };
    let behind = read_log(store, book).await?;
    let mut accounts = Vec::new();
    for chunk in keys.chunks(READ_CHUNK) {
        accounts.extend(store.accounts_by_key(book, chunk).await?);
    }
    for account in &mut accounts {
        if let Some(standing) = behind.get(account.key) {
            standing.apply(account);
        }
    }
    let mut from = head.replay_from;
    loop {
        let page = store.transfers(book, from, TAIL_PAGE).await?;
        let Some(last) = page.last() else { return Ok(accounts) };
        from = last.no + 1;
        for account in &mut accounts {
            for transfer in page.iter().filter(|transfer| transfer.debit == account.key || transfer.credit == account.key) {
                if account.last_transfer < transfer.no {
                    account.counters = side(transfer, account.key).0;
                    account.last_transfer = transfer.no;
                    account.seq = account.seq.max(seq_of(transfer.no));
                }
            }
        }
    }
}
