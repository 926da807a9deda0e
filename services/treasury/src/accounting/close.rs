//! Closes accounting days. The cut is a state of the ledger: the sums of all days must be its trial balance of that moment.
use super::{Accounting, TrialSums, error::AccountingError};
use crate::store::{EntityBooks, Period};
use accounting::balance::BalanceLine;
use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

/// How often a close is tried while others read the journal.
const CLOSE_TRIES_MAX: u32 = 5;

/// Days to close, by whom and why.
#[derive(Debug, Clone)]
pub struct CloseOrder {
    /// The first open day.
    pub first_day: Date,
    /// The last day to close.
    pub last_day: Date,
    /// Who closes them.
    pub by: String,
    /// The reason that they gave.
    pub reason: String,
}

/// A period that is closed.
#[derive(Debug, Clone)]
pub struct Closing {
    /// The period.
    pub period: Period,
    /// Whether an earlier call had closed it.
    pub replayed: bool,
}

impl Accounting {
    /// Closes an entity's days, once.
    pub async fn close(&self, of: &EntityBooks, order: &CloseOrder) -> Result<Closing, AccountingError> {
        let now = (self.clock)();
        let today = crate::treasury::day(now);
        if order.last_day >= today {
            return Err(AccountingError::NotOver { today });
        }
        for _ in 0..CLOSE_TRIES_MAX {
            if let Some(period) = self.in_order(of, order).await? {
                return Ok(Closing { period, replayed: true });
            }
            let (trial, seq) = self.trial(&of.book).await?;
            let at = self.follow(&of.book, seq).await?;
            // Another call has read more than this trial balance has.
            if at.place.seq != seq {
                continue;
            }
            self.known(of).await?;
            if let Some(wrong) = self.difference(of, &trial).await? {
                // What others add while the sums are read makes a difference that is none.
                if self.store.accounting_place(&of.book).await? == at {
                    return Err(wrong);
                }
                continue;
            }
            self.after_first_line(of, order).await?;
            let balances = self.balances_through(of, order.last_day).await?;
            let last = self.store.last_period(of, Date::MAX).await?;
            let period = Period {
                period_no: last.map_or(0, |last| last.period_no) + 1,
                first_day: order.first_day,
                last_day: order.last_day,
                seq,
                balances_hash: hash(&balances),
                closed_at_ms: money::time::unix_ms(now),
                closed_by: order.by.clone(),
                close_reason: order.reason.clone(),
            };
            if self.store.close(of, &at, &period, &balances).await? {
                tracing::info!(book = %of.book, entity = of.entity, last_day = %order.last_day, seq, by = order.by, "accounting days were closed");
                return Ok(Closing { period, replayed: false });
            }
        }
        Err(AccountingError::Changing)
    }

    /// The same period, if it is closed. Refuses days that are not the first open ones.
    async fn in_order(&self, of: &EntityBooks, order: &CloseOrder) -> Result<Option<Period>, AccountingError> {
        let Some(last) = self.store.last_period(of, Date::MAX).await? else { return Ok(None) };
        if order.last_day <= last.last_day {
            let same = self.store.last_period(of, order.last_day).await?;
            let same = same.filter(|period| (period.first_day, period.last_day) == (order.first_day, order.last_day));
            return same.map(Some).ok_or_else(|| AccountingError::OutOfOrder { first: last.last_day.tomorrow().ok() });
        }
        let first = last.last_day.tomorrow().ok();
        if first == Some(order.first_day) { Ok(None) } else { Err(AccountingError::OutOfOrder { first }) }
    }

    /// Refuses a first period that begins after the entity's first day: what came before would be in no period.
    async fn after_first_line(&self, of: &EntityBooks, order: &CloseOrder) -> Result<(), AccountingError> {
        match self.store.first_accounting_day(of).await? {
            Some(first) if first < order.first_day && self.store.last_period(of, Date::MAX).await?.is_none() => {
                Err(AccountingError::OutOfOrder { first: Some(first) })
            }
            _ => Ok(()),
        }
    }

    /// The first account whose sums of all days are not those of the trial balance.
    async fn difference(&self, of: &EntityBooks, trial: &TrialSums) -> Result<Option<AccountingError>, AccountingError> {
        let mut sums = self.store.accounting_totals(&of.book).await?;
        sums.retain(|(account, _), _| !accounting::account::is_between(account));
        let wrong = sums.keys().chain(trial.keys()).find(|key| sums.get(*key) != trial.get(*key));
        Ok(wrong.map(|(account, unit)| AccountingError::Differ { account: account.clone(), unit: unit.clone() }))
    }
}

/// SHA-256 over balances in the order of their accounts, in hexadecimal digits.
fn hash(balances: &[BalanceLine]) -> String {
    let mut hasher = Sha256::new();
    for line in balances {
        for part in [&line.account, &line.unit, &line.debits.to_string(), &line.credits.to_string()] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
    }
    hex::encode(hasher.finalize())
}
