//! What stores owe us against what they report. A report is stored once, by the hash of its bytes, and a later one of the same account, period and part counts in its place.
//! The reports of a period together are compared with the sales and refunds that they cover, each of which is covered once ([`compare`]); whatever differs has a name
//! ([`settlement::DifferenceKind`]). What the comparison comes to is posted as the difference from what was posted for the period before, so a corrected report posts
//! differences only. Nothing is posted while a difference is not explained, until two people settle with it.
//!
//! - [`report`]: reports as they come; `import`: takes them. [`own`]: what we expect. [`compare`]: both together. `settle`: compares what is due. `post`: posts it, and
//!   announces to treasury what should come to the bank. `decide`: what people decide. `refusal`: why a report or a decision is not taken, as callers see it.

pub(crate) mod compare;
mod decide;
pub(crate) mod import;
pub mod own;
mod post;
pub(crate) mod refusal;
pub mod report;
mod settle;
pub mod settlement;

pub use refusal::DecisionRefusal;

use std::sync::OnceLock;

use api::treasury::treasury_service_client::TreasuryServiceClient;
use money::BookName;

use crate::config::SettlementAccount;
use crate::domain::StoreKind;

/// Periods and postings that a call settles beside its own; the sweeper settles the others.
const SETTLED_MAX: i64 = 100;

/// What settlements need beside the tables and the ledger.
#[derive(Debug, Default)]
pub struct Settlements {
    /// Our accounts at stores, and where they pay.
    pub accounts: Vec<SettlementAccount>,
    /// Treasury, once it is known: a process may start it after purchases.
    pub treasury: OnceLock<TreasuryServiceClient<rpc::Transport>>,
}

impl Settlements {
    /// The names of a book's accounts at a store.
    pub(crate) fn accounts_of(&self, book: &BookName, store: StoreKind) -> impl Iterator<Item = &str> {
        let fits = move |known: &&SettlementAccount| known.store == store.as_str() && known.book == book.as_str();
        self.accounts.iter().filter(fits).map(|known| known.account.as_str())
    }

    /// The account of a book at a store.
    pub(crate) fn account(&self, book: &BookName, store: StoreKind, account: &str) -> Option<&SettlementAccount> {
        let fits = |known: &&SettlementAccount| known.store == store.as_str() && known.account == account && known.book == book.as_str();
        self.accounts.iter().find(fits)
    }
}
