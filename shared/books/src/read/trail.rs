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
    store::{self, READ_CHUNK, Store, Walk, read_log},
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

/// Credits of the account that paid for a debit of it. Examines about `entries_max` entries before it.
pub async fn sources(store: &dyn Store, book: i64, account: i64, debit: &Transfer, entries_max: usize) -> Result<Trail, store::Error> {
    let stretch = Stretch::of(debit, debit.debit_after.debits_posted);
    let credited = |transfer: &Transfer| transfer.credit_after.credits_posted;
    let mut trail = Trail::default();
    // What is spent now may have been received long before the last entries: the walk begins where all of it had been received.
    let enough = from_behind(store, book, account, 1, |counters| counters.credits_posted >= stretch.until).await?;
    let mut next = enough.filter(|no| *no < debit.no).unwrap_or(debit.debit_prev);
    let mut looked_at = 0;
    while next > 0 && stretch.from < stretch.until {
        for transfer in walk(store, book, account, next).await? {
            (looked_at, next) = (looked_at + 1, side(&transfer, account).1);
            if transfer.credit == account {
                add(&mut trail, &transfer, credited(&transfer), stretch);
            }
            if side(&transfer, account).0.credits_posted <= stretch.from {
                next = 0;
                break;
            }
        }
        if looked_at >= entries_max && next > 0 {
            trail.cut = true;
            break;
        }
    }
    trail.parts.reverse();
    Ok(trail)
}

/// The debits of an account that were paid from one of its credits. Examines about `entries_max` entries after the credit.
pub async fn uses(
    store: &dyn Store,
    book: i64,
    account: &BookAccount,
    credit: &Transfer,
    entries_max: usize,
) -> Result<Trail, store::Error> {
    let stretch = Stretch::of(credit, credit.credit_after.credits_posted);
    let mut trail = Trail::default();
    if stretch.from >= stretch.until {
        return Ok(trail);
    }
    let enough = from_behind(store, book, account.key, credit.no + 1, |counters| counters.debits_posted >= stretch.until).await?;
    let mut next = enough.unwrap_or(account.last_transfer);
    let mut looked_at = 0;
    while next > credit.no {
        for transfer in walk(store, book, account.key, next).await? {
            (looked_at, next) = (looked_at + 1, side(&transfer, account.key).1);
            if transfer.debit == account.key {
                add(&mut trail, &transfer, transfer.debit_after.debits_posted, stretch);
            }
            // Earlier entries were spent before the credit and are not part of it.
            if side(&transfer, account.key).0.debits_posted <= stretch.from || next <= credit.no {
                next = 0;
                break;
            }
        }
        if looked_at >= entries_max && next > credit.no {
            trail.cut = true;
            break;
        }
    }
    trail.parts.reverse();
    Ok(trail)
}

fn add(trail: &mut Trail, transfer: &Transfer, counter: i64, Stretch { from, until }: Stretch) {
    let amount = counter.min(until) - (counter - moved(transfer)).max(from);
    if amount > 0 {
        trail.parts.push(TrailPart { transfer: transfer.clone(), amount });
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
        let page = store.checkpoints(book, (account, from), PAGE).await?;
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
