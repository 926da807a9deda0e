//! Requesting and reading payouts. Their processing afterwards is in [`crate::drive`].
//!
//! - `registering`: what is decided and stored of requests before anything is held.

mod registering;

use crate::{
    banks::Banks,
    beneficiaries::PayeeDesk,
    config::Config,
    domain::{Payout, PayoutPhase, RetryPolicy},
    error::{Error, PayoutRefusal},
    leaves::TreasuryDesk,
    meters, postings,
    review::ScreeningLists,
    sending::lanes::PaymentLanes,
    store::{
        Store,
        payouts::PayoutKey,
        steps::{PayoutStep, ShownSteps},
    },
    vault::Vault,
};
use db::requests::KeptAnswer;
use futures::future::join_all;
use ledger_client::{LedgerClient, LedgerReason, NotPosted};
use money::time::unix_ms;
use money::{BookName, Money, RequestId, UserKey};
use registering::Registered;
use rpc::StickyRefusal;
use std::{collections::BTreeMap, sync::Mutex, time::SystemTime};
use tokio::sync::{Notify, broadcast};
use uuid::Uuid;

/// The RPC's name in the table of requests.
const RPC: &str = "RequestPayout";
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
/// Attempts on a payout that others write at the same time: handlers of the same request, and the worker.
const RECORD_TRIES_MAX: usize = 16;

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

    /// Records the request, holds the money, and leaves the rest to the worker. True when it was answered before.
    pub async fn request(&self, ask: &PayoutRequest, now: SystemTime) -> Result<(Payout, bool), Error> {
        let mut answers = self.request_all(std::slice::from_ref(ask), now).await?;
        answers.pop().expect("each request has an answer")
    }

    /// The same of requests of one book with ids that differ: registered together, and answered each on its own. An error: none of them is answered, and each may
    /// be recorded.
    pub async fn request_all(&self, asks: &[PayoutRequest], now: SystemTime) -> Result<Vec<Result<(Payout, bool), Error>>, Error> {
        let Some(first) = asks.first() else { return Ok(Vec::new()) };
        let kind = self.ledger.book(&first.book).await?.ok_or(PayoutRefusal::BookUnknown)?;
        let held = self.register_all(asks, kind, now).await?.into_iter().map(|registered| async move {
            match registered? {
                Registered::Answered(payout) => Ok((payout, true)),
                Registered::Open(payout) => self.hold(payout).await,
            }
        });
        let answers = join_all(held).await;
        self.wake.notify_one();
        Ok(answers)
    }

    /// Holds the money and answers the request, or records the ledger's refusal as its answer. Handler and worker may both do this for one payout: the
    /// ledger answers both alike, and the first to write wins.
    pub async fn place_hold(&self, payout: Payout) -> Result<Payout, Error> {
        self.hold(payout).await.map(|(payout, _)| payout)
    }

    /// The same, and whether the request was answered meanwhile: of concurrent calls, all but one are answered as replays.
    async fn hold(&self, payout: Payout) -> Result<(Payout, bool), Error> {
        let mut answer = self.ledger.posting(&payout.book, postings::hold(&payout)).await;
        // During a rollout, a ledger older than the guard. It keeps no such refusal, and an uncounted payout ends like any other.
        if answer.as_ref().is_err_and(|not_posted| not_posted.refusal().is_some_and(|refusal| refusal.reason == LedgerReason::Malformed)) {
            answer = self.ledger.posting(&payout.book, postings::hold(&payout).without_guards()).await;
        }
        let held = match answer {
            Ok(posting) => Ok((posting.posting_id, posting.transfers.first().map_or(0, |transfer| transfer.transfer_no))),
            Err(NotPosted::Refused(refusal)) => Err(refusal.kept()),
            Err(not_posted @ (NotPosted::NotExecuted(..) | NotPosted::Unknown(_))) => {
                tracing::warn!(payout_id = %payout.payout_id, ?not_posted, "the hold's outcome is unknown");
                return Err(Error::HoldUnknown);
            }
        };
        let (payout_key, mut current) = (payout.key(), payout);
        // Others write at most a claim or the same answer to this payout, so a second or third attempt settles it.
        for _ in 0..RECORD_TRIES_MAX {
            if current.phase != PayoutPhase::Requested {
                return held.map(|_| (current, true)).map_err(Error::Kept);
            }
            if let Some(saved) = self.record_hold(current, &held).await? {
                return held.map(|_| (saved, false)).map_err(Error::Kept);
            }
            current = self.store.payout(&payout_key).await?.ok_or(crate::store::Error::Row("payout"))?;
        }
        Err(Error::HoldUnknown)
    }

    /// Records the ledger's answer to a payout's hold. `None`: another writer came in between.
    async fn record_hold(&self, current: Payout, held: &Result<(String, i64), StickyRefusal>) -> Result<Option<Payout>, Error> {
        let now = SystemTime::now();
        let (next, answer) = match held {
            Ok((posting_id, transfer_no)) => {
                let mut next = current.enter(PayoutPhase::Held, unix_ms(now));
                next.hold_posting_id = posting_id.clone();
                next.hold_transfer_no = *transfer_no;
                (next, KeptAnswer { bytes: Vec::new(), refusal: false })
            }
            Err(stored) => (current.enter(PayoutPhase::Refused, unix_ms(now)), KeptAnswer { bytes: stored.to_bytes(), refusal: true }),
        };
        let step = PayoutStep::once(next.state, unix_ms(now), String::new());
        let saved = self.store.save_answer(next, held.is_ok().then_some(&step), (RPC, answer, now)).await?;
        if let Some(saved) = &saved {
            meters::entered(saved);
            self.tell(saved.payout_id);
        }
        Ok(saved)
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

impl Payout {
    /// Its key in the store.
    #[must_use]
    pub fn key(&self) -> PayoutKey {
        PayoutKey { book: self.book.clone(), payout_id: self.payout_id }
    }
}
