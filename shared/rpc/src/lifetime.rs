//! How long a stream that its caller sends items on stays open: for a while, and no longer than the caller's token is good.
use crate::{Caller, errors};
use futures::{Stream, StreamExt as _, stream};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};
use tokio::time::Instant;
use tonic::{Code, Status};

/// The longest that a stream of items stays open, so that callers spread over processes again after one was replaced. Watches have options of their own.
pub const STREAM_AGE_MAX: Duration = Duration::from_secs(3_600);

/// One stream's end.
#[derive(Debug, Clone)]
pub struct StreamLifetime {
    ends: Instant,
    expires_at: SystemTime,
    /// It was ended from here, with items that perhaps nobody read.
    cut: Arc<AtomicBool>,
}

impl StreamLifetime {
    /// Of a stream that `caller` opens now.
    #[must_use]
    pub fn of(caller: &Caller, age_max: Duration) -> Self {
        let expires_at = caller.principal.expires_at;
        let left = expires_at.duration_since(SystemTime::now()).unwrap_or_default();
        Self { ends: Instant::now() + left.min(age_max), expires_at, cut: Arc::default() }
    }

    /// Ready when no more items are to be read; those that were read are still answered.
    pub async fn over(self) {
        tokio::time::sleep_until(self.ends).await;
        self.cut.store(true, Ordering::Release);
    }

    /// What follows the last answer: nothing, or, where the token ended it, that it did. Without it a caller could take items that nobody read for answered.
    pub fn farewell<T>(self) -> impl Stream<Item = Result<T, Status>> {
        let end = async move {
            let expired = self.cut.load(Ordering::Acquire) && self.expires_at <= SystemTime::now();
            let why = "the token has expired; items without an answer were not read: send them again under their ids with a new token";
            expired
                .then(|| Err(errors::refused(Code::Unauthenticated, "UNAUTHENTICATED", why.to_owned(), &[("token", "expired".to_owned())])))
        };
        stream::once(end).filter_map(std::future::ready)
    }
}
