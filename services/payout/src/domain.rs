//! A payout's life: its state, and when it is due next. No clock, no randomness, no I/O: the output follows from the input.
//!
//! - [`evidence`]: what a bank's report proves. [`sendings`]: what is proved of every sending so far. [`shared`]: which of them were in messages of many payments. [`judgement`]: the decision made from both.
//!   [`returns`]: money that came back. [`recall`]: requests for it.
//!   [`statement`]: the debits in the bank's own books. [`life`]: states and phases. [`attempt`]: one try over one rail of one bank.
//!   [`payee`]: who is paid. [`payee_check`]: whether the account is the payee's. [`review`]: what it waits for before it is sent.
//!   [`reservation`]: the money that it reserves at the bank account. [`run`]: many payouts, approved at once. [`standing`]: payouts at
//!   set times.
//! - [`ach`]: payments in ACH files. [`api_rail`]: what the JSON of a payment API carries. [`report`]: sums of payouts. [`wallet`]: the same payouts over e-wallets, by dated figures. [`table`]: every phase with every event.

pub mod ach;
pub mod api_rail;
pub mod attempt;
pub mod batch;
pub mod debit;
pub mod evidence;
pub mod judgement;
pub mod life;
pub mod own_transfer;
pub mod payee;
pub mod payee_check;
pub mod recall;
pub mod report;
pub mod reservation;
pub mod resolution;
pub mod returns;
pub mod review;
pub mod run;
pub mod sendings;
pub mod shared;
pub mod standing;
pub mod statement;
pub mod table;
pub mod wallet;

pub use attempt::{Attempt, CostBearer};
pub use judgement::{BankAnswer, judge};
pub use life::{PayoutPhase, PayoutState};
pub use sendings::{SendingProof, Sendings};
pub use shared::SharedMessages;

use chart::PostingKind;
use money::{BookName, Money, UserKey};
use uuid::Uuid;

/// One payout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payout {
    /// Its book.
    pub book: BookName,
    /// Derived from the request's id.
    pub payout_id: Uuid,
    /// The creator whose money it is.
    pub user: UserKey,
    /// The beneficiary to pay to.
    pub beneficiary_id: Uuid,
    /// The request that created it.
    pub request_id: Uuid,
    /// The amount of money.
    pub amount: Money,
    /// The attempt in progress, or the last one: rail, bank and ids.
    pub attempt: Attempt,
    /// Rails over which it was tried before, in that order, separated by a space: none of them is tried again.
    pub rails_tried: String,
    /// Who bears what it costs.
    pub bearer: CostBearer,
    /// Staff, or time, have allowed it to go on: checks that it has passed are not repeated.
    pub reviewed: bool,
    /// What came back after it was paid, in minor units.
    pub returned_minor_units: i64,
    /// Until when it may come back as a matter of course, in Unix milliseconds; 0: it may not, or is not paid yet.
    pub returnable_until_ms: i64,
    /// Decides the next step.
    pub phase: PayoutPhase,
    /// The public state.
    pub state: PayoutState,
    /// Incremented by every write.
    pub version: i64,
    /// When it is due next, in Unix milliseconds.
    pub due_at_ms: i64,
    /// Whoever wrote this version goes on with the payout at once, and has it until it is due. Not stored.
    pub claimed: bool,
    /// Tries in this phase, for the back-off.
    pub attempts: i64,
    /// Number of messages sent.
    pub sends: i64,
    /// What is proved of each of them.
    pub sendings: Sendings,
    /// The messages of many payments in which it was sent.
    pub shared: SharedMessages,
    /// When the last sending began.
    pub sent_at_ms: i64,
    /// When the first sending began.
    pub first_sent_at_ms: i64,
    /// The bank has named it at least once, in whatever answer: "not found" proves nothing any more.
    pub seen: bool,
    /// Names the ledger posting of this phase. New per phase and after a refusal, with the time of then in front, so that a payout that takes weeks
    /// does not use an id that the ledger considers expired.
    pub step_key: Uuid,
    /// ISO 20022 status last reported.
    pub bank_status: String,
    /// ISO 20022 reason code of a rejection.
    pub reason_code: String,
    /// The reason in words.
    pub reason: String,
    /// Why the ledger refuses the next posting; empty while it does not.
    pub blocked_by: String,
    /// Posting of the hold.
    pub hold_posting_id: String,
    /// The hold's transfer.
    pub hold_transfer_no: i64,
    /// Posting of the intent.
    pub submit_posting_id: String,
    /// Settling or returning posting.
    pub final_posting_id: String,
    /// Posting that gave blocked money back.
    pub unblock_posting_id: String,
    /// Time from the first sending to the decision.
    pub bank_time_ms: i64,
    /// The trace of the request.
    pub traceparent: String,
    /// When it was requested.
    pub created_at_ms: i64,
    /// When it became final; 0 before.
    pub final_at_ms: i64,
}

/// The key of a payout.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PayoutKey {
    /// Its book.
    pub book: BookName,
    /// Its id.
    pub payout_id: Uuid,
}

/// The due time of final payouts.
pub const NEVER_MS: i64 = i64::MAX;

impl Payout {
    /// Its key.
    #[must_use]
    pub fn key(&self) -> PayoutKey {
        PayoutKey { book: self.book.clone(), payout_id: self.payout_id }
    }

    /// `EndToEndId` of the attempt, 32 characters: of the first, the payout's id without hyphens.
    #[must_use]
    pub fn end_to_end_id(&self) -> String {
        self.attempt.end_to_end_id(self.payout_id)
    }

    /// The amount that the bank is to pay: less what it costs, if the person paid bears that.
    #[must_use]
    pub fn amount_sent(&self) -> Money {
        let sent = self.amount.minor_units() - self.fee_minor_units();
        Money::try_new(self.amount.currency(), sent).expect("a fee is smaller than the amount")
    }

    /// What the person paid bears of the cost, in minor units.
    #[must_use]
    pub fn fee_minor_units(&self) -> i64 {
        if self.bearer == CostBearer::Creator { self.attempt.cost_minor_units } else { 0 }
    }

    /// Request id of the posting that holds the money.
    #[must_use]
    pub fn hold_id(&self) -> Uuid {
        chart::id::payout_hold(self.payout_id)
    }

    /// Request id of a later posting of this kind, as long as that is the next step.
    #[must_use]
    pub fn step_id(&self, kind: PostingKind) -> Uuid {
        chart::id::payout_step(self.step_key, kind)
    }

    /// `MsgId` of a sending; every sending is another message, its own or one of many payments.
    #[must_use]
    pub fn message_id(&self, send: i64) -> String {
        shared::shared_in(self.shared.ids(), send).map_or_else(|| format!("{}-{send}", self.end_to_end_id()), str::to_owned)
    }

    /// Waits in the queue until then. The step's key stays: it may name a submission that was posted and whose outcome is not known here.
    #[must_use]
    pub fn queued(self, now_ms: i64, due_at_ms: i64) -> Self {
        let (step_key, attempts) = (self.step_key, self.attempts);
        Self { step_key, due_at_ms, attempts: attempts + 1, ..self.enter(PayoutPhase::Queued, now_ms) }
    }

    /// Cancelled before it was sent, due at once. The step's key stays: with it, a submission that a worker was just posting is found.
    #[must_use]
    pub fn cancelling(self, now_ms: i64) -> Self {
        assert!(self.phase.is_before_submission(), "only what was not submitted is cancelled");
        let step_key = self.step_key;
        Self { step_key, ..self.enter(PayoutPhase::Cancelling, now_ms) }
    }

    /// Waits for people, due again at `due_at_ms`. The step's key stays: with it, a submission is found that a worker posted before it was lost.
    #[must_use]
    pub fn reviewing(self, now_ms: i64, due_at_ms: i64) -> Self {
        let step_key = self.step_key;
        Self { step_key, due_at_ms, ..self.enter(PayoutPhase::Review, now_ms) }
    }

    /// Goes on after its reviews, due at once. The step's key stays.
    #[must_use]
    pub fn passed_review(self, now_ms: i64) -> Self {
        assert!(self.phase == PayoutPhase::Review, "only what is in review passes it");
        let step_key = self.step_key;
        Self { step_key, reviewed: true, ..self.enter(PayoutPhase::Held, now_ms) }
    }

    /// Confirmed as a payment to a listed person, due at once. The step's key stays, for its submission.
    #[must_use]
    pub fn blocking(self, now_ms: i64) -> Self {
        assert!(self.phase == PayoutPhase::Review, "only what is in review is blocked");
        let step_key = self.step_key;
        Self { step_key, ..self.enter(PayoutPhase::Blocking, now_ms) }
    }

    /// Begins the next attempt, of which nothing was sent, after the one before is proved not to have been executed. The money stays in transit meanwhile.
    #[must_use]
    pub fn begin_attempt(mut self, attempt: Attempt, now_ms: i64) -> Self {
        assert!(self.sendings.none_executed(), "another rail is tried only when every sending is proved not executed");
        if !self.rails_tried.is_empty() {
            self.rails_tried.push(' ');
        }
        self.rails_tried.push_str(&self.attempt.rail);
        self.attempt = attempt;
        self.sends = 0;
        self.sendings = Sendings::default();
        self.shared = SharedMessages::default();
        self.sent_at_ms = 0;
        self.seen = false;
        self.bank_status = String::new();
        self.enter(PayoutPhase::Intent, now_ms)
    }

    /// Enters the next phase, due at once. The step's key is new; the public state changes where the phase has one.
    #[must_use]
    pub fn enter(mut self, phase: PayoutPhase, now_ms: i64) -> Self {
        self.phase = phase;
        self.state = phase.shown().unwrap_or(self.state);
        self.due_at_ms = if phase.is_final() { NEVER_MS } else { now_ms };
        self.attempts = 0;
        self.blocked_by = String::new();
        self.with_fresh_key(now_ms)
    }

    /// The same, to be posted under a new id: used after a refusal, which is kept under the old id. The key follows from the row's version, which grows
    /// with every write, so no two rows of a payout have the same.
    #[must_use]
    pub fn with_fresh_key(mut self, now_ms: i64) -> Self {
        self.step_key = chart::id::payout_step_key(self.payout_id, self.phase.name(), self.version, now_ms);
        self
    }

    /// Begins another sending, of which nothing is proved; due at `due_at_ms`, in case its answer is lost.
    #[must_use]
    pub fn begin_sending(self, now_ms: i64, due_at_ms: i64) -> Self {
        let mut sent = self.enter(PayoutPhase::Sent, now_ms);
        sent.due_at_ms = due_at_ms;
        sent.sends += 1;
        sent.sendings = sent.sendings.begun();
        sent.sent_at_ms = now_ms;
        if sent.first_sent_at_ms == 0 {
            sent.first_sent_at_ms = now_ms;
        }
        sent
    }

    /// The same, in a message of many payments.
    #[must_use]
    pub fn begin_shared_sending(self, message_id: &str, now_ms: i64, due_at_ms: i64) -> Self {
        let shared = self.shared.clone().begun(self.sends, message_id);
        Self { shared, ..self.begin_sending(now_ms, due_at_ms) }
    }

    /// Stays in the phase, and is due again later.
    #[must_use]
    pub fn again(mut self, now_ms: i64, policy: &RetryPolicy) -> Self {
        self.due_at_ms = now_ms.saturating_add(policy.backoff_ms(self.attempts));
        self.attempts += 1;
        self
    }
}

/// Delays and limits of retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// First delay between two tries.
    pub retry_delay_ms: i64,
    /// Longest delay between two tries.
    pub retry_delay_max_ms: i64,
    /// How far the bank's clock may be from ours; added to its finality window.
    pub clock_skew_ms: i64,
    /// How often one payout is sent before the money is given back.
    pub sends_max: i64,
}

impl RetryPolicy {
    /// The delay: doubled with every try, up to the longest.
    #[must_use]
    pub fn backoff_ms(&self, attempts: i64) -> i64 {
        let doubled = 1_i64.checked_shl(u32::try_from(attempts.clamp(0, 40)).unwrap_or(40)).unwrap_or(i64::MAX);
        self.retry_delay_ms.saturating_mul(doubled).min(self.retry_delay_max_ms)
    }
}

#[cfg(test)]
pub(crate) mod tests;
