//! One payout as a stream: now, and after every change, until it is final.

use crate::domain::Payout;
use crate::{
    error::Error,
    payouts::Payouts,
    store::payouts::{PayoutKey, PayoutStep},
};
use futures::{Stream, stream};
use std::sync::Arc;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// A payout with its steps.
pub type PayoutWithSteps = (Payout, Vec<PayoutStep>);

struct PayoutWatcher {
    payouts: Arc<Payouts>,
    payout_key: PayoutKey,
    changes: Receiver<Uuid>,
    shutdown: CancellationToken,
    /// What was shown last.
    shown: Option<PayoutWithSteps>,
}

/// The stream. It subscribes before it reads, so that no change falls in between; changes made by another process are found by reading
/// again after `poll_delay`.
pub fn watch(
    payouts: Arc<Payouts>,
    payout_key: PayoutKey,
    shutdown: CancellationToken,
) -> impl Stream<Item = Result<PayoutWithSteps, Error>> {
    let changes = payouts.changed.subscribe();
    let watcher = PayoutWatcher { payouts, payout_key, changes, shutdown, shown: None };
    stream::unfold(watcher, |mut watcher| async move {
        let item = watcher.next().await?;
        Some((item, watcher))
    })
}

impl PayoutWatcher {
    async fn next(&mut self) -> Option<Result<PayoutWithSteps, Error>> {
        if self.shown.as_ref().is_some_and(|(payout, _)| payout.phase.is_final()) {
            return None;
        }
        loop {
            match self.payouts.get(&self.payout_key).await {
                Ok(Some(seen)) if self.is_news(&seen) => {
                    self.shown = Some(seen.clone());
                    return Some(Ok(seen));
                }
                Ok(Some(_)) => {}
                // A refused hold: there never was a payout to watch.
                Ok(None) => return Some(Err(Error::PayoutUnknown)).filter(|_| self.shown.is_none()),
                Err(error) => return Some(Err(error)),
            }
            if !self.wait().await {
                return None;
            }
        }
    }

    /// Claims and retries are not news.
    fn is_news(&self, (payout, steps): &PayoutWithSteps) -> bool {
        let Some((shown, shown_steps)) = &self.shown else { return true };
        (shown.state, &shown.bank_status, shown_steps.len()) != (payout.state, &payout.bank_status, steps.len())
    }

    /// False at shutdown.
    async fn wait(&mut self) -> bool {
        let poll = tokio::time::sleep(self.payouts.config.poll_delay);
        tokio::pin!(poll);
        loop {
            tokio::select! {
                () = self.shutdown.cancelled() => return false,
                () = &mut poll => return true,
                change = self.changes.recv() => match change {
                    Ok(id) if id != self.payout_key.payout_id => {}
                    // Behind by too much: something may have been missed, so look.
                    Ok(_) | Err(RecvError::Lagged(_)) => return true,
                    Err(RecvError::Closed) => return false,
                },
            }
        }
    }
}
