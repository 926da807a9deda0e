//! The desk that payments, returns and recalls are done at: the books and where callbacks go.
use super::{Config, books::BankBooks, callbacks::Mailbox};
use std::{sync::Arc, time::Duration};
use tokio::sync::Notify;

/// Why the desk can't do its work.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The books failed.
    #[error("the bank's books: {0}")]
    Books(#[from] sqlx::Error),
    /// A message could not be written.
    #[error("a message of the bank: {0}")]
    Message(#[from] iso20022::Error),
}

/// Accepts payments and answers queries about them.
#[derive(Debug, Clone)]
pub struct PaymentDesk {
    pub(super) books: BankBooks,
    pub(super) config: Config,
    mailbox: Mailbox,
    changed: Arc<Notify>,
}

impl PaymentDesk {
    pub fn new(books: BankBooks, config: Config, mailbox: Mailbox) -> Self {
        Self { books, config, mailbox, changed: Arc::default() }
    }

    pub fn books(&self) -> &BankBooks {
        &self.books
    }

    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// When something happens that happens later, in milliseconds from now.
    pub fn later_ms(&self) -> i64 {
        i64::try_from(self.config.later.as_millis()).unwrap_or(i64::MAX)
    }

    /// What a recall costs.
    pub fn recall_fee(&self) -> i64 {
        self.config.recall_fee_minor_units
    }

    /// Longest wait for callbacks before an answer.
    pub fn late_answer(&self) -> Duration {
        self.config.late_answer
    }

    /// Tells whoever waits that there may be something to do.
    pub fn wake(&self) {
        self.changed.notify_one();
        self.mailbox.wake();
    }

    /// Returns once there may be something to do.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    pub fn finality_window(&self) -> Duration {
        self.config.finality_window
    }
}
