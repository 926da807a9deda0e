//! One payout as a stream: now, and after every change, until it is final. While nothing happens it sends heartbeats, and it ends with its caller's
//! token or at its maximum age: a caller that is still interested watches again.

use crate::domain::{Payout, PayoutKey};
use crate::{
    error::Error,
    payouts::Payouts,
    store::{attempts::RecordedAttempt, steps::ShownSteps},
};
use futures::{Stream, stream};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// A payout with its steps.
pub type PayoutWithSteps = (Payout, ShownSteps);

/// A message to a watcher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchedPayout {
    /// The payout now.
    pub seen: PayoutWithSteps,
    /// Its attempts.
    pub attempts: Vec<RecordedAttempt>,
    /// Nothing has changed since the last one; the watch is alive.
    pub heartbeat: bool,
}

struct PayoutWatcher {
    payouts: Arc<Payouts>,
    payout_key: PayoutKey,
    changes: Receiver<Uuid>,
    shutdown: CancellationToken,
    /// The payout as sent last.
    shown: Option<PayoutWithSteps>,
    /// When the last message was sent.
    sent: Instant,
    /// When it ends at the latest.
    ends: Instant,
    ended: bool,
}

/// The stream. It subscribes before it reads, so that no change is missed in between; changes made by another process are found by reading again after
/// `poll_delay`. It lasts for `age_max` at most.
pub fn watch(
    payouts: Arc<Payouts>,
    payout_key: PayoutKey,
    age_max: Duration,
    shutdown: CancellationToken,
) -> impl Stream<Item = Result<WatchedPayout, Error>> {
    let changes = payouts.changed.subscribe();
    let (sent, ends) = (Instant::now(), Instant::now() + age_max.min(payouts.config.watch_age_max));
    let watcher = PayoutWatcher { payouts, payout_key, changes, shutdown, shown: None, sent, ends, ended: false };
    stream::unfold(watcher, |mut watcher| async move {
        let item = watcher.next().await?;
        Some((item, watcher))
    })
}

impl PayoutWatcher {
    async fn next(&mut self) -> Option<Result<WatchedPayout, Error>> {
        if self.ended || self.shown.as_ref().is_some_and(|(payout, _)| payout.phase.is_final()) {
            return None;
        }
        loop {
            match self.payouts.get(&self.payout_key).await {
                Ok(Some(seen)) if self.is_news(&seen) => {
                    self.shown = Some(seen.clone());
                    return Some(self.send(seen, false).await);
                }
                Ok(Some(seen)) => {
                    self.ended = self.ends <= Instant::now();
                    // The last message is a heartbeat too: it shows the payout's state.
                    if self.ended || self.sent.elapsed() >= self.payouts.config.watch_heartbeat {
                        return Some(self.send(seen, true).await);
                    }
                }
                // A refused hold: there never was a payout to watch.
                Ok(None) => return Some(Err(Error::PayoutUnknown(self.payout_key.payout_id))).filter(|_| self.shown.is_none()),
                Err(error) => return Some(Err(error)),
            }
            if !self.wait().await {
                return None;
            }
        }
    }

    async fn send(&mut self, seen: PayoutWithSteps, heartbeat: bool) -> Result<WatchedPayout, Error> {
        self.sent = Instant::now();
        let attempts = self.payouts.store.attempts(&self.payout_key).await?;
        Ok(WatchedPayout { seen, attempts, heartbeat })
    }

    /// Whether a watcher would see a difference; claims and retries make none.
    fn is_news(&self, (payout, steps): &PayoutWithSteps) -> bool {
        let Some((shown, shown_steps)) = &self.shown else { return true };
        let count = |shown: &ShownSteps| shown.left_out.saturating_add(i64::try_from(shown.steps.len()).unwrap_or(i64::MAX));
        (shown.state, &shown.bank_status, count(shown_steps)) != (payout.state, &payout.bank_status, count(steps))
    }

    /// Waits for a change; false at shutdown.
    async fn wait(&mut self) -> bool {
        let config = &self.payouts.config;
        let poll = tokio::time::sleep_until((Instant::now() + config.poll_delay).min(self.sent + config.watch_heartbeat).min(self.ends));
        tokio::pin!(poll);
        loop {
            tokio::select! {
                () = self.shutdown.cancelled() => return false,
                () = &mut poll => return true,
                change = self.changes.recv() => match change {
                    Ok(id) if id != self.payout_key.payout_id => {}
                    // Too many changes were missed, so read the store.
                    Ok(_) | Err(RecvError::Lagged(_)) => return true,
                    Err(RecvError::Closed) => return false,
                },
            }
        }
    }
}
