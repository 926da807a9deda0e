//! Rows of accounts are read while the batch before is in flight to the store: its end is not kept waiting for them.

use super::{Job, LoadedBook, prefetch};
use crate::{
    book::SharedBook,
    domain::account::BookAccount,
    store::{Error, Store},
};
use std::{future::Future, pin::Pin, sync::Arc};

/// Jobs that wait for rows.
pub(super) struct AccountReadAhead {
    jobs: Vec<Job>,
    /// What was settled before they were read, see `LoggedStandings`.
    settled: u64,
    /// How many batches' jobs had been decided by then.
    decided: u64,
    rows: Pin<Box<dyn Future<Output = Result<Vec<BookAccount>, Error>> + Send>>,
}

impl AccountReadAhead {
    /// Begins to read what the jobs name and memory lacks; gives them back if that is nothing.
    pub(super) fn begin(
        store: &Arc<dyn Store>,
        book: i64,
        shared: &SharedBook,
        loaded: &LoadedBook,
        jobs: Vec<Job>,
    ) -> Result<Self, Vec<Job>> {
        let names = prefetch::missing_names(shared, &jobs);
        if names.is_empty() {
            return Err(jobs);
        }
        let store = store.clone();
        let rows = Box::pin(async move { store.accounts_by_name(book, &names).await });
        Ok(Self { jobs, settled: shared.state().behind().settled(), decided: loaded.decided, rows })
    }

    /// The jobs, and their accounts in memory where that is safe; whatever is not there then is read again when they are decided.
    pub(super) fn end(self, shared: &SharedBook, loaded: Option<&LoadedBook>, rows: Result<Vec<BookAccount>, Error>) -> Vec<Job> {
        let Self { jobs, settled, decided, .. } = self;
        // What was decided meanwhile may have changed these accounts, and the store may have got them.
        if let (Ok(rows), true) = (rows, loaded.is_some_and(|loaded| loaded.decided == decided)) {
            let mut state = shared.state();
            for row in rows {
                if !state.behind().settled_since(settled, row.key) {
                    state.load_account(row);
                }
            }
        }
        jobs
    }
}

/// Ready when rows that jobs wait for have come; never without any.
pub(super) async fn arrival(ahead: &mut Option<AccountReadAhead>) -> Result<Vec<BookAccount>, Error> {
    match ahead {
        Some(ahead) => (&mut ahead.rows).await,
        None => std::future::pending().await,
    }
}
