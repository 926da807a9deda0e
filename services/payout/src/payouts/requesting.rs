//! Requests for payouts: registered, held, and answered.

use super::{
    PayoutRequest, Payouts,
    registering::{RPC, Registered},
};
use crate::{
    domain::{Payout, PayoutPhase},
    error::{Error, PayoutRefusal},
    meters, postings,
    store::steps::PayoutStep,
};
use db::requests::KeptAnswer;
use futures::future::join_all;
use ledger_client::{LedgerReason, is_final_under};
use money::time::unix_ms;
use rpc::StickyRefusal;
use std::time::SystemTime;

/// The message for a refusal because of an account that is not the creator's, such as the company's account of money in transit.
const NOT_NOW: &str = "this can't be paid out now; nothing was held";
/// Attempts on a payout that others write at the same time: handlers of the same request, and the worker.
const RECORD_TRIES_MAX: usize = 16;

impl Payouts {
    /// Records the request, holds the money, and leaves the rest to the worker. True when it was answered before.
    pub async fn request(&self, ask: &PayoutRequest, now: SystemTime) -> Result<(Payout, bool), Error> {
        let kind = self.ledger.book(&ask.book).await?.ok_or(PayoutRefusal::BookUnknown)?;
        let mut registered = self.register_all(std::slice::from_ref(ask), kind, now).await?;
        let answer = match registered.pop().expect("each request has an answer")? {
            Registered::Answered(payout) => Ok((payout, true)),
            Registered::Open(payout) => self.hold(payout).await,
        };
        self.wake.notify_one();
        answer
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
        let held = match answer.map_err(|not_posted| not_posted.for_user(payout.user.as_str(), NOT_NOW)) {
            Ok(posting) => Ok((posting.posting_id, posting.transfers.first().map_or(0, |transfer| transfer.transfer_no))),
            Err(not_posted) => {
                let is_final = is_final_under(payout.hold_id(), &not_posted, unix_ms(SystemTime::now()));
                let Some(refusal) = not_posted.refusal().filter(|_| is_final) else {
                    // Also one that is refused for its time: another call with its id may be in flight, and the worker tries again.
                    tracing::warn!(payout_id = %payout.payout_id, ?not_posted, "the hold's outcome is unknown");
                    return Err(Error::HoldUnknown);
                };
                Err(refusal.kept())
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
                (next, KeptAnswer::done())
            }
            Err(stored) => (current.enter(PayoutPhase::Refused, unix_ms(now)), KeptAnswer { bytes: stored.to_bytes(), refusal: true }),
        };
        let step = PayoutStep::once(next.state, unix_ms(now), String::new());
        let saved = self.store.save_answer(next, held.is_ok().then_some(&step), RPC, answer, now).await?;
        if let Some(saved) = &saved {
            meters::entered(saved);
            self.tell(saved.payout_id);
        }
        Ok(saved)
    }
}
