//! What is read from the store: postings by id, an account's entries, the trial balance.

use crate::{
    answer::{Posted, posted},
    book::Handle,
    domain::{
        chart::{self, Unit},
        event::{Event, seq_of},
    },
    error::Error,
    store::{self, Store},
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};
use uuid::Uuid;

/// A stored posting with its accounts' names and its commit's time.
pub(crate) async fn named(store: &dyn Store, book: i64, event: Event) -> Result<Posted, Error> {
    let mut keys: Vec<i64> = event.transfers.iter().flat_map(|transfer| [transfer.debit, transfer.credit]).collect();
    keys.sort_unstable();
    keys.dedup();
    let accounts = store.accounts_by_key(book, &keys).await?;
    let names: HashMap<i64, (Arc<str>, Unit)> = accounts.into_iter().map(|account| (account.key, (account.name, account.unit))).collect();
    let seq = event.seq;
    if keys.iter().any(|key| !names.contains_key(key)) {
        return Err(store::Error::Damaged(format!("event {seq} names an account that has no row")).into());
    }
    let time = store.commit_time(book, seq).await?.ok_or_else(|| store::Error::Damaged(format!("event {seq} has no commit")))?;
    let id = event.id;
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

/// Sums all accounts of a book from one snapshot.
pub async fn trial_balance(store: &dyn Store, book: i64) -> Result<TrialBalance, Error> {
    let Some((head, mut accounts, tail)) = store.tail(book).await? else { return Ok(TrialBalance::default()) };
    let places: HashMap<i64, usize> = accounts.iter().enumerate().map(|(place, account)| (account.key, place)).collect();
    for transfer in &tail {
        for (key, after) in [(transfer.debit, transfer.debit_after), (transfer.credit, transfer.credit_after)] {
            let seq = seq_of(transfer.no);
            let place = places.get(&key).ok_or_else(|| store::Error::Damaged(format!("event {seq} names an account that has no row")))?;
            let account = &mut accounts[*place];
            if account.last_transfer < transfer.no {
                account.counters = after;
                account.last_transfer = transfer.no;
            }
        }
    }
    let mut lines: BTreeMap<(Unit, String), Line> = BTreeMap::new();
    for account in &accounts {
        let line = lines.entry((account.unit, chart::group(&account.name))).or_default();
        line.count += 1;
        line.debits_posted += i128::from(account.counters.debits_posted);
        line.credits_posted += i128::from(account.counters.credits_posted);
        line.debits_pending += i128::from(account.counters.debits_pending);
        line.credits_pending += i128::from(account.counters.credits_pending);
    }
    Ok((lines, head.last_seq))
}

/// One entry of an account's statement.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The posting, its transfers narrowed to this one.
    pub posting: Posted,
    /// The account's balance right after it.
    pub balance_after: i64,
}

impl Handle {
    /// A posting by its id.
    pub async fn posting(&self, id: Uuid) -> Result<Posted, Error> {
        let event = self.store.event_by_id(self.row.key, id).await?.ok_or_else(|| Error::PostingUnknown(id.to_string()))?;
        named(&*self.store, self.row.key, event).await
    }

    /// Entries newest first: from transfer `before` on backwards (0: the newest), at most `limit`, and the number to go on with (0: no more).
    pub async fn entries(&self, name: &str, before: i64, limit: usize) -> Result<(Vec<Entry>, i64), Error> {
        let account = self.account(name).await?;
        let mut next = if before == 0 { account.last_transfer } else { before.min(account.last_transfer) };
        let mut entries = Vec::new();
        while next != 0 && entries.len() < limit {
            let stored = self.store.events(self.row.key, seq_of(next), 1).await?.into_iter().next();
            let event = stored.map(|stored| stored.event).filter(|event| event.seq == seq_of(next)).ok_or(Error::PageToken)?;
            let mut posting = named(&*self.store, self.row.key, event).await?;
            posting.transfers.retain(|transfer| transfer.transfer.no == next);
            let Some(own) = posting.transfers.first() else { return Err(Error::PageToken) };
            let (after, previous) = if own.transfer.debit == account.key {
                (own.transfer.debit_after, own.transfer.debit_prev)
            } else if own.transfer.credit == account.key {
                (own.transfer.credit_after, own.transfer.credit_prev)
            } else {
                // A token of another account's list.
                return Err(Error::PageToken);
            };
            entries.push(Entry { balance_after: after.balance(), posting });
            next = previous;
        }
        Ok((entries, next))
    }
}
