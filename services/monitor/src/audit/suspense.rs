//! Money in suspense: how much there is in each unit, and since when. It belongs to somebody, so it is shown; it is no fault of the books.
use super::ReadFault;
use crate::health::{CheckResult, SuspenseSum};
use books::{
    domain::{
        chart::Unit,
        event::{Body, Event, TransferKind},
    },
    store::{Book, Store},
};
use chart::{Account, Purpose};
use std::{collections::BTreeMap, time::SystemTime};

/// An account of suspense while its journal is followed.
#[derive(Debug, Clone, Copy)]
struct SuspenseAccount {
    unit: Unit,
    balance: i128,
    /// The event with which the balance left zero; 0 while it is zero.
    since_seq: i64,
}

/// The accounts of suspense of a book, by key: one for each unit at most.
#[derive(Debug, Default)]
pub(super) struct SuspenseFold(BTreeMap<i64, SuspenseAccount>);

impl SuspenseFold {
    /// Adds the next event of the journal.
    pub fn event(&mut self, event: &Event) {
        if let Body::AccountOpened { key, name } = &event.body
            && let Some(account @ (Account::CoinsSuspense | Account::House(Purpose::Suspense, _))) = Account::parse(name)
        {
            self.0.insert(*key, SuspenseAccount { unit: account.unit(), balance: 0, since_seq: 0 });
        }
        // Most books never have one.
        if self.0.is_empty() {
            return;
        }
        let moves = |kind| matches!(kind, TransferKind::Posted | TransferKind::PostOfPending);
        for transfer in event.transfers.iter().filter(|transfer| moves(transfer.kind)) {
            self.add(transfer.debit, -i128::from(transfer.amount), event.seq);
            self.add(transfer.credit, i128::from(transfer.amount), event.seq);
        }
    }

    fn add(&mut self, key: i64, amount: i128, seq: i64) {
        let Some(account) = self.0.get_mut(&key) else { return };
        let was_zero = account.balance == 0;
        account.balance += amount;
        account.since_seq = match account.balance {
            0 => 0,
            _ if was_zero => seq,
            _ => account.since_seq,
        };
    }

    /// What each account has, zero included, so that a metric goes back to zero. Coins are always among them, so that there is a metric before it is needed.
    pub async fn sums(&self, store: &dyn Store, book: &Book) -> Result<Vec<SuspenseSum>, ReadFault> {
        let seqs: Vec<i64> = self.0.values().map(|account| account.since_seq).filter(|seq| *seq > 0).collect();
        let times: BTreeMap<i64, i64> = match seqs.is_empty() {
            true => BTreeMap::new(),
            false => store.commit_times(book.key, &seqs).await?.into_iter().collect(),
        };
        let since = |seq: i64| times.get(&seq).map(|micros| money::time::from_unix_us(*micros));
        let sum = |account: &SuspenseAccount| SuspenseSum {
            unit: account.unit.to_string(),
            amount: account.balance,
            since: since(account.since_seq),
        };
        let mut sums: Vec<SuspenseSum> = self.0.values().map(sum).collect();
        if self.0.values().all(|account| account.unit != Unit::Coin) {
            sums.push(SuspenseSum { unit: Unit::Coin.to_string(), amount: 0, since: None });
        }
        Ok(sums)
    }
}

/// The check's result: it passes, and names what waits for somebody.
pub(super) fn check(sums: &[SuspenseSum]) -> CheckResult {
    let at = |since: SystemTime| money::time::rfc3339_ms(money::time::unix_ms(since));
    let told = |sum: &SuspenseSum| match sum.since {
        Some(since) => format!("{} {} since {}", sum.amount, sum.unit, at(since)),
        None => format!("{} {}", sum.amount, sum.unit),
    };
    let waiting: Vec<String> = sums.iter().filter(|sum| sum.amount != 0).map(told).collect();
    if waiting.is_empty() { CheckResult::Passed } else { CheckResult::Noted(format!("waits in suspense: {}", waiting.join(", "))) }
}

#[cfg(test)]
mod tests;
