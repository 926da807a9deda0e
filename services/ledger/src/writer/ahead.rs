//! Reads rows of accounts while the batch before is in flight to the store, so that handling its end is not delayed.

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
    /// The value of `settled` before they were read, see `LoggedStandings`.
    settled: u64,
    /// How many batches' jobs had been decided by then.
    decided: u64,
    rows: Pin<Box<dyn Future<Output = Result<Vec<BookAccount>, Error>> + Send>>,
}

impl AccountReadAhead {
    /// Starts to read the accounts that the jobs name and memory lacks; returns the jobs if there are none.
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

    /// Returns the jobs, with their accounts loaded where that is safe; any still missing are read again when the jobs are decided.
    pub(super) fn end(self, shared: &SharedBook, loaded: Option<&LoadedBook>, rows: Result<Vec<BookAccount>, Error>) -> Vec<Job> {
        let Self { jobs, settled, decided, .. } = self;
        // Jobs decided meanwhile may have changed these accounts, and the store may have a newer row.
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

/// Ready when the rows that jobs wait for have arrived; pending forever if there are none.
pub(super) async fn arrival(ahead: &mut Option<AccountReadAhead>) -> Result<Vec<BookAccount>, Error> {
    match ahead {
        Some(ahead) => (&mut ahead.rows).await,
        None => std::future::pending().await,
    }
}
