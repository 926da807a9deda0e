//! Ends of streaks. They charge nothing, so nothing but this bounds them: each is an event of the journal, which is kept for ever.
//!
//! Whoever has no account of coins can't have a streak, so such an end writes nothing. Anybody else's counts, also one that comes before its taps: the order in
//! which they arrive must not matter.
use crate::error::Error;
use api::ledger::PostResponse;
use ledger_client::{LedgerClient, NotPosted, PostingDraft};
use money::{BookName, UserKey};
use rpc::quota::HourlyQuota;
use std::{sync::Arc, time::Duration};

/// Where ends of streaks go through.
#[derive(Clone)]
pub struct EndMarkers {
    ledger: LedgerClient,
    allowed: Arc<HourlyQuota>,
    post_timeout: Duration,
}

impl EndMarkers {
    /// So many an hour of one viewer; 0: no bound.
    #[must_use]
    pub fn new(ledger: LedgerClient, per_hour: u32, post_timeout: Duration) -> Self {
        Self { ledger, allowed: Arc::new(HourlyQuota::new("end markers", per_hour)), post_timeout }
    }

    /// Posts one.
    pub async fn post(&self, book: &BookName, sender: &UserKey, draft: PostingDraft) -> Result<Result<PostResponse, NotPosted>, Error> {
        self.allowed.take((book, sender)).map_err(|status| Error::TooManyEnds(Box::new(status)))?;
        match rpc::deadline::within(self.post_timeout, self.ledger.has_wallet(book, sender)).await {
            Ok(true) => Ok(self.ledger.post_within(self.post_timeout, book, draft).await),
            Ok(false) => Err(Error::StreakUnknown),
            Err(not_posted) => Ok(Err(not_posted)),
        }
    }
}
