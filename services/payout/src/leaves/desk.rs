//! The way to treasury, and what it last said of accounts that it does not have.

use crate::domain::reservation::PayingSource;
use api::treasury::treasury_service_client::TreasuryServiceClient;
use money::{BookName, Currency};
use rpc::Transport;
use std::{
    collections::HashMap,
    sync::{Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};
use tonic::Status;

/// How long treasury's answer counts that it has no account for a bank account: without it, every payout of an installation without a structure would write two
/// rows and ask. A payout of the second after a structure was applied reserves nothing, as those before it did not.
const UNCOVERED_FOR: Duration = Duration::from_secs(1);

/// An app's book, and the account of it that pays.
type ClaimedAccount = (BookName, PayingSource, Currency);

/// The way to treasury, once it is known: a process may start treasury after payouts.
#[derive(Debug, Default)]
pub struct TreasuryDesk {
    client: OnceLock<TreasuryServiceClient<Transport>>,
    /// When treasury last said that it has no account for this one.
    uncovered: Mutex<HashMap<ClaimedAccount, Instant>>,
}

impl TreasuryDesk {
    /// Payouts reserve here from now on; the first call counts.
    pub fn open(&self, transport: Transport) {
        let _known = self.client.set(TreasuryServiceClient::new(transport));
    }

    /// A client, if treasury is known.
    pub(crate) fn opened(&self) -> Option<TreasuryServiceClient<Transport>> {
        self.client.get().cloned()
    }

    pub(super) fn client(&self) -> Result<TreasuryServiceClient<Transport>, Status> {
        self.client.get().cloned().ok_or_else(|| Status::unavailable("treasury is not started yet"))
    }

    pub(super) fn said_uncovered(&self, account: ClaimedAccount, now: Instant) {
        self.uncovered.lock().unwrap_or_else(PoisonError::into_inner).insert(account, now);
    }

    pub(super) fn is_uncovered(&self, account: &ClaimedAccount, now: Instant) -> bool {
        let said = self.uncovered.lock().unwrap_or_else(PoisonError::into_inner).get(account).copied();
        said.is_some_and(|said| now.saturating_duration_since(said) < UNCOVERED_FOR)
    }
}

#[cfg(test)]
mod tests;
