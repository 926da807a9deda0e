//! The RPC that follows a book's journal.

use super::Service;
use crate::{
    book::watching::{JournalWatch, SeenCommit, WatchFrom},
    error::Error,
    journal::PublishedCommit,
    wire,
};
use api::ledger as pb;
use futures::{Stream, stream};
use std::{pin::Pin, sync::Arc, time::Duration};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Status};

/// The messages sent to a watcher.
pub type WatchJournalStream = Pin<Box<dyn Stream<Item = Result<pb::WatchJournalResponse, Status>> + Send>>;

impl Service {
    pub(super) async fn watch_journal(&self, request: Request<pb::WatchJournalRequest>) -> Result<WatchJournalStream, Status> {
        let expires_at = rpc::caller(&request)?.principal.expires_at;
        let place = self.place(&request, &request.get_ref().book).await?;
        let from = wire::watch_from(request.into_inner())?;
        let first_seq = if let WatchFrom::Seq(seq) = from { seq } else { 0 };
        let watch = JournalWatch::start(&place.handle, from, self.journal_reads.clone()).await?;
        let config = self.ledger.config();
        // A token is valid for the messages sent before it expires.
        let left = expires_at.duration_since(std::time::SystemTime::now()).unwrap_or_default();
        let watching = WatchStream {
            before: watch.at.clone(),
            watch,
            showing: None,
            first_seq,
            heartbeat: Duration::from_millis(config.watch_heartbeat_ms),
            ends: Instant::now() + Duration::from_millis(config.watch_age_max_ms).min(left),
            closing: self.ledger.closing(),
            ended: false,
        };
        Ok(Box::pin(stream::unfold(watching, |mut watching| async move { watching.next().await.map(|message| (message, watching)) })))
    }
}

/// One watcher's stream. It keeps one commit at a time and copies one of its messages when the caller takes it.
struct WatchStream {
    watch: JournalWatch,
    /// The last commit that was sent completely.
    before: SeenCommit,
    /// The commit being sent, and the index of its next message.
    showing: Option<(Arc<PublishedCommit>, usize)>,
    /// Events before this one are left out.
    first_seq: i64,
    heartbeat: Duration,
    ends: Instant,
    closing: CancellationToken,
    ended: bool,
}

impl WatchStream {
    async fn next(&mut self) -> Option<Result<pb::WatchJournalResponse, Status>> {
        if self.ended {
            return None;
        }
        loop {
            if let Some((news, next)) = self.showing.take() {
                return Some(Ok(self.show(news, next)));
            }
            let left = self.ends.saturating_duration_since(Instant::now());
            let found = if left.is_zero() {
                Ok(None)
            } else {
                tokio::select! {
                    () = self.closing.cancelled() => Ok(None),
                    found = self.watch.next(self.heartbeat.min(left)) => found,
                }
            };
            match found {
                Ok(Some(news)) => self.showing = Some((news, 0)),
                Ok(None) => {
                    // The last message is a heartbeat too: it has the cursor to resume from.
                    self.ended = self.closing.is_cancelled() || self.ends <= Instant::now();
                    return Some(Ok(wire::heartbeat(&self.before)));
                }
                Err(error) => {
                    self.ended = true;
                    return Some(Err(Error::into(error)));
                }
            }
        }
    }

    fn show(&mut self, news: Arc<PublishedCommit>, next: usize) -> pb::WatchJournalResponse {
        // The messages of one commit are the same for all watchers, except for their cursors: made once, copied one by one.
        let told = news.shared_view(wire::journal);
        let mut message = told[next].clone();
        message.events.retain(|event| event.seq >= self.first_seq);
        if next + 1 < told.len() {
            message.cursor = Some(wire::cursor(&self.before));
            self.showing = Some((news, next + 1));
        } else {
            self.before = self.watch.at.clone();
        }
        message
    }
}
