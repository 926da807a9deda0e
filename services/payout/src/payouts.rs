//! Requesting and reading payouts. Their processing afterwards is in [`crate::drive`].

use crate::{
    banks::{BankRoute, Banks},
    beneficiaries::{PayeeDesk, Usable, unseal, usable},
    config::Config,
    domain::{CostBearer, Payout, PayoutPhase, PayoutState, RetryPolicy, Sendings, SharedMessages},
    error::{Error, PayoutRefusal},
    leaves::TreasuryDesk,
    meters, postings,
    review::ScreeningLists,
    routes::{PayoutBounds, why_none},
    sending::lanes::PaymentLanes,
    store::{
        Store, attempts, beneficiaries,
        payouts::{self, PayoutKey},
        steps::{PayoutStep, ShownSteps},
    },
    vault::Vault,
};
use chart::BookKind;
use db::requests::{self, KeptAnswer, RequestKey, RequestStanding, SentFields};
use ledger_client::{LedgerClient, LedgerReason, NotPosted};
use money::time::{millis, unix_ms};
use money::{BookName, Money, RequestId, UserKey};
use rpc::StickyRefusal;
use sqlx::AnyConnection;
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

/// The result of registering a request.
enum Registered {
    /// The hold has to be placed.
    Open(Payout),
    /// It was answered before.
    Answered(Payout),
}

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
        let kind = self.ledger.book(&ask.book).await?.ok_or(PayoutRefusal::BookUnknown)?;
        match self.register(ask, kind, now).await? {
            Registered::Answered(payout) => Ok((payout, true)),
            Registered::Open(payout) => {
                let (payout, answered) = self.hold(payout).await?;
                self.wake.notify_one();
                Ok((payout, answered))
            }
        }
    }

    /// One transaction: the id, the rules, the row. Once it is committed, the worker finishes a payout whose handler was dropped.
    async fn register(&self, ask: &PayoutRequest, kind: BookKind, now: SystemTime) -> Result<Registered, Error> {
        let payout_key = PayoutKey { book: ask.book.clone(), payout_id: payout_id(ask) };
        let key = RequestKey { book: &ask.book, subject: &ask.user, rpc: RPC, request_id: &ask.request_id };
        let fields = SentFields::new()
            .with("beneficiary_id", ask.beneficiary_id)
            .with("amount.currency_code", ask.amount.currency())
            .with("amount.minor_units", ask.amount.minor_units());
        let mut tx = self.store.begin().await?;
        match requests::begin(&mut tx, key, &fields, now).await? {
            RequestStanding::Reused { differing } => return Err(Error::Reused(differing)),
            RequestStanding::Replay(outcome) if outcome.refusal => {
                return Err(Error::Kept(StickyRefusal::from_bytes(&outcome.bytes).ok_or(crate::store::Error::Row("refusal"))?));
            }
            RequestStanding::Replay(_) => return Ok(Registered::Answered(existing(&mut tx, &payout_key).await?)),
            RequestStanding::Unfinished { .. } => return Ok(Registered::Open(existing(&mut tx, &payout_key).await?)),
            // Checked before anything is written: the hold's id keeps this time, and the ledger's refusal of it would be kept as the answer.
            RequestStanding::New => {
                let timely = money::IdTimeBounds::default().check(ask.request_id.uuid(), unix_ms(now).unsigned_abs());
                timely.map_err(Error::RequestIdTime)?;
            }
        }
        match self.check(&mut tx, ask, kind, unix_ms(now)).await? {
            Ok(route) => {
                let mut payout = self.new_payout(ask, payout_key.payout_id, &route, unix_ms(now));
                let account = format!("{}/{}", payout.attempt.bank_account, payout.amount.currency());
                payout.attempt.reference = attempts::next_reference(&mut tx, &payout.attempt.bank, &account, &route.account.1).await?;
                payouts::insert(&mut tx, &payout).await?;
                attempts::begin(&mut tx, &payout, unix_ms(now)).await?;
                tx.commit().await?;
                Ok(Registered::Open(payout))
            }
            Err(refusal) => {
                let stored = refusal.kept();
                requests::finish(&mut tx, key, &KeptAnswer { bytes: stored.to_bytes(), refusal: true }, now).await?;
                tx.commit().await?;
                Err(Error::Kept(stored))
            }
        }
    }

    /// This service's rules, in the contract's order; the rail and bank of a payout that passes them.
    async fn check(
        &self,
        tx: &mut AnyConnection,
        ask: &PayoutRequest,
        kind: BookKind,
        now_ms: i64,
    ) -> Result<Result<BankRoute, PayoutRefusal>, Error> {
        // Locked until the payout is stored, so that an erasure of the user's data sees the payout.
        beneficiaries::hold(tx, &ask.book, ask.beneficiary_id).await?;
        let beneficiary = beneficiaries::get(tx, &ask.book, ask.beneficiary_id).await?;
        let Some(beneficiary) = beneficiary.filter(|found| found.user == ask.user && !found.is_deleted()) else {
            return Ok(Err(PayoutRefusal::BeneficiaryUnknown));
        };
        if usable(&beneficiary, self.config.payee_unchecked) == Usable::NeedsConfirmation {
            return Ok(Err(PayoutRefusal::PayeeUnconfirmed));
        }
        if beneficiary.currency != ask.amount.currency() {
            return Ok(Err(PayoutRefusal::CurrencyUnsupported));
        }
        let payee = unseal(&self.vault, &ask.book, &beneficiary)?;
        let options = self.options(&payee, ask.amount, PayoutBounds { kind, entity: None, rails_tried: "" }, now_ms);
        let Some(route) = options.choice.chosen.clone() else { return Ok(Err(why_none(&options))) };
        if options.bearer == CostBearer::Creator && options.cost_minor_units >= ask.amount.minor_units() {
            return Ok(Err(PayoutRefusal::AmountTooSmall { cost_minor_units: options.cost_minor_units }));
        }
        Ok(Ok(route))
    }

    fn new_payout(&self, ask: &PayoutRequest, payout_id: Uuid, route: &BankRoute, now_ms: i64) -> Payout {
        Payout {
            book: ask.book.clone(),
            payout_id,
            user: ask.user.clone(),
            beneficiary_id: ask.beneficiary_id,
            request_id: ask.request_id.uuid(),
            amount: ask.amount,
            attempt: self.banks.attempt(1, route, ask.amount),
            rails_tried: String::new(),
            bearer: self.banks.bearer(),
            reviewed: false,
            returned_minor_units: 0,
            returnable_until_ms: 0,
            phase: PayoutPhase::Requested,
            state: PayoutState::Requested,
            version: 1,
            // The handler's own time; after that the worker considers it lost.
            due_at_ms: now_ms.saturating_add(millis(self.config.lease)),
            claimed: false,
            attempts: 0,
            sends: 0,
            sendings: Sendings::default(),
            shared: SharedMessages::default(),
            sent_at_ms: 0,
            first_sent_at_ms: 0,
            seen: false,
            step_key: chart::id::payout_step_key(payout_id, PayoutPhase::Requested.name(), 0, now_ms),
            bank_status: String::new(),
            reason_code: String::new(),
            reason: String::new(),
            blocked_by: String::new(),
            hold_posting_id: String::new(),
            hold_transfer_no: 0,
            submit_posting_id: String::new(),
            final_posting_id: String::new(),
            unblock_posting_id: String::new(),
            bank_time_ms: 0,
            traceparent: rpc::trace::current_traceparent().unwrap_or_default(),
            created_at_ms: now_ms,
            final_at_ms: 0,
        }
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
                tracing::warn!(payout_id = %payout.payout_id, %not_posted, "the hold's outcome is unknown");
                return Err(Error::HoldUnknown);
            }
        };
        // Others write at most a claim or the same answer to this payout, so a second or third attempt settles it.
        for _ in 0..RECORD_TRIES_MAX {
            if let Some(recorded) = self.record_hold(&payout.key(), &held).await? {
                return held.map(|_| recorded).map_err(Error::Kept);
            }
        }
        Err(Error::HoldUnknown)
    }

    /// The payout with the ledger's answer to its hold, and whether that was recorded before. `None`: another writer came in between.
    async fn record_hold(
        &self,
        payout_key: &PayoutKey,
        held: &Result<(String, i64), StickyRefusal>,
    ) -> Result<Option<(Payout, bool)>, Error> {
        let mut tx = self.store.begin().await?;
        let current = existing(&mut tx, payout_key).await?;
        if current.phase != PayoutPhase::Requested {
            return Ok(Some((current, true)));
        }
        let now = SystemTime::now();
        let (next, outcome) = match held {
            Ok((posting_id, transfer_no)) => {
                let mut next = current.enter(PayoutPhase::Held, unix_ms(now));
                next.hold_posting_id = posting_id.clone();
                next.hold_transfer_no = *transfer_no;
                (next, KeptAnswer { bytes: Vec::new(), refusal: false })
            }
            Err(stored) => (current.enter(PayoutPhase::Refused, unix_ms(now)), KeptAnswer { bytes: stored.to_bytes(), refusal: true }),
        };
        let step = PayoutStep::once(next.state, unix_ms(now), String::new());
        let Some(saved) = payouts::update(&mut tx, next, held.is_ok().then_some(&step)).await? else { return Ok(None) };
        let request_id = RequestId::parse(&saved.request_id.to_string()).map_err(|_| crate::store::Error::Row("request id"))?;
        let key = RequestKey { book: &saved.book, subject: &saved.user, rpc: RPC, request_id: &request_id };
        requests::finish(&mut tx, key, &outcome, now).await?;
        tx.commit().await?;
        meters::entered(&saved);
        self.tell(saved.payout_id);
        Ok(Some((saved, false)))
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

/// The id of a request's payout, the same at every try.
fn payout_id(ask: &PayoutRequest) -> Uuid {
    chart::id::payout(ask.request_id.uuid(), &ask.book, ask.user.as_str())
}

async fn existing(tx: &mut AnyConnection, payout_key: &PayoutKey) -> Result<Payout, Error> {
    Ok(payouts::get(tx, payout_key).await?.ok_or(crate::store::Error::Row("payout"))?)
}
