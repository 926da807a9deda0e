//! Reads from a store, independently of the writer's memory: postings with their accounts' names, the trial balance, and an account's entries,
//! its balance at a time and the sources of its money.

use crate::{
    domain::{
        account::BookAccount,
        chart::{self, Unit},
        event::{Event, Transfer, seq_of},
    },
    store::{self, Store},
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

mod balance;
mod entries;
mod posting;
pub mod trail;

pub use balance::{AccountHistory, BalanceAt, balance_at, counters_at};
pub use entries::{AccountEntry, EntryFilter, EntryListing, EntryPage, PageError, entries};
pub use posting::{HOLD_EXPIRED, NamedPosting, NamedTransfer, named_posting};

/// Names and units of all accounts of these transfers, in one query.
async fn names(store: &dyn Store, book: i64, transfers: &[Transfer]) -> Result<HashMap<i64, (Arc<str>, Unit)>, store::Error> {
    let mut keys: Vec<i64> = transfers.iter().flat_map(|transfer| [transfer.debit, transfer.credit]).collect();
    keys.sort_unstable();
    keys.dedup();
    let accounts = store.accounts_by_key(book, &keys).await?;
    let names: HashMap<i64, (Arc<str>, Unit)> = accounts.into_iter().map(|account| (account.key, (account.name, account.unit))).collect();
    match transfers.iter().find(|transfer| !names.contains_key(&transfer.debit) || !names.contains_key(&transfer.credit)) {
        Some(transfer) => Err(store::Error::Damaged(format!("event {} names an account that has no row", seq_of(transfer.no)))),
        None => Ok(names),
    }
}

/// A stored posting with its accounts' names and its commit's time; `None` if the event is no posting.
pub async fn named(store: &dyn Store, book: i64, event: Event) -> Result<Option<NamedPosting>, store::Error> {
    let names = names(store, book, &event.transfers).await?;
    let seq = event.seq;
    let time = store.commit_time(book, seq).await?.ok_or_else(|| store::Error::Damaged(format!("event {seq} has no commit")))?;
    Ok(named_posting(event, time, |key| names[&key].clone()))
}

/// One line of the trial balance: accounts of one form and unit, summed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrialBalanceLine {
    /// Number of accounts.
    pub count: i64,
    /// Sum of posted debits.
    pub debits_posted: i128,
    /// Sum of posted credits.
    pub credits_posted: i128,
    /// Sum of pending debits.
    pub debits_pending: i128,
    /// Sum of pending credits.
    pub credits_pending: i128,
}

/// The trial balance by unit and account group, and the journal position it is valid at.
pub type TrialBalance = (BTreeMap<(Unit, String), TrialBalanceLine>, i64);

/// A snapshot of all accounts of a book: the position of the journal's last event, and each account after it.
pub async fn all_accounts(store: &dyn Store, book: i64) -> Result<(i64, Vec<BookAccount>), store::Error> {
    let Some((head, mut accounts, tail)) = store.tail(book).await? else { return Ok((0, Vec::new())) };
    let places: HashMap<i64, usize> = accounts.iter().enumerate().map(|(place, account)| (account.key, place)).collect();
    for transfer in &tail {
        for (key, after) in [(transfer.debit, transfer.debit_after), (transfer.credit, transfer.credit_after)] {
            let seq = seq_of(transfer.no);
            let place = places.get(&key).ok_or_else(|| store::Error::Damaged(format!("event {seq} names an account that has no row")))?;
            let account = &mut accounts[*place];
            if account.last_transfer < transfer.no {
                account.counters = after;
                account.last_transfer = transfer.no;
                account.seq = account.seq.max(seq);
            }
        }
    }
    Ok((head.last_seq, accounts))
}

/// The lines of the trial balance for these accounts.
#[must_use]
pub fn summed(accounts: &[BookAccount]) -> BTreeMap<(Unit, String), TrialBalanceLine> {
    let mut lines: BTreeMap<(Unit, String), TrialBalanceLine> = BTreeMap::new();
    for account in accounts {
        let line = lines.entry((account.unit, chart::group(&account.name))).or_default();
        line.count += 1;
        line.debits_posted += i128::from(account.counters.debits_posted);
        line.credits_posted += i128::from(account.counters.credits_posted);
        line.debits_pending += i128::from(account.counters.debits_pending);
        line.credits_pending += i128::from(account.counters.credits_pending);
    }
    lines
}

/// Sums all accounts of a book from one snapshot of the store, independently of the writer's memory.
pub async fn trial_balance(store: &dyn Store, book: i64) -> Result<TrialBalance, store::Error> {
    let (last_seq, accounts) = all_accounts(store, book).await?;
    Ok((summed(&accounts), last_seq))
}
