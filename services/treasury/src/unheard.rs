//! What is decided and not known to be posted is posted by the call that decided it; by this, if that call or the ledger's answer was lost and nobody repeats it.
use crate::{error::Error, treasury::Treasury};
use std::time::Duration;
use telemetry::unfinished::UnfinishedCount;
use tokio_util::sync::CancellationToken;

/// Pause between two rounds.
const ROUND_EVERY: Duration = Duration::from_mins(1);
/// Rows of one kind that are read at once.
const ROWS_MAX: i64 = 200;

/// The first error of several steps, none of which stops the others.
#[derive(Default)]
struct FirstError(Option<Error>);

impl FirstError {
    fn note<T>(&mut self, result: Result<T, Error>) {
        if let Err(error) = result {
            self.0.get_or_insert(error);
        }
    }

    fn result(self) -> Result<(), Error> {
        self.0.map_or(Ok(()), Err)
    }
}

impl Treasury {
    /// Posts every minute what is open until `shutdown`; any number of processes may.
    pub(crate) async fn follow_unheard(self, shutdown: CancellationToken) {
        loop {
            if let Err(error) = self.post_unheard().await {
                tracing::warn!(%error, "not everything that is decided is in the ledger yet; it is tried again in a minute");
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(ROUND_EVERY) => {}
            }
        }
    }

    /// Posts what is open, each under the id under which it may be posted already. The first error is returned, and stops nothing else.
    pub async fn post_unheard(&self) -> Result<(), Error> {
        let mut first = FirstError::default();
        first.note(self.post_open().await);
        first.note(self.book_open_receipts().await);
        first.note(self.post_open_adjustments().await);
        first.note(self.open(true).await);
        first.note(self.book_moves(None).await);
        first.note(self.book_open_entries().await);
        first.result()
    }

    async fn book_open_receipts(&self) -> Result<(), Error> {
        let (mut first, mut after) = (FirstError::default(), String::new());
        loop {
            let rows = self.store.open_receipts(self.book.as_str(), &after, ROWS_MAX).await?;
            let Some(last) = rows.last() else { return first.result() };
            after = last.receipt_id.hyphenated().to_string();
            for row in &rows {
                first.note(self.book_receipt(row).await);
            }
        }
    }

    async fn post_open_adjustments(&self) -> Result<(), Error> {
        let (mut first, mut after) = (FirstError::default(), String::new());
        loop {
            let rows = self.store.open_adjustments(self.book.as_str(), &after, ROWS_MAX).await?;
            let Some(last) = rows.last() else { return first.result() };
            after = last.id.simple().to_string();
            for row in &rows {
                match self.kept(&row.case_id).await {
                    Ok(case) => first.note(self.post_adjustment(&case, row).await),
                    Err(error) => first.note(Err::<(), _>(error)),
                }
            }
        }
    }

    async fn book_open_entries(&self) -> Result<(), Error> {
        let (mut first, structure) = (FirstError::default(), self.structure(None).await?);
        for id in self.store.accounts_with_open_entries(self.book.as_str()).await? {
            match structure.accounts.get(&id) {
                Some(account) => first.note(self.book_entries(account, true).await),
                None => first.note(Err::<(), _>(Error::AccountUnknown(id))),
            }
        }
        first.result()
    }

    /// What is open, for alerts.
    pub(crate) async fn unheard(&self) -> Result<Vec<UnfinishedCount>, Error> {
        let open = self.store.open_postings(self.book.as_str()).await?;
        let count = open.into_iter().map(|open| UnfinishedCount {
            what: "treasury_posting",
            state: open.of,
            count: open.count,
            since_ms: open.since_ms,
        });
        Ok(count.collect())
    }
}
