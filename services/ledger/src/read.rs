//! What is read from the store: postings by id, the trial balance, and of an account its entries and its balance at a time.

use crate::{
    answer::{Posted, posted},
    book::Handle,
    domain::{
        account::Account,
        chart::{self, Unit},
        event::{Event, Transfer, seq_of},
    },
    error::Error,
    store::{self, Store},
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use uuid::Uuid;

mod balance;
mod entries;
pub mod trail;

pub use balance::{BalanceAt, counters_at};
pub use entries::{Entry, Filter, Listing, Page};

/// Names and units of all accounts of these transfers, in one query.
pub(crate) async fn names(store: &dyn Store, book: i64, transfers: &[Transfer]) -> Result<HashMap<i64, (Arc<str>, Unit)>, store::Error> {
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

/// A stored posting with its accounts' names and its commit's time.
pub(crate) async fn named(store: &dyn Store, book: i64, event: Event) -> Result<Posted, Error> {
    let names = names(store, book, &event.transfers).await?;
    let (id, seq) = (event.id, event.seq);
    let time = store.commit_time(book, seq).await?.ok_or_else(|| store::Error::Damaged(format!("event {seq} has no commit")))?;
    posted(event, time, |key| names[&key].clone()).ok_or_else(|| Error::PostingUnknown(id.to_string()))
}

/// One line of the trial balance: accounts of one form and unit, summed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// How many accounts.
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

/// The trial balance by unit and account group, and the journal position it holds at.
pub type TrialBalance = (BTreeMap<(Unit, String), Line>, i64);

/// A snapshot of all accounts: the journal's last event in it, and each account after that.
async fn accounts(store: &dyn Store, book: i64) -> Result<(i64, Vec<Account>), Error> {
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

fn summed(accounts: &[Account]) -> BTreeMap<(Unit, String), Line> {
    let mut lines: BTreeMap<(Unit, String), Line> = BTreeMap::new();
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

/// Sums all accounts of a book from one snapshot of the store, whatever its writer knows of it.
pub async fn trial_balance(store: &dyn Store, book: i64) -> Result<TrialBalance, Error> {
    let (last_seq, accounts) = accounts(store, book).await?;
    Ok((summed(&accounts), last_seq))
}

impl Handle {
    /// A posting by its id, if readers may see it yet.
    pub async fn posting(&self, id: Uuid) -> Result<Posted, Error> {
        let event = self.store.event_by_id(self.row.key, id).await?;
        let head = self.published().await?;
        let event = event.filter(|event| event.seq <= head.last_seq).ok_or_else(|| Error::PostingUnknown(id.to_string()))?;
        named(&*self.store, self.row.key, event).await
    }

    /// Sums all accounts as published commits left them.
    pub async fn trial_balance(&self) -> Result<TrialBalance, Error> {
        self.published().await?;
        let (last_seq, mut accounts) = accounts(&*self.store, self.row.key).await?;
        let state = self.shared.state();
        let published = self.shared.journal.head().map_or(0, |head| head.last_seq);
        let mut gone = false;
        // The store may hold a commit whose outcome its writer does not know yet: memory has what was before it.
        accounts.retain_mut(|account| {
            if account.seq <= published {
                return true;
            }
            match state.committed(&account.name) {
                Some(Some(before)) => *account = before.clone(),
                Some(None) => return false,
                None => gone = true,
            }
            true
        });
        drop(state);
        if gone {
            return Err(Error::NotTheWriter("another process".to_owned()));
        }
        Ok((summed(&accounts), last_seq.min(published)))
    }
}
