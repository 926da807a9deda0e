//! ExportJournal: the file of [`crate::export`] in parts, made as fast as its reader takes them.
use crate::{
    error::{self, Error},
    export::{AccountUnknown, JournalPages},
};
use api::monitor::{ExportJournalResponse, ExportedJournal};
use futures::{Stream, stream};
use sha2::{Digest as _, Sha256};
use std::{pin::Pin, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    task::JoinHandle,
    time::{Instant, timeout, timeout_at},
};
use tonic::Status;

/// The messages of an export.
pub type ExportJournalStream = Pin<Box<dyn Stream<Item = Result<ExportJournalResponse, Status>> + Send>>;

/// Exports that are made at once: each reads the whole journal, and the audit reads it too.
pub(crate) const EXPORTS_MAX: usize = 2;
/// Bytes of a message.
const PART_BYTES: usize = 256 * 1024;
/// How long a reader may take nothing.
pub(crate) const READER_PATIENCE: Duration = Duration::from_secs(60);

/// Why an export is not made or not completed.
pub(crate) fn refusal(fault: &crate::audit::ReadFault, account: &str) -> Status {
    if fault.is::<AccountUnknown>() { Error::AccountUnknown(account.to_owned()).into() } else { error::unreadable(fault) }
}

/// How long an export may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ExportPatience {
    /// When the caller's token expires.
    pub expires: Instant,
    /// How long the reader may take nothing.
    pub reader: Duration,
}

/// The file as messages. The place is given back when the last one is made or the stream is dropped.
pub(crate) fn messages(pages: JournalPages, patience: ExportPatience, place: OwnedSemaphorePermit) -> ExportJournalStream {
    let (parts, taken) = mpsc::channel(1);
    let making = tokio::spawn(async move {
        let _place = place;
        timeout_at(patience.expires, make(pages, parts, patience.reader)).await.unwrap_or(Err(Error::TokenExpired.into()))
    });
    Box::pin(stream::unfold(Some(ExportInParts { taken, making }), async |export| {
        let mut export = export?;
        match export.taken.recv().await {
            Some(message) => Some((Ok(message), Some(export))),
            None => export.end().await.err().map(|status| (Err(status), None)),
        }
    }))
}

/// An export that is being made. Dropped, it is no longer.
struct ExportInParts {
    taken: mpsc::Receiver<ExportJournalResponse>,
    making: JoinHandle<Result<(), Status>>,
}

impl ExportInParts {
    /// How the making ended.
    async fn end(&mut self) -> Result<(), Status> {
        (&mut self.making).await.unwrap_or_else(|error| Err(rpc::internal(&error)))
    }
}

impl Drop for ExportInParts {
    fn drop(&mut self) {
        self.making.abort();
    }
}

async fn make(mut pages: JournalPages, parts: mpsc::Sender<ExportJournalResponse>, patience: Duration) -> Result<(), Status> {
    let give = async |message| match timeout(patience, parts.send(message)).await {
        // Nobody reads any more: whoever is gone gets no reason.
        Ok(sent) => Ok(sent.is_ok()),
        Err(_) => Err(Status::from(Error::ExportTooSlow)),
    };
    let mut hash = Sha256::new();
    while let Some(page) = pages.next().await.map_err(|fault| error::unreadable(&fault))? {
        hash.update(&page);
        for part in page.chunks(PART_BYTES) {
            if !give(ExportJournalResponse { content: part.to_vec(), exported: None }).await? {
                return Ok(());
            }
        }
    }
    let exported = ExportedJournal {
        rows: i64::try_from(pages.rows()).unwrap_or(i64::MAX),
        last_seq: pages.last_seq(),
        sha256: hex::encode(hash.finalize()),
    };
    give(ExportJournalResponse { content: Vec::new(), exported: Some(exported) }).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
