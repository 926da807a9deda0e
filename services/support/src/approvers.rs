//! The tokens of people whose approvals are not carried out yet, in memory only: the ledger wants them, and a stored token could be stolen with a backup.
use ledger_client::{LedgerClient, LedgerReason, NotPosted};
use rpc::ApproverToken;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use uuid::Uuid;

#[cfg(test)]
mod tests;

/// Approvals of which a token is held. Beyond it the oldest must be approved again by a person, which is also so after a restart.
const HELD_MAX: usize = 1_000;

/// Tokens by proposal. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Approvers(Arc<Mutex<BTreeMap<Uuid, ApproverToken>>>);

impl Approvers {
    /// Holds the token of whoever approves this proposal now, in place of an earlier one.
    pub fn hold(&self, proposal: Uuid, token: ApproverToken) {
        let mut held = self.held();
        held.insert(proposal, token);
        // Ids begin with their time, so the first is the oldest.
        while held.len() > HELD_MAX {
            held.pop_first();
        }
    }

    /// The ledger as it is asked to carry out this proposal.
    #[must_use]
    pub fn with_approval(&self, ledger: &LedgerClient, proposal: Uuid) -> LedgerClient {
        self.held().get(&proposal).map_or_else(|| ledger.clone(), |token| ledger.approved_by(token))
    }

    /// Forgets a token: the proposal ended.
    pub fn forget(&self, proposal: Uuid) {
        self.held().remove(&proposal);
    }

    /// Forgets a token that the ledger no longer accepts. Without one, the ledger still tells whether it was done before.
    pub fn answered(&self, proposal: Uuid, not_posted: &NotPosted) {
        if matches!(not_posted, NotPosted::NotExecuted(LedgerReason::Unauthenticated, _)) {
            self.forget(proposal);
        }
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<Uuid, ApproverToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
