//! Closing days, in their order and for ever.
use crate::{
    domain::{
        PhysicalAccount,
        bank::{BankItem, ClosedAs, EntryResult},
        day::{self, DayFacts},
        matched::{self, AccountFindings, AccountRun},
    },
    error::Error,
    reconcile::{ReconciledAccount, blocking},
    store::{AccountKey, ClosedDayRow, DaysFilter},
    treasury::{Treasury, day as today},
};
use jiff::civil::Date;
use money::{Currency, time::unix_ms};
use reconciliation::{ExceptionClass, ItemKind, close::ClosedDay};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A named difference of a closed day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptTiming {
    /// The item, or the case.
    pub id: String,
    /// The class of the case; empty: only outstanding.
    pub class: String,
    /// What the books have more than the bank, in minor units.
    pub difference: i64,
    /// Its age in banking days.
    pub age_banking_days: u32,
    /// Who explains it.
    pub owner: String,
}

impl Treasury {
    /// Closes a day of an account; true: it was closed before.
    pub async fn close_day(&self, account: &str, day: Date, by: &str) -> Result<(ClosedDayRow, bool), Error> {
        let structure = self.structure(None).await?;
        let account = structure.accounts.get(account).ok_or_else(|| Error::AccountUnknown(account.to_owned()))?;
        let key = AccountKey { book: self.book.as_str(), account: &account.id, currency: account.currency.code() };
        if let Some(closed) = self.store.closed_day(key.book, key.account, day).await? {
            return Ok((closed, true));
        }
        if day >= today((self.clock)()) {
            return Err(Error::DayNotOver(day));
        }
        let now = self.reconcile(account).await?;
        self.book_entries(account, false).await?;
        let earlier = self.store.open_days(key.book, key.account).await?.into_keys();
        let is_open = |one: &Date| *one < day && now.series.closed_through.is_none_or(|closed| *one > closed);
        if let Some(earlier) = earlier.into_iter().find(is_open) {
            return Err(Error::EarlierDayOpen(earlier));
        }
        let run = AccountRun { until: Some(day), ..now.run.clone() };
        let asked = run.clone();
        let findings = blocking(move || matched::run(&asked)).await??;
        let facts = self.day_facts(account, &now).await?;
        let in_day: BTreeSet<&String> = findings.entries.iter().map(|entry| &entry.key).collect();
        let later = now.findings.entries.iter().map(|entry| entry.key.clone()).filter(|key| !in_day.contains(key)).collect();
        let closed = day::closed(&run, day, &findings, &facts, &later).map_err(|obstacles| {
            let open_cases = findings.cases.iter().filter(|case| !case.is_noted).count();
            Error::NotExplained { obstacles, open_cases, unexplained: findings.unexplained }
        })?;
        let row = closed_row(&closed, &findings, by, unix_ms((self.clock)()))?;
        if !self.store.close_day(key, now.series, &row, &closings(&run, &findings)).await? {
            return Err(Error::Busy);
        }
        tracing::info!(account = account.id, %day, by, timing_items = closed.timing.len(), "a day was closed");
        Ok((row, false))
    }

    /// Closed days of an account, the last first, and the account's currency.
    pub async fn closed_days(&self, asked: &DaysFilter, count: i64) -> Result<(Currency, Vec<ClosedDayRow>), Error> {
        let structure = self.structure(None).await?;
        let account = structure.accounts.get(&asked.account).ok_or_else(|| Error::AccountUnknown(asked.account.clone()))?;
        Ok((account.currency, self.store.closed_days_of(self.book.as_str(), asked, count).await?))
    }

    /// What the treasury book and the tables say of an account.
    pub(crate) async fn day_facts(&self, account: &PhysicalAccount, now: &ReconciledAccount) -> Result<DayFacts, Error> {
        let book = self.book.as_str();
        let structure = self.structure(None).await?;
        let balances = self.balances(&structure).await?;
        let bookings = self.store.bookings(book, &account.id).await?;
        let closing_before = match now.series.closed_through {
            Some(day) => self.store.closed_day(book, &account.id, day).await?.map(|closed| closed.balances.1),
            None => None,
        };
        Ok(DayFacts {
            books: balances.cash.get(&account.id).copied().unwrap_or_default(),
            // The last generation of each entry comes last.
            bookings: newest(bookings),
            adjusted: self.store.adjusted(book, &account.id).await?,
            cases: self.store.cases(book, &account.id).await?,
            closing_before,
        })
    }
}

/// What the treasury book has of each entry by now.
pub(crate) fn newest(bookings: Vec<crate::domain::bank::EntryBooking>) -> BTreeMap<String, crate::domain::bank::LeafBooking> {
    let mut newest = BTreeMap::new();
    for generation in bookings {
        match generation.booking {
            Some(booking) => newest.insert(generation.entry_key, booking),
            None => newest.remove(&generation.entry_key),
        };
    }
    newest
}

fn closed_row(closed: &ClosedDay, findings: &AccountFindings, by: &str, now_ms: i64) -> Result<ClosedDayRow, Error> {
    let mut timing: Vec<KeptTiming> = closed
        .timing
        .iter()
        .map(|item| KeptTiming {
            id: item.id.clone(),
            class: item.class.map_or("", ExceptionClass::code).to_owned(),
            difference: i64::try_from(item.difference).unwrap_or(i64::MAX),
            age_banking_days: item.age_banking_days,
            owner: crate::domain::bank::owner_name(item.owner).to_owned(),
        })
        .collect();
    timing.sort_by_key(|item| std::cmp::Reverse(item.difference.unsigned_abs()));
    Ok(ClosedDayRow {
        day: closed.day,
        balances: (findings.balances.map_or(0, |balances| balances.opening), closed.closing),
        books: i64::try_from(closed.books).map_err(|_| Error::Overflow)?,
        entry_count: i64::try_from(findings.entries.len()).map_err(|_| Error::Overflow)?,
        timing: serde_json::to_string(&timing).map_err(|_| Error::Overflow)?,
        closed: (by.to_owned(), now_ms),
    })
}

/// How the items of a day's entries are from now on.
fn closings(run: &AccountRun, findings: &AccountFindings) -> Vec<BankItem> {
    let mut changed: BTreeMap<&str, BankItem> = BTreeMap::new();
    let items: BTreeMap<&str, &BankItem> = run.items.iter().map(|item| (item.key.as_str(), item)).collect();
    let mut change = |key: &str, make: &dyn Fn(&mut BankItem)| {
        if let Some((key, item)) = items.get_key_value(key) {
            make(changed.entry(*key).or_insert_with(|| (*item).clone()));
        }
    };
    let in_books = |item: &BankItem| item.state == Some(reconciliation::BooksState::Settled) || item.kind == ItemKind::Charge;
    for entry in findings.entries.iter().filter(|entry| entry.result == EntryResult::Settles) {
        for key in &entry.items {
            change(key, &|item| (item.closing.closed, item.closing.in_books) = (Some(ClosedAs::Settled), in_books(item)));
        }
    }
    for entry in findings.entries.iter().filter(|entry| entry.result == EntryResult::UndoesDuplicate) {
        for key in &entry.items {
            change(key, &|item| item.closing.duplicates = (item.closing.duplicates - 1).max(0));
        }
    }
    for case in findings.cases.iter().filter(|case| !case.entry_keys.is_empty()) {
        for key in &case.items {
            change(key, &|item| match case.class {
                ExceptionClass::SettledThenReturned | ExceptionClass::ReturnDiffers => item.closing.returned += case.amount,
                ExceptionClass::DuplicateDebit if !case.is_noted => item.closing.duplicates += 1,
                _ if item.closing.closed.is_none() => {
                    (item.closing.closed, item.closing.in_books) = (Some(ClosedAs::Case), in_books(item));
                }
                _ => {}
            });
        }
    }
    changed.into_values().collect()
}
