//! Recalls: the bank is asked for the money of a paid payout, and then asked what became of that until it answers or time is over. A recall moves no money but its
//! fee: what comes back is a return.

use crate::{
    banks::connector::RecallOrder,
    domain::{
        CostBearer, NEVER_MS, PayoutKey, PayoutPhase, RetryPolicy,
        recall::{PayoutRecall, RecallFee, RecallReply, RecallState},
        returns::ReturnState,
    },
    error::{Error, PayoutRefusal},
    payouts::Payouts,
    postings,
    returns::judge,
    store::{self, payouts, recalls, returns},
};
use db::requests::{self, KeptAnswer, RequestKey, RequestStanding, SentFields};
use jiff::Timestamp;
use money::{
    RequestId, UserKey, derive_id,
    time::{millis, moment_ms, unix_ms},
};
use sqlx::AnyConnection;
use std::time::SystemTime;
use uuid::Uuid;

/// The RPC's name in the table of requests.
const RPC: &str = "RecallPayout";
/// Recalls advanced in one round, at the same time.
const ROUND_MAX: i64 = 16;

/// A request to recall a payout.
#[derive(Debug, Clone)]
pub struct RecallRequest {
    /// The payout.
    pub payout_key: PayoutKey,
    /// Who asks: the subject of the request id.
    pub subject: UserKey,
    /// The client's id.
    pub request_id: RequestId,
    /// Why: `ExternalCancellationReason1Code`.
    pub code: String,
    /// The creator asked for it, and bears the fee.
    pub asked_by_creator: bool,
}

impl Payouts {
    /// Records a recall; the worker sends it. True when it had been answered before. Refusals are not kept: what is not paid now may be later.
    pub async fn request_recall(&self, ask: &RecallRequest, now: SystemTime) -> Result<(PayoutRecall, bool), Error> {
        let PayoutKey { book, payout_id } = &ask.payout_key;
        let recall_id = derive_id(ask.request_id.uuid(), &["payout.RecallPayout", book.as_str(), ask.subject.as_str()]);
        let key = RequestKey { book, subject: &ask.subject, rpc: RPC, request_id: &ask.request_id };
        let mut fields = SentFields::new().with("payout_id", payout_id).with("code", &ask.code);
        // Older programs did not compare it.
        if ask.asked_by_creator {
            fields = fields.with("asked_by_creator", true);
        }
        let mut tx = self.store.begin().await?;
        let is_replay = match requests::begin(&mut tx, key, &fields, now).await? {
            RequestStanding::Reused { differing } => return Err(Error::Reused(differing)),
            RequestStanding::Replay(_) => true,
            RequestStanding::New | RequestStanding::Unfinished { .. } => false,
        };
        payouts::lock(&mut tx, &ask.payout_key).await?;
        let before = recalls::of_payout(&mut tx, &ask.payout_key).await?;
        if is_replay {
            let found = before.into_iter().find(|recall| recall.recall_id == recall_id);
            return Ok((found.ok_or(store::Error::Row("recall"))?, true));
        }
        let Some(payout) = payouts::get(&mut tx, &ask.payout_key).await? else { return Err(Error::PayoutUnknown(*payout_id)) };
        let is_paid = matches!(payout.phase, PayoutPhase::Settled | PayoutPhase::Returnable);
        if !is_paid || payout.returned_minor_units >= payout.amount_sent().minor_units() {
            let state = if is_paid { "returned" } else { payout.state.name() };
            return Err(PayoutRefusal::NotRecallable { state }.into());
        }
        let open = before.iter().find(|recall| matches!(recall.state, RecallState::Requested | RecallState::Accepted));
        if let Some(open) = open {
            return Err(PayoutRefusal::RecallOpen { recall_id: open.recall_id }.into());
        }
        let now_ms = unix_ms(now);
        let bank = self.banks.of(&payout.attempt).map_or_else(|| payout.attempt.bank.clone(), |bank| bank.name.clone());
        let answer_by = self.banks.recall_answer_by(&payout.attempt.rail, moment_ms(now_ms));
        let recall = PayoutRecall {
            recall_id,
            book: book.clone(),
            payout_id: *payout_id,
            bank,
            end_to_end_id: payout.end_to_end_id(),
            message_id: payout.message_id(payout.sends.max(1)),
            requested_by: ask.subject.to_string(),
            code: ask.code.clone(),
            state: RecallState::Requested,
            answer_code: String::new(),
            note: String::new(),
            repaid_by: String::new(),
            sends: 0,
            tries: 0,
            due_at_ms: now_ms,
            expires_at_ms: answer_by
                .map_or_else(|| now_ms.saturating_add(millis(self.config.returns.recall_expiry)), Timestamp::as_millisecond),
            requested_at_ms: now_ms,
            ended_at_ms: 0,
            fee: RecallFee::agreed(
                self.banks.recall_fee(&payout.attempt),
                if ask.asked_by_creator { CostBearer::Creator } else { CostBearer::House },
            ),
            version: 1,
        };
        recalls::insert(&mut tx, &recall).await?;
        requests::finish(&mut tx, key, &KeptAnswer::done(), now).await?;
        tx.commit().await?;
        self.tell(*payout_id);
        self.news.notify_waiters();
        Ok((recall, false))
    }

    /// Advances recalls that are due. True: there are more.
    pub(crate) async fn advance_due_recalls(&self) -> Result<bool, Error> {
        let due = self.store.due_recalls(unix_ms(SystemTime::now()), ROUND_MAX).await?;
        let count = due.len();
        let advanced = futures::future::join_all(due.into_iter().map(|recall| async move {
            let recall_id = recall.recall_id;
            if let Err(error) = self.advance_recall(recall).await {
                tracing::error!(%recall_id, %error, "a recall's step failed; it is retried after its lease");
            }
        }));
        advanced.await;
        Ok(i64::try_from(count).is_ok_and(|count| count == ROUND_MAX))
    }

    /// Sends a recall, or asks what became of it. What a callback says of it is never taken as the answer: it only makes this question come at once.
    async fn advance_recall(&self, mut recall: PayoutRecall) -> Result<(), Error> {
        let now_ms = unix_ms(SystemTime::now());
        if recall.state == RecallState::Requested && now_ms >= recall.expires_at_ms {
            let payout_id = recall.payout_id;
            self.store.save_recall(recall.expired(now_ms)).await?;
            self.tell(payout_id);
            return Ok(());
        }
        let is_first = recall.sends == 0;
        // The claim; durable before the first byte is sent.
        recall.due_at_ms = now_ms.saturating_add(millis(self.config.lease));
        recall.sends += i64::from(is_first);
        let Some(recall) = self.store.save_recall(recall).await? else { return Ok(()) };
        let answer = self.recall_answer(&recall, is_first).await?;
        let policy = RetryPolicy { retry_delay_max_ms: millis(self.config.returns.recall_ask_delay_max), ..self.policy };
        let next = recall.answered(answer, unix_ms(SystemTime::now()), &policy);
        let mut tx = self.store.begin().await?;
        let Some(saved) = recalls::update(&mut tx, next).await? else { return Ok(()) };
        tie(&mut tx, &saved).await?;
        tx.commit().await?;
        self.tell(saved.payout_id);
        self.news.notify_waiters();
        Ok(())
    }

    /// Posts fees of recalls that are due. True: there are more.
    pub(crate) async fn book_due_recall_fees(&self) -> Result<bool, Error> {
        let due = self.store.due_recall_fees(unix_ms(SystemTime::now()), ROUND_MAX).await?;
        let count = due.len();
        for recall in due {
            let recall_id = recall.recall_id;
            if let Err(error) = self.book_recall_fee(recall).await {
                tracing::error!(%recall_id, %error, "the fee of a recall could not be booked; it is tried again after its lease");
            }
        }
        Ok(i64::try_from(count).is_ok_and(|count| count == ROUND_MAX))
    }

    async fn book_recall_fee(&self, mut recall: PayoutRecall) -> Result<(), Error> {
        // The claim: of several processes only one posts, so that no two ids are in use at a time.
        recall.fee.due_at_ms = unix_ms(SystemTime::now()).saturating_add(millis(self.config.lease));
        let Some(mut recall) = self.store.save_recall(recall).await? else { return Ok(()) };
        let key = PayoutKey { book: recall.book.clone(), payout_id: recall.payout_id };
        let Some(payout) = self.store.payout(&key).await? else { return Ok(()) };
        let posted = self.ledger.posting(&key.book, postings::recall_fee(&payout, &recall)).await;
        let now_ms = unix_ms(SystemTime::now());
        match posted {
            Ok(posting) => (recall.fee.posting_id, recall.fee.due_at_ms) = (posting.posting_id, NEVER_MS),
            Err(not_posted) => {
                let refused = ledger_client::is_final_under(recall.fee.key, &not_posted, now_ms);
                tracing::warn!(recall_id = %recall.recall_id, refused, ?not_posted, "the ledger did not book the fee of a recall; trying again");
                if refused {
                    recall.fee = recall.fee.refused(recall.recall_id, now_ms, &self.policy);
                } else {
                    recall.fee.due_at_ms = now_ms.saturating_add(self.policy.backoff_ms(recall.fee.tries));
                }
            }
        }
        self.store.save_recall(recall).await?;
        self.tell(key.payout_id);
        self.news.notify_waiters();
        Ok(())
    }

    async fn recall_answer(&self, recall: &PayoutRecall, is_first: bool) -> Result<RecallReply, Error> {
        let Some(bank) = self.banks.all().iter().find(|bank| bank.name == recall.bank) else {
            tracing::error!(recall_id = %recall.recall_id, bank = recall.bank, "no bank is configured for an open recall");
            return Ok(RecallReply::Lost("the bank is not configured".to_owned()));
        };
        let key = PayoutKey { book: recall.book.clone(), payout_id: recall.payout_id };
        let Some(payout) = self.store.payout(&key).await? else { return Ok(RecallReply::Lost("there is no such payout".to_owned())) };
        let recall_id = recall.assignment_id();
        if !is_first {
            return Ok(bank.connector.recall_status(&recall_id, &recall.end_to_end_id).await);
        }
        let order = RecallOrder {
            recall_id: &recall_id,
            created: Timestamp::now(),
            debtor_name: &bank.debtor_name,
            end_to_end_id: &recall.end_to_end_id,
            message_id: &recall.message_id,
            amount: payout.amount_sent(),
            code: &recall.code,
        };
        Ok(bank.connector.recall(&order).await)
    }
}

/// Where the answer names a payment that brings the money back, and a statement has shown it: that is the return.
async fn tie(tx: &mut AnyConnection, recall: &PayoutRecall) -> Result<(), store::Error> {
    if recall.state != RecallState::Accepted || recall.repaid_by.is_empty() {
        return Ok(());
    }
    let now_ms = unix_ms(SystemTime::now());
    let Some(payout) = payouts::get(tx, &PayoutKey { book: recall.book.clone(), payout_id: recall.payout_id }).await? else {
        return Ok(());
    };
    for mut back in returns::unmatched(tx, &recall.bank, &recall.repaid_by).await? {
        back.due_at_ms = NEVER_MS;
        judge(tx, &mut back, Some((payout.clone(), payout.attempt.number)), now_ms).await?;
        if back.state == ReturnState::Unexpected {
            tracing::error!(return_id = %back.return_id, why = back.why, "money came back that can't be a return; nothing was booked, people have to decide");
        }
        returns::update(tx, back).await?;
    }
    Ok(())
}

/// The key under which a recall is known.
#[must_use]
pub fn recall_id(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|id| id.simple().to_string() == text)
}
