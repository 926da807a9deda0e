//! What the use cases share, and how payouts are read. Their processing after the request is in [`crate::drive`].
//!
//! - `requesting`: holds the money of requests. `registering`: what is decided and stored of them before.

mod registering;
mod requesting;

use crate::{
    banks::Banks,
    beneficiaries::{desk::PayeeDesk, sealed::SealedPayee},
    config::Config,
    domain::{Payout, PayoutKey, PayoutPhase, RetryPolicy},
    error::Error,
    leaves::desk::TreasuryDesk,
    review::lists::ScreeningLists,
    sending::lanes::PaymentLanes,
    store::{Store, messages::BankMessage, steps::ShownSteps},
    vault::Vault,
};
use chart::Account;
use futures::future::try_join_all;
use ledger_client::LedgerClient;
use money::{BookName, Money, RequestId, UserKey};
use std::{collections::BTreeMap, sync::Mutex};
use tokio::sync::{Notify, broadcast};
use uuid::Uuid;

/// Changes by which a slow watcher may lag before it has to read the store instead.
const CHANGES_MAX: usize = 1024;

/// Everything the use cases share.
pub struct Payouts {
    /// The tables.
    pub store: Store,
    /// Seals personal data.
    pub vault: Vault,
    /// The ledger, where money moves.
    pub ledger: LedgerClient,
    /// Treasury, where payouts reserve the money of leaves.
    pub treasury: TreasuryDesk,
    /// Our banks, and the rails that they offer.
    pub banks: Banks,
    /// Options.
    pub config: Config,
    /// The retry policy from the options.
    pub policy: RetryPolicy,
    /// Payouts that changed, for watchers in this process.
    pub changed: broadcast::Sender<Uuid>,
    /// Notifies the worker that a payout is due now.
    pub wake: Notify,
    /// Notifies the worker of runs that a run has something to do.
    pub runs_due: Notify,
    /// The first line that has not ended, of runs whose last payouts are waited for.
    pub(crate) runs_waiting: Mutex<BTreeMap<Uuid, i64>>,
    /// Notifies the loops beside the worker: a callback, a recall or a return is due now.
    pub news: Notify,
    /// Notifies the reader of statements that one is due now.
    pub statements_wake: Notify,
    /// What payees are checked by.
    pub payees: PayeeDesk,
    /// Where payments wait for others that go in the same message.
    pub(crate) lanes: PaymentLanes,
    /// Sanctions lists in force.
    pub lists: ScreeningLists,
}

/// A request for a payout.
pub struct PayoutRequest {
    /// The name of the book.
    pub book: BookName,
    /// The creator whose money it is.
    pub user: UserKey,
    /// The client's id.
    pub request_id: RequestId,
    /// The beneficiary to pay to.
    pub beneficiary_id: Uuid,
    /// The amount, at least one minor unit.
    pub amount: Money,
}

/// Most steps shown of one payout, the newest ones; an honest bank's has fewer than ten.
pub const STEPS_SHOWN_MAX: usize = 100;
/// Most steps shown of each payout in a list.
const STEPS_LISTED_MAX: usize = 20;
impl Payouts {
    /// The use cases over these parts.
    pub fn new(store: Store, vault: Vault, ledger: LedgerClient, banks: Banks, config: Config) -> Self {
        let policy = config.policy.retry_policy();
        Self {
            store,
            vault,
            ledger,
            treasury: TreasuryDesk::default(),
            banks,
            config,
            policy,
            changed: broadcast::Sender::new(CHANGES_MAX),
            wake: Notify::new(),
            runs_due: Notify::new(),
            runs_waiting: Mutex::default(),
            news: Notify::new(),
            statements_wake: Notify::new(),
            payees: PayeeDesk::default(),
            lanes: PaymentLanes::default(),
            lists: ScreeningLists::default(),
        }
    }

    /// Wakes the watchers of a payout.
    pub fn tell(&self, payout_id: Uuid) {
        // An error only means that there are no watchers.
        let _ = self.changed.send(payout_id);
    }

    /// A payout with its newest steps. `None` where there is none, or it is not visible.
    pub async fn get(&self, payout_key: &PayoutKey) -> Result<Option<(Payout, ShownSteps)>, Error> {
        let visible = |payout: &Payout| payout.phase != PayoutPhase::Refused;
        let Some(mut payout) = self.store.payout(payout_key).await?.filter(visible) else { return Ok(None) };
        loop {
            let steps = self.store.steps(payout_key, STEPS_SHOWN_MAX).await?;
            // Otherwise a step written between the two reads would be shown beside an older payout.
            match self.store.payout(payout_key).await? {
                Some(now) if now.version != payout.version => payout = now,
                _ => return Ok(Some((payout, steps))),
            }
        }
    }

    /// Refused where neither these tables nor the ledger know anything of this user: staff may have mistyped the name.
    pub async fn must_know(&self, book: &BookName, user: &UserKey) -> Result<(), Error> {
        if !self.store.ids_of(book, user).await?.is_empty() || self.ledger.has_accounts(book, user).await? {
            return Ok(());
        }
        // Money that was imported has neither.
        let payables = self.banks.currencies().into_iter().map(|currency| Account::creator_payable(user, currency));
        let found = try_join_all(payables.map(|account| self.ledger.has_account(book, account))).await?;
        if found.contains(&true) { Ok(()) } else { Err(Error::UserUnknown(user.to_string())) }
    }

    /// The messages to and from banks about a payout, oldest first, and what in them identifies the person paid.
    pub async fn messages_of(&self, payout: &Payout) -> Result<(Vec<BankMessage>, Vec<String>), Error> {
        let messages = self.store.messages(&self.vault, &payout.key()).await?;
        let row = self.store.beneficiary(&payout.book, payout.beneficiary_id).await?;
        let payee = row.map(|row| SealedPayee::open(&self.vault, &payout.book, &row)).transpose()?;
        Ok((messages, payee.map(|payee| payee.personal()).unwrap_or_default()))
    }

    /// Payouts of one book with their newest steps, read in one query.
    pub async fn with_steps(&self, payouts: Vec<Payout>) -> Result<Vec<(Payout, ShownSteps)>, Error> {
        let Some(first) = payouts.first() else { return Ok(Vec::new()) };
        let ids: Vec<Uuid> = payouts.iter().map(|payout| payout.payout_id).collect();
        let mut steps = self.store.steps_of(&first.book, &ids, STEPS_LISTED_MAX).await?;
        let with_steps = |payout: Payout| {
            let of_it = steps.remove(&payout.payout_id).unwrap_or_default();
            (payout, of_it)
        };
        Ok(payouts.into_iter().map(with_steps).collect())
    }
}
