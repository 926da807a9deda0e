//! How long a stream of requests stays open: at most its maximum age, and no longer than the caller's token is valid.
use crate::{Caller, errors};
use futures::{Stream, StreamExt as _, stream};
use std::{
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};

/// How soon a new stream may be opened in place of one that was ended.
const REOPEN_DELAY: Duration = Duration::from_millis(100);

/// When and why one stream ends.
#[derive(Debug, Clone)]
pub struct StreamLifetime {
    oldest: Instant,
    expires: Instant,
    /// Cancelled when the connection is asked to close.
    ending: CancellationToken,
    /// Set when the server ended the stream, which may leave items unread.
    ended: Arc<OnceLock<StreamEnd>>,
}

/// Why the server ended a stream.
#[derive(Debug, Clone, Copy)]
enum StreamEnd {
    Token,
    Age,
    Connection,
    Shutdown,
}

impl StreamLifetime {
    /// The lifetime of a stream that `caller` opens now: it ends with the caller's token, or after `age_max`.
    #[must_use]
    pub fn of(caller: &Caller, age_max: Duration) -> Self {
        let left = caller.principal.expires_at.duration_since(SystemTime::now()).unwrap_or_default();
        let now = Instant::now();
        let ending = caller.ending.clone().unwrap_or_default();
        Self { oldest: now + age_max, expires: now + left, ending, ended: Arc::default() }
    }

    /// Completes when no more items are to be read, also once `shutdown` completes; items already read are still answered.
    pub async fn over(self, shutdown: impl Future<Output = ()>) {
        let end = tokio::select! {
            () = shutdown => StreamEnd::Shutdown,
            () = self.ending.cancelled() => StreamEnd::Connection,
            () = tokio::time::sleep_until(self.expires) => StreamEnd::Token,
            () = tokio::time::sleep_until(self.oldest) => StreamEnd::Age,
        };
        // The first end is the one reported.
        self.ended.get_or_init(|| end);
    }

    /// What follows the last answer: nothing if the caller ended its side, else why the stream was ended. Without it a caller could take unread items
    /// for answered ones. UNAUTHENTICATED (`token=expired`), or UNAVAILABLE with STREAM_ENDED (`because`: `age`, `connection` or `shutdown`).
    pub fn farewell<T>(self) -> impl Stream<Item = Result<T, Status>> {
        let end = async move { self.ended.get().map(|end| Err(farewell(*end))) };
        stream::once(end).filter_map(std::future::ready)
    }
}

fn farewell(end: StreamEnd) -> Status {
    let (why, because) = match end {
        StreamEnd::Token => {
            let why = "the token has expired; items without an answer were not read: send them again under their ids with a new token";
            return errors::refused(Code::Unauthenticated, "UNAUTHENTICATED", why.to_owned(), &[("token", "expired".to_owned())]);
        }
        StreamEnd::Connection => ("the connection has reached its maximum age", "connection"),
        StreamEnd::Age => ("the stream has reached its maximum age", "age"),
        StreamEnd::Shutdown => ("this process is about to stop", "shutdown"),
    };
    let message = format!("{why}; items without an answer were not read: send them again under their ids on a new stream");
    errors::unavailable_with("STREAM_ENDED", &message, &[("because", because.to_owned())], REOPEN_DELAY)
}
