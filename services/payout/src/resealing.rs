//! After a key rotation: reads the new file, and reseals every row while the service runs. Rows under an earlier key are readable meanwhile.
use crate::{
    payouts::Payouts,
    store::{Error, Store, resealing::ResealingPlace},
    vault::Vault,
};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Time between two checks of the file.
const INTERVAL: Duration = Duration::from_secs(60);

/// Runs until shutdown.
pub async fn run(payouts: Arc<Payouts>, shutdown: CancellationToken) {
    let mut looks = tokio::time::interval(INTERVAL);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while shutdown.run_until_cancelled(looks.tick()).await.is_some() {
        if let Err(error) = payouts.vault.reload() {
            tracing::warn!(%error, "payout's key file can't be reread; the keys read before are used");
        }
        match shutdown.run_until_cancelled(look(&payouts.store, &payouts.vault)).await {
            Some(Ok(_)) | None => {}
            Some(Err(error)) => tracing::warn!(%error, "not every row could be sealed under the key in use; retrying"),
        }
    }
}

/// Reseals rows that are not under the key in use; returns how many.
pub async fn look(store: &Store, vault: &Vault) -> Result<u64, Error> {
    if !vault.is_rotated() || store.all_resealed(vault).await? {
        return Ok(0);
    }
    let mut resealed = 0;
    let mut after = ResealingPlace::default();
    while let Some(count) = store.reseal_beneficiaries(vault, &mut after).await? {
        resealed += count;
    }
    after = ResealingPlace::default();
    while let Some(count) = store.reseal_messages(vault, &mut after).await? {
        resealed += count;
    }
    after = ResealingPlace::default();
    while let Some(count) = store.reseal_inbox(vault, &mut after).await? {
        resealed += count;
    }
    after = ResealingPlace::default();
    while let Some(count) = store.reseal_files(vault, &mut after).await? {
        resealed += count;
    }
    after = ResealingPlace::default();
    while let Some(count) = store.reseal_changes(vault, &mut after).await? {
        resealed += count;
    }
    after = ResealingPlace::default();
    while let Some(count) = store.reseal_sent_payees(vault, &mut after).await? {
        resealed += count;
    }
    // A process that has not read the new file yet may seal a row that the walk has passed: a second walk finds none once all processes have.
    if resealed == 0 {
        store.note_all_resealed(vault).await?;
        tracing::info!(key = vault.key_ids()[0], "every sealed row is under the key in use; later keys in the file are no longer needed");
    } else {
        tracing::info!(rows = resealed, key = vault.key_ids()[0], "rows were sealed under the key in use");
    }
    Ok(resealed)
}
