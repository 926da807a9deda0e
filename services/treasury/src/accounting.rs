//! Accounting days of any book: read from the ledger's journal when somebody asks, closed by finance, and never a reason to refuse an event.
//!
//! - `follow`: reads the journal into sums of days. `close`: closes days, once they are proved against the ledger's trial balance.
//! - `wire`: protobuf to domain and back. `error`: errors as callers see them. The rules are the crate `accounting`'s.
mod close;
pub mod error;
mod follow;
pub mod wire;

use crate::store::{AccountingPlace, EntityBooks, Period, Store};
use accounting::{
    account::MAIN_ENTITY,
    balance::BalanceLine,
    journal::JournalLine,
    roll::{RollForward, RolledSums, roll_forward},
};
pub use close::{CloseOrder, Closing};
use error::AccountingError;
use jiff::civil::Date;
use ledger_client::{LedgerClient, TrialRead};
use money::{BookName, time::Clock};
use std::collections::BTreeMap;

/// What was read, and whether it can still change.
#[derive(Debug)]
pub struct AsRead<T> {
    /// The lines.
    pub lines: Vec<T>,
    /// Whether the last day asked for is closed.
    pub closed: bool,
    /// Sequence number of the last event that was read.
    pub seq: i64,
}

/// The use cases of accounting.
#[derive(Clone)]
pub struct Accounting {
    store: Store,
    ledger: LedgerClient,
    clock: Clock,
}

impl Accounting {
    /// Over these tables and this ledger.
    pub(crate) const fn new(store: Store, ledger: LedgerClient, clock: Clock) -> Self {
        Self { store, ledger, clock }
    }

    /// An entity's accounting day. A further page is of what the first page read.
    pub async fn day(&self, of: &EntityBooks, day: Date, is_further_page: bool) -> Result<AsRead<JournalLine>, AccountingError> {
        let at = self.at(of, is_further_page).await?;
        // Before the lines: what was closed by then can't change while they are read.
        let closed = self.is_closed(of, day).await?;
        let mut lines = self.store.accounting_day(of, day).await?;
        // Databases differ in the order of texts.
        lines.sort_by(|a, b| (&a.account, &a.unit, &a.kind, a.event_day).cmp(&(&b.account, &b.unit, &b.kind, b.event_day)));
        Ok(AsRead { lines, closed, seq: at.place.seq })
    }

    /// What an entity's accounts have at the end of a day.
    pub async fn balances(&self, of: &EntityBooks, day: Date, is_further_page: bool) -> Result<AsRead<BalanceLine>, AccountingError> {
        let at = self.at(of, is_further_page).await?;
        let closed = self.is_closed(of, day).await?;
        let lines = self.balances_through(of, day).await?;
        Ok(AsRead { lines, closed, seq: at.place.seq })
    }

    /// The roll-forward of an entity's liabilities over these days.
    pub async fn roll(&self, of: &EntityBooks, first: Date, last: Date) -> Result<AsRead<RollForward>, AccountingError> {
        let at = self.at(of, false).await?;
        let closed = self.is_closed(of, last).await?;
        let before = match first.yesterday() {
            Ok(day) => self.balances_through(of, day).await?,
            Err(_) => Vec::new(),
        };
        let opening = before.into_iter().map(|line| {
            let BalanceLine { account, unit, debits, credits } = line;
            RolledSums { account, unit, kind: String::new(), debits, credits }
        });
        let during = self.store.accounting_kinds(of, first, last).await?;
        let lines = roll_forward(&opening.collect::<Vec<_>>(), &during)?;
        Ok(AsRead { lines, closed, seq: at.place.seq })
    }

    /// Closed periods of an entity before this number, the last first.
    pub async fn periods(&self, of: &EntityBooks, before_no: Option<i64>, rows: i64) -> Result<Vec<Period>, AccountingError> {
        Ok(self.store.periods(of, before_no.unwrap_or(i64::MAX), rows).await?)
    }

    /// Refuses an entity without any entry: more likely a wrong name than one that has nothing yet.
    async fn known(&self, of: &EntityBooks) -> Result<(), AccountingError> {
        if of.entity == MAIN_ENTITY || self.store.first_accounting_day(of).await?.is_some() {
            return Ok(());
        }
        Err(AccountingError::EntityUnknown { entity: of.entity.clone() })
    }

    async fn is_closed(&self, of: &EntityBooks, day: Date) -> Result<bool, AccountingError> {
        Ok(self.store.last_period(of, Date::MAX).await?.is_some_and(|period| day <= period.last_day))
    }

    /// The balances that were kept when the last period up to that day was closed, and what came in the days after it.
    async fn balances_through(&self, of: &EntityBooks, day: Date) -> Result<Vec<BalanceLine>, AccountingError> {
        let period = self.store.last_period(of, day).await?;
        let mut sums: BTreeMap<(String, String), (i64, i64)> = BTreeMap::new();
        let mut lines = self.store.accounting_sums(of, period.as_ref().map(|period| period.last_day), day).await?;
        if let Some(period) = &period {
            lines.extend(self.store.period_balances(of, period.period_no).await?);
        }
        for line in lines {
            let sum = sums.entry((line.account, line.unit)).or_default();
            let add = |one: i64, other: i64| one.checked_add(other).ok_or(accounting::Overflow);
            *sum = (add(sum.0, line.debits)?, add(sum.1, line.credits)?);
        }
        let line = |((account, unit), (debits, credits))| BalanceLine { account, unit, debits, credits };
        Ok(sums.into_iter().map(line).collect())
    }

    /// Where the journal was read to: to its present end, unless a further page goes on with what the first one read.
    async fn at(&self, of: &EntityBooks, is_further_page: bool) -> Result<AccountingPlace, AccountingError> {
        if is_further_page {
            return Ok(self.store.accounting_place(&of.book).await?);
        }
        let (_, seq) = self.trial(&of.book).await?;
        let at = self.follow(&of.book, seq).await?;
        self.known(of).await?;
        Ok(at)
    }

    /// The ledger's trial balance, by account and unit, and its last event.
    async fn trial(&self, book: &BookName) -> Result<(TrialSums, i64), AccountingError> {
        match self.ledger.trial_balance(book).await? {
            TrialRead::NoBook => Err(AccountingError::NoBook),
            TrialRead::Changing => Err(AccountingError::Changing),
            TrialRead::Lines(lines, seq) => {
                let moved = lines.into_iter().filter(|line| (line.debits_posted, line.credits_posted) != (0, 0));
                let sums = moved.map(|line| ((line.accounts, line.unit), (line.debits_posted, line.credits_posted)));
                Ok((sums.collect(), seq))
            }
        }
    }
}

/// Debits and credits by account and unit.
type TrialSums = BTreeMap<(String, String), (i64, i64)>;
