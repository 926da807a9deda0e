//! What one call has read of the journal, kept until it is answered: thousands of gifts share a few accounts, catalogues and postings.
use super::gift_names::ServedNames;
use books::domain::{account::BookAccount, event::Event};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::OnceCell;

/// By event, its place; by account, its key. A call shows a bounded page, so this is bounded.
#[derive(Default)]
pub(crate) struct KeptReads {
    pub(super) names: OnceCell<ServedNames>,
    rows: Mutex<KeptRows>,
}

/// The rows.
#[derive(Default)]
pub(super) struct KeptRows {
    pub(super) events: HashMap<i64, Event>,
    /// In microseconds since the Unix epoch.
    pub(super) times: HashMap<i64, i64>,
    /// Of which names and units are used: they never change.
    pub(super) accounts: HashMap<i64, BookAccount>,
}

impl KeptReads {
    /// Never held while something is awaited.
    pub(super) fn rows(&self) -> MutexGuard<'_, KeptRows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
