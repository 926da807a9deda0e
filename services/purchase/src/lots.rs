//! Coin lots: to which purchase every coin belongs that is in a wallet or was spent, and what of a purchase's price is earned. A projection of the ledger's
//! journal that no purchase and no gift waits for.
//!
//! - `read`: the journal's events. [`lot`]: a lot and its price. [`working`]: how transfers change lots. `follow`: reads the journal and stores what it
//!   says. [`revenue`]: what each day earned. `post`: posts it. [`breakage`]: what becomes of coins that their owners leave.

pub(crate) mod breakage;
mod follow;
pub mod lot;
mod post;
pub(crate) mod read;
pub mod revenue;
pub mod working;

pub use lot::{BrokenCoins, Lot, LotOrigin, LotSums};
pub use working::{LotOverflow, LotSpend, LotUse};

use std::sync::Arc;

use ledger_client::{LedgerClient, NotPosted};
use tokio::sync::Notify;

use crate::store::Store;
use crate::store::lots::LotRowsError;
use crate::wallet_changes::rules::WalletRules;

/// Why lots can't be read or posted for now.
#[derive(Debug, thiserror::Error)]
pub enum LotsError {
    /// The ledger's answer.
    #[error("the ledger: {0}")]
    Ledger(#[from] NotPosted),
    /// The tables.
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    /// Sums beyond what can be stored.
    #[error(transparent)]
    Overflow(#[from] working::LotOverflow),
    /// The book is written to too quickly for its end to be found.
    #[error("the book changes while its sums are read; nothing was done, retry the same request")]
    Changing,
}

impl From<LotRowsError> for LotsError {
    fn from(error: LotRowsError) -> LotsError {
        match error {
            LotRowsError::Store(error) => LotsError::Store(error),
            LotRowsError::Overflow(overflow) => LotsError::Overflow(overflow),
        }
    }
}

/// The projection and what is posted by it.
#[derive(Debug, Clone)]
pub struct Lots {
    pub(crate) store: Store,
    pub(crate) ledger: LedgerClient,
    /// Notified when what a refund did or holds was read, for which its next posting waits.
    pub(crate) news: Arc<Notify>,
    /// After how long coins that are left are breakage.
    pub(crate) rules: Arc<WalletRules>,
}
