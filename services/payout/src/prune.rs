//! Refusals are deleted after a week, in small steps; bank accounts without payouts are erased after more than a year, deleted ones with payouts after ten.
//! Rows of older programs get what they lack.

use crate::payouts::Payouts;
use money::time::{millis, unix_ms};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio_util::sync::CancellationToken;

/// Time between two rounds.
const INTERVAL: Duration = Duration::from_secs(3_600);
/// Refusals deleted in one transaction, so that nothing waits for it long; a round runs as many as needed.
const STEP_MAX: i64 = 1_000;
/// How long a callback is remembered, so that its repetition is recognised, and a message of many payments, so that callbacks about it are understood: longer than
/// any bank repeats one.
pub(crate) const SHARED_MESSAGE_RETENTION: Duration = Duration::from_secs(90 * 86_400);
/// The same for bank accounts, each of which stays locked as long as the transaction.
const BENEFICIARIES_STEP_MAX: i64 = 100;

/// Prunes until shutdown.
pub async fn run(payouts: Arc<Payouts>, shutdown: CancellationToken) {
    let mut rounds = tokio::time::interval(INTERVAL);
    while shutdown.run_until_cancelled(rounds.tick()).await.is_some() {
        if let Some(Err(error)) = shutdown.run_until_cancelled(payouts.digest_accounts()).await {
            tracing::warn!(%error, "could not digest the accounts of older rows; retrying in an hour");
        }
        if let Some(Err(error)) = shutdown.run_until_cancelled(payouts.forget_beneficiaries(SystemTime::now())).await {
            tracing::warn!(%error, "could not delete old bank accounts; retrying in an hour");
        }
        let callbacks_before_ms = unix_ms(SystemTime::now()).saturating_sub(millis(SHARED_MESSAGE_RETENTION));
        if let Some(Err(error)) = shutdown.run_until_cancelled(payouts.store.forget_callbacks(callbacks_before_ms, STEP_MAX)).await {
            tracing::warn!(%error, "could not delete old callbacks; retrying in an hour");
        }
        let messages = payouts.store.forget_shared_messages(callbacks_before_ms, STEP_MAX);
        if let Some(Err(error)) = shutdown.run_until_cancelled(messages).await {
            tracing::warn!(%error, "could not delete old messages of many payments; retrying in an hour");
        }
        let Some(before) = SystemTime::now().checked_sub(db::requests::REFUSAL_RETENTION) else { continue };
        let forgotten = shutdown.run_until_cancelled(payouts.forget_refusals(before));
        match forgotten.await {
            None => return,
            Some(Ok(0)) => {}
            Some(Ok(count)) => tracing::debug!(count, "deleted old refusals"),
            Some(Err(error)) => tracing::warn!(%error, "could not delete old refusals; retrying in an hour"),
        }
    }
}

impl Payouts {
    /// Erases bank accounts that are older than configured and have no payouts, and those with payouts that were deleted long enough ago, as of `now`; returns
    /// how many.
    pub async fn forget_beneficiaries(&self, now: SystemTime) -> Result<u64, crate::store::Error> {
        let before_ms = unix_ms(now).saturating_sub(millis(self.config.beneficiary_retention));
        let deleted_before_ms = unix_ms(now).saturating_sub(millis(self.config.deleted_beneficiary_retention));
        let mut forgotten = 0;
        loop {
            let unused = self.store.forget_beneficiaries(before_ms, BENEFICIARIES_STEP_MAX).await?;
            let step = unused + self.store.erase_deleted(deleted_before_ms, BENEFICIARIES_STEP_MAX).await?;
            forgotten += step;
            if step == 0 {
                return Ok(forgotten);
            }
        }
    }

    /// Deletes refusals from before `before`, with the refused payouts; returns how many. Accepted payouts are kept.
    pub async fn forget_refusals(&self, before: SystemTime) -> Result<u64, crate::store::Error> {
        let mut forgotten = 0;
        loop {
            let step = self.store.forget_refusals(before, STEP_MAX).await?;
            forgotten += step;
            if step == 0 {
                return Ok(forgotten);
            }
        }
    }
}
