//! Cancelling a payout that no bank has seen: between the hold and the submission.

use crate::{
    domain::{PayoutKey, PayoutPhase},
    error::{Error, PayoutRefusal},
    payouts::Payouts,
    store::{payouts, steps::PayoutStep},
};
use db::requests::{self, KeptAnswer, RequestKey, RequestStanding, SentFields};
use money::{RequestId, UserKey, time::unix_ms};
use std::time::SystemTime;

/// The RPC's name in the table of requests.
const RPC: &str = "CancelPayout";
/// Tries against other writers of the row: the worker, which may be about to submit it.
const TRIES_MAX: usize = 16;

/// A request to cancel a payout.
#[derive(Debug, Clone)]
pub struct CancelRequest {
    /// The payout.
    pub payout_key: PayoutKey,
    /// Whose payout it is, or who asks: the subject of the request id.
    pub subject: UserKey,
    /// The client's id.
    pub request_id: RequestId,
}

impl Payouts {
    /// Cancels a payout that was not submitted; the hold is released by the worker, or already here. True when it had been answered before. Refused, and not kept,
    /// once it was submitted: from then on only the bank can undo it.
    pub async fn cancel(&self, cancel: &CancelRequest, now: SystemTime) -> Result<bool, Error> {
        let PayoutKey { book, payout_id } = &cancel.payout_key;
        let key = RequestKey { book, subject: &cancel.subject, rpc: RPC, request_id: &cancel.request_id };
        let fields = SentFields::new().with("payout_id", payout_id);
        for _ in 0..TRIES_MAX {
            let mut tx = self.store.begin().await?;
            match requests::begin(&mut tx, key, &fields, now).await? {
                RequestStanding::Reused { differing } => return Err(Error::Reused(differing)),
                RequestStanding::Replay(_) => return Ok(true),
                RequestStanding::New | RequestStanding::Unfinished { .. } => {}
            }
            let Some(payout) = payouts::get(&mut tx, &cancel.payout_key).await? else { return Err(Error::PayoutUnknown(*payout_id)) };
            let already = matches!(payout.phase, PayoutPhase::Cancelling | PayoutPhase::Cancelled);
            if !already && !payout.phase.is_before_submission() {
                return Err(PayoutRefusal::NotCancellable { state: payout.state.name() }.into());
            }
            // A worker that has claimed the row may be posting the submission: the version that it read is then no longer the newest, so it sends nothing, and
            // the ledger has decided which of both came first. `Payouts::cancel_hold` finds out.
            let saved = if already {
                Some(payout)
            } else {
                let next = payout.cancelling(unix_ms(now));
                let step = PayoutStep::once(next.state, unix_ms(now), "cancelled; the money is being given back".to_owned());
                payouts::update(&mut tx, next, Some(&step)).await?
            };
            if saved.is_none() {
                tx.rollback().await?;
                continue;
            }
            requests::finish(&mut tx, key, &KeptAnswer::done(), now).await?;
            tx.commit().await?;
            self.tell(*payout_id);
            self.wake.notify_one();
            return Ok(false);
        }
        Err(Error::HoldUnknown)
    }
}
