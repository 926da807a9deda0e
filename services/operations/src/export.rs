//! A book's journal as a file or on the standard output: what [`monitor::export`] gives page by page, read from the database or from a running monitor.
use crate::{OperationFault, broken_pipe, staff_call, unfinished_file::UnfinishedFile};
use api::monitor::{ExportJournalRequest, ExportedJournal, monitor_service_client::MonitorServiceClient};
use books::store::{Book, Store};
use monitor::export::{ExportRange, JournalPages};
use rpc::Transport;
use sha2::{Digest as _, Sha256};
use std::{
    io::{self, Write},
    path::Path,
    sync::Arc,
};

/// How an export ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportEnd {
    /// All of it, this many transfers, was written.
    Whole(u64),
    /// The reader of the output closed it.
    BrokenPipe,
}

/// Writes the journal's transfers in order. Postings without transfers have no row.
pub async fn export(store: Arc<dyn Store>, book: &Book, range: &ExportRange, mut out: impl Write) -> Result<ExportEnd, OperationFault> {
    let mut pages = JournalPages::begin(store, book.clone(), range.clone()).await?;
    while let Some(page) = pages.next().await? {
        if written(&mut out, &page)?.is_none() {
            return Ok(ExportEnd::BrokenPipe);
        }
    }
    Ok(ExportEnd::Whole(pages.rows()))
}

/// The same into a file.
pub async fn to_file(store: Arc<dyn Store>, book: &Book, range: &ExportRange, path: &Path) -> Result<ExportEnd, OperationFault> {
    let mut file = UnfinishedFile::create(path)?;
    let ended = export(store, book, range, &mut file).await?;
    file.finish()?;
    Ok(ended)
}

/// A running monitor, and who asks it.
pub struct ExportCaller<'a> {
    /// The connection.
    pub transport: Transport,
    /// The token of a member of staff.
    pub token: &'a str,
    /// The reason, for the audit log.
    pub reason: &'a str,
}

impl ExportCaller<'_> {
    /// Has the monitor export, and writes the file; to the standard output for the path `-`. A file that the monitor did not complete is not there.
    pub async fn export(&self, asked: ExportJournalRequest, path: &Path) -> Result<ExportEnd, OperationFault> {
        if path == Path::new("-") {
            return self.copy(asked, io::stdout().lock()).await;
        }
        let mut file = UnfinishedFile::create(path)?;
        let ended = self.copy(asked, &mut file).await?;
        file.finish()?;
        Ok(ended)
    }

    async fn copy(&self, asked: ExportJournalRequest, mut out: impl Write) -> Result<ExportEnd, OperationFault> {
        let mut request = staff_call::request(asked, self.token, self.reason)?;
        // A long file takes longer than any single call may.
        request.metadata_mut().remove("grpc-timeout");
        let mut client = MonitorServiceClient::new(self.transport.clone());
        let mut parts = client.export_journal(request).await.map_err(staff_call::told)?.into_inner();
        let mut hash = Sha256::new();
        while let Some(part) = parts.message().await.map_err(staff_call::told)? {
            if let Some(exported) = part.exported {
                return checked(&exported, &hex::encode(hash.finalize()));
            }
            hash.update(&part.content);
            if written(&mut out, &part.content)?.is_none() {
                return Ok(ExportEnd::BrokenPipe);
            }
        }
        Err("the export ended before it was complete; ask again".into())
    }
}

/// Compares what came with what was sent.
fn checked(exported: &ExportedJournal, sha256: &str) -> Result<ExportEnd, OperationFault> {
    if exported.sha256 != sha256 {
        return Err(format!("the file has SHA-256 {sha256}, and the monitor sent {}; ask again", exported.sha256).into());
    }
    Ok(ExportEnd::Whole(u64::try_from(exported.rows)?))
}

/// `None`: the reader of the output has closed it.
fn written(out: &mut impl Write, bytes: &[u8]) -> Result<Option<()>, OperationFault> {
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(Some(())),
        Err(error) if broken_pipe(&error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
