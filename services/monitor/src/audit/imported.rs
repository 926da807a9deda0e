//! Imported postings: they stand for things of another installation, so no service here has a row for them.
//!
//! They are recognized by [`chart::imported::origin`], which a service can't forge. What they issued and left in transit is summed and reported.
use books::domain::event::{Body, Event};
use chart::Account;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// The sums of a book's imported postings.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct ImportedSums {
    /// Number of imported postings.
    pub postings: u64,
    /// Coins they issued, less those they took back.
    pub coins_issued: i128,
    /// What they left in flight to a bank, by currency, in minor units.
    pub in_transit: BTreeMap<String, i128>,
}

/// How an account counts in the sums.
enum SummedAccount {
    CoinsIssued,
    InTransit(String),
}

/// Sums the imported postings of a book while its journal is followed from the beginning.
pub(super) struct ImportedFold {
    book: String,
    accounts: HashMap<i64, SummedAccount>,
    sums: ImportedSums,
}

impl ImportedFold {
    pub fn new(book: &str) -> Self {
        Self { book: book.to_owned(), accounts: HashMap::new(), sums: ImportedSums::default() }
    }

    /// The sums so far.
    pub fn sums(&self) -> &ImportedSums {
        &self.sums
    }

    /// Adds the next event of the journal; returns whether it is an imported posting.
    pub fn event(&mut self, event: &Event) -> bool {
        match &event.body {
            Body::AccountOpened { key, name } => {
                let summed = match Account::parse(name) {
                    Some(Account::CoinsIssued) => SummedAccount::CoinsIssued,
                    Some(account) if account.is_in_transit() => SummedAccount::InTransit(account.unit().to_string()),
                    Some(_) | None => return false,
                };
                self.accounts.insert(*key, summed);
                false
            }
            Body::Posting(posting) if chart::imported::origin(event.id, |name| posting.field(name), &self.book).is_some() => {
                self.sums.postings += 1;
                for transfer in &event.transfers {
                    self.add(transfer.debit, -i128::from(transfer.amount));
                    self.add(transfer.credit, i128::from(transfer.amount));
                }
                true
            }
            Body::Posting(_) | Body::AccountStateSet { .. } | Body::LimitSet { .. } | Body::HoldExpired => false,
        }
    }

    fn add(&mut self, key: i64, amount: i128) {
        match self.accounts.get(&key) {
            // Issued coins are this account's debt.
            Some(SummedAccount::CoinsIssued) => self.sums.coins_issued -= amount,
            Some(SummedAccount::InTransit(currency)) => *self.sums.in_transit.entry(currency.clone()).or_default() += amount,
            None => {}
        }
    }
}
