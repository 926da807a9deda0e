//! Tells the pretend banks of TEST books where their callbacks go. Real banks are told by people, who agree with them on keys and certificates too.

use crate::{
    banks::{Bank, proof::CallbackCheck},
    payouts::Payouts,
};
use chart::BookKind;
use std::{net::SocketAddr, time::Duration};

/// The first pause after a bank could not be told; it doubles up to the longest one.
const PAUSE: Duration = Duration::from_millis(250);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Tells every pretend bank whose callbacks are signed; returns those that could not be told now.
pub(crate) async fn register(payouts: &Payouts, address: SocketAddr) -> Vec<Bank> {
    let is_told = |bank: &&Bank| bank.kind == BookKind::Test && matches!(bank.callbacks.as_deref(), Some(CallbackCheck::Signed(_)));
    let mut failed = Vec::new();
    for bank in payouts.banks.all().iter().filter(is_told) {
        if let Err(why) = tell(bank, address).await {
            tracing::info!(bank = bank.name, why, "the pretend bank can't be told now where its callbacks go; it will be");
            failed.push(bank.clone());
        }
    }
    failed
}

/// Tells these until each has been told.
pub(crate) async fn keep_registering(banks: Vec<Bank>, address: SocketAddr) {
    futures::future::join_all(banks.iter().map(|bank| async move {
        let mut pause = PAUSE;
        loop {
            tokio::time::sleep(pause).await;
            if tell(bank, address).await.is_ok() {
                return;
            }
            pause = pause.saturating_mul(2).min(PAUSE_MAX);
        }
    }))
    .await;
}

async fn tell(bank: &Bank, address: SocketAddr) -> Result<(), String> {
    bank.connector.register_callbacks(&format!("http://{address}/webhooks/bank/{}", bank.name), &bank.name).await
}
