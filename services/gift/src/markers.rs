//! End markers of streaks. They charge nothing, so only this quota bounds them: each is an event of the journal, which is kept for ever.
//!
//! A sender without an account of coins can't have a streak, so its end markers write nothing. Every other sender's count, also one that arrives before
//! its taps: the order of arrival must not matter.
use crate::error::Error;
use api::ledger::PostResponse;
use ledger_client::{LedgerClient, NotPosted, PostingDraft};
use money::{BookName, UserKey};
use rpc::quota::HourlyQuota;
use std::{sync::Arc, time::Duration};

/// Posts end markers within their quota.
#[derive(Clone)]
pub struct EndMarkers {
    ledger: LedgerClient,
    allowed: Arc<HourlyQuota>,
    post_timeout: Duration,
}

impl EndMarkers {
    /// With this many an hour for one viewer; 0: no bound.
    #[must_use]
    pub fn new(ledger: LedgerClient, per_hour: u32, post_timeout: Duration) -> Self {
        Self { ledger, allowed: Arc::new(HourlyQuota::new("end markers", per_hour)), post_timeout }
    }

    /// Posts one end marker.
    pub async fn post(&self, book: &BookName, sender: &UserKey, draft: PostingDraft) -> Result<Result<PostResponse, NotPosted>, Error> {
        self.allowed.take((book, sender)).map_err(|status| Error::TooManyEnds(Box::new(status)))?;
        match rpc::deadline::within(self.post_timeout, self.ledger.has_wallet(book, sender)).await {
            Ok(true) => Ok(self.ledger.post_within(self.post_timeout, book, draft).await),
            Ok(false) => Err(Error::StreakUnknown),
            Err(not_posted) => Ok(Err(not_posted)),
        }
    }
}
