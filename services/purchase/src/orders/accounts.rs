//! Our accounts at the stores that are paid for orders, and the bounds of orders.

use std::sync::Arc;

use money::BookName;

use crate::domain::StoreKind;
use crate::stores::payee::OrderAccount;

/// The parts that orders need.
#[derive(Debug)]
pub struct Orders {
    /// Our accounts at the stores that are paid for orders; of each store, one for a book.
    pub accounts: Vec<Arc<dyn OrderAccount>>,
    /// How long an order is left to its buyer before the store is asked about it, in milliseconds.
    pub check_after_ms: i64,
    /// Most orders of one user in a book that can still be paid.
    pub open_max: u32,
}

impl Orders {
    /// The account at a store that sells the coins of a book.
    pub(crate) fn account(&self, store: StoreKind, book: &BookName) -> Option<&dyn OrderAccount> {
        self.accounts.iter().find(|account| account.store() == store && account.book() == book).map(|account| &**account)
    }
}
