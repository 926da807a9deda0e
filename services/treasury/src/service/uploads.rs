//! The RPC that takes a bank's file as a stream.
use super::Handlers;
use crate::{
    spool::FileBytes,
    uploads::append,
    wire::reconciliation::{self as wire, AnnouncedFile},
};
use api::treasury as pb;
use std::time::Duration;
use tokio::time::timeout;
use tonic::{Code, Request, Response, Status, Streaming};

/// How long a file may take to come.
const UPLOAD_MAX: Duration = Duration::from_secs(3_600);
/// How long it may take to match and book what has come.
const BOOKING_MAX: Duration = Duration::from_secs(600);
/// When to try again while other files are coming.
const UPLOAD_RETRY_AFTER: Duration = Duration::from_secs(5);

/// ImportStatementStream.
pub(super) async fn import(
    handlers: &Handlers,
    request: Request<Streaming<pb::ImportStatementStreamRequest>>,
) -> Result<Response<pb::ImportStatementStreamResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let treasury = &handlers.treasury;
    let Ok(_place) = treasury.uploading.try_acquire() else {
        let why = "as many banks' files are coming to this process as it takes at once; nothing was kept, retry";
        return Err(rpc::errors::unavailable("OVERLOADED", why, UPLOAD_RETRY_AFTER));
    };
    let mut messages = StatementMessages { messages: request.into_inner(), idle: Duration::from_millis(treasury.config.statement_idle_ms) };
    let by = caller.principal.subject.as_str();
    let received = timeout(UPLOAD_MAX, receive(handlers, &caller, &mut messages)).await.map_err(|_| late())?;
    let received = received?;
    let imported = async {
        match received {
            ReceivedStatement::Known(file) => treasury.imported(&file.hash, true).await,
            ReceivedStatement::Whole(file, bytes) => treasury.import_whole(&file, bytes, by).await,
        }
    };
    // The call itself has no deadline, and what it calls must have one.
    let imported = timeout(BOOKING_MAX, rpc::deadline::within(BOOKING_MAX, imported)).await;
    let imported = imported.map_err(|_| rpc::errors::deadline_exceeded("server"))??;
    Ok(Response::new(pb::ImportStatementStreamResponse { imported: Some(wire::imported(imported)) }))
}

/// The messages of a stream, none of which may take too long to come.
struct StatementMessages {
    messages: Streaming<pb::ImportStatementStreamRequest>,
    idle: Duration,
}

impl StatementMessages {
    async fn next(&mut self) -> Result<Option<pb::ImportStatementStreamRequest>, Status> {
        timeout(self.idle, self.messages.message()).await.map_err(|_| late())?
    }
}

/// What a stream brought.
enum ReceivedStatement {
    /// A file that was imported before, of which no part was waited for.
    Known(AnnouncedFile),
    /// All bytes of a file.
    Whole(AnnouncedFile, FileBytes),
}

async fn receive(handlers: &Handlers, caller: &rpc::Caller, messages: &mut StatementMessages) -> Result<ReceivedStatement, Status> {
    let treasury = &handlers.treasury;
    let first = messages.next().await?.unwrap_or_default();
    handlers.check_book(caller, &first.book)?;
    let file = wire::announced(&first, treasury.config.statement_bytes_max)?;
    if treasury.is_known(&file.hash, file.size_bytes).await? {
        return Ok(ReceivedStatement::Known(file));
    }
    let mut coming = treasury.coming_file();
    while let Some(message) = messages.next().await? {
        let part = wire::streamed_part(message, &file, coming.size_bytes())?;
        coming = append(coming, part).await?;
    }
    wire::check_whole(&file, coming.size_bytes())?;
    Ok(ReceivedStatement::Whole(file, coming.whole()))
}

/// DEADLINE_EXCEEDED: nothing of the file was kept.
fn late() -> Status {
    let why = "the next part of the file, or all of it, did not come in time; nothing was kept, send it again";
    rpc::refused(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", why.to_owned(), &[("layer", "upload".to_owned())])
}
