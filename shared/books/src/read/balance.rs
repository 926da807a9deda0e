//! An account's balance at a booking time. The commit is found by its time, the account's last entry up to it by walking back from the next
//! checkpoint: however long the account is, that is at most 256 entries.

use crate::{
    domain::{
        Micros,
        account::{BookAccount, Counters},
        chart::Unit,
        event::{CHECKPOINT_EVERY, Transfer, seq_of, transfer_no},
    },
    store::{self, CheckpointPlace, Commit, Store, Walk},
};
use std::sync::Arc;

/// An account at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceAt {
    /// Readable id.
    pub name: Arc<str>,
    /// The unit of the counters.
    pub unit: Unit,
    /// All zero before the account's first entry.
    pub counters: Counters,
    /// Sequence number of its last entry's event; 0 for none.
    pub seq: i64,
    /// The time of the last commit included; `None` before the book's first.
    pub as_of: Option<Micros>,
    /// There is a later commit already, so this never changes.
    pub settled: bool,
}

/// An account's entries up to one of them, the limit of what a reader may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountHistory {
    /// Key of the account.
    pub account: i64,
    /// Number of the newest transfer that may be seen; 0 for none.
    pub last_no: i64,
}

/// The state of one of a transfer's accounts after it: the counters, and the account's previous transfer.
pub(super) fn side(transfer: &Transfer, account: i64) -> (Counters, i64) {
    if transfer.debit == account { (transfer.debit_after, transfer.debit_prev) } else { (transfer.credit_after, transfer.credit_prev) }
}

pub(super) fn lost(no: i64) -> store::Error {
    store::Error::Damaged(format!("event {}: its transfer {no} is not where an account's entries lead", seq_of(no)))
}

/// The account's last transfer with a number below `below_no`.
pub(super) async fn entry_below(
    store: &dyn Store,
    book: i64,
    AccountHistory { account, last_no }: AccountHistory,
    below_no: i64,
) -> Result<Option<Transfer>, store::Error> {
    let one = |from_no| Walk { from_no, above_no: 0, limit: 1 };
    let mut at = last_no;
    if at >= below_no {
        let after = store.checkpoints(book, CheckpointPlace { account, no: below_no }, 1).await?.into_iter().next();
        at = after.filter(|row| row.account == account).map_or(at, |row| row.no.min(at));
    }
    while at >= below_no {
        let way = store.walk(book, account, Walk { from_no: at, above_no: below_no - 1, limit: CHECKPOINT_EVERY }).await?;
        at = side(way.last().ok_or_else(|| lost(at))?, account).1;
    }
    if at == 0 {
        return Ok(None);
    }
    store.walk(book, account, one(at)).await?.pop().ok_or_else(|| lost(at)).map(Some)
}

/// The counters of an account after every commit up to `time`, limited to the entries of `history`. For callers that know the account's last
/// transfer, such as the writer.
pub async fn counters_at(store: &dyn Store, book: i64, history: AccountHistory, time: Micros) -> Result<Counters, store::Error> {
    let Some(commit) = store.commit_at(book, time).await? else { return Ok(Counters::default()) };
    let entry = entry_below(store, book, history, transfer_no(commit.last_seq + 1, 0)).await?;
    Ok(entry.map_or_else(Counters::default, |transfer| side(&transfer, history.account).0))
}

/// An account as every commit up to `time` left it. `head` is the last commit that may be seen, read before `account`, which is therefore at least
/// as recent.
pub async fn balance_at(store: &dyn Store, book: i64, account: BookAccount, head: Commit, time: Micros) -> Result<BalanceAt, store::Error> {
    let BookAccount { key, name, unit, last_transfer: last_no, .. } = account;
    let settled = time < head.time;
    let at: Option<Commit> = if settled { store.commit_at(book, time).await? } else { Some(head) };
    let entry = match &at {
        Some(commit) => {
            let history = AccountHistory { account: key, last_no };
            entry_below(store, book, history, transfer_no(commit.last_seq + 1, 0)).await?
        }
        None => None,
    };
    let (counters, seq) = entry.map_or_else(Default::default, |transfer| (side(&transfer, key).0, seq_of(transfer.no)));
    let as_of = at.filter(|commit| commit.commit_no > 0).map(|commit| commit.time);
    Ok(BalanceAt { name, unit, counters, seq, as_of, settled })
}
