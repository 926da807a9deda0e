//! A payout's life: its state, and when it is due next. No clock, no randomness, no I/O: the output follows from the input.
//!
//! - [`evidence`]: what a bank's report proves. [`sendings`]: what is proved of every sending so far. [`judgement`]: the decision made from both.
//!   [`statement`]: the debits in the bank's own books.

pub mod evidence;
pub mod judgement;
pub mod sendings;
pub mod statement;

pub use judgement::{BankAnswer, judge};
pub use sendings::{SendingProof, Sendings};

use chart::PostingKind;
use iso20022::Rail;
use money::{BookName, Money, UserKey};
use uuid::Uuid;

/// A payout's public state (`PayoutState`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PayoutState {
    /// Recorded; the hold is being placed.
    Requested,
    /// The money is held.
    Held,
    /// The intent is durable; the message is in flight.
    Submitted,
    /// The bank has it and has not decided.
    Accepted,
    /// The bank's answer was lost.
    OutcomeUnknown,
    /// Paid. Final.
    Settled,
    /// Refused by the bank; the money is back. Final.
    Rejected,
}

/// A payout's internal phase, which decides the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PayoutPhase {
    /// Next step: hold.
    Requested,
    /// The ledger refused the hold; this payout is not visible to anybody. Final.
    Refused,
    /// Next step: post the hold as the intent to submit.
    Held,
    /// Next step: send.
    Intent,
    /// Being sent, or the sender crashed: only the bank knows.
    Sent,
    /// Next step: poll; the bank is processing it.
    Accepted,
    /// Next step: poll; nothing is known.
    Unknown,
    /// The bank paid. Next step: post it.
    Settling,
    /// The bank did not pay. Next step: give the money back.
    Returning,
    /// The bank did not pay, and the creator's account is closed. Next step: put the money in suspense.
    Suspending,
    /// Final.
    Settled,
    /// Final.
    Rejected,
}

const STATES: [(PayoutState, &str); 7] = [
    (PayoutState::Requested, "requested"),
    (PayoutState::Held, "held"),
    (PayoutState::Submitted, "submitted"),
    (PayoutState::Accepted, "accepted"),
    (PayoutState::OutcomeUnknown, "outcome_unknown"),
    (PayoutState::Settled, "settled"),
    (PayoutState::Rejected, "rejected"),
];

const PHASES: [(PayoutPhase, &str); 12] = [
    (PayoutPhase::Requested, "requested"),
    (PayoutPhase::Refused, "refused"),
    (PayoutPhase::Held, "held"),
    (PayoutPhase::Intent, "intent"),
    (PayoutPhase::Sent, "sent"),
    (PayoutPhase::Accepted, "accepted"),
    (PayoutPhase::Unknown, "unknown"),
    (PayoutPhase::Settling, "settling"),
    (PayoutPhase::Returning, "returning"),
    (PayoutPhase::Suspending, "suspending"),
    (PayoutPhase::Settled, "settled"),
    (PayoutPhase::Rejected, "rejected"),
];

impl PayoutState {
    /// The name under which it is stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        STATES.iter().find(|(state, _)| *state == self).map_or("", |(_, name)| name)
    }

    /// The state of a stored name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        STATES.iter().find(|(_, known)| *known == name).map(|(state, _)| *state)
    }

    /// The states in which a payout is in flight.
    pub const IN_FLIGHT: [Self; 5] = [Self::Requested, Self::Held, Self::Submitted, Self::Accepted, Self::OutcomeUnknown];

    /// Whether no other state follows.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Settled | Self::Rejected)
    }
}

impl PayoutPhase {
    /// The name under which it is stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        PHASES.iter().find(|(phase, _)| *phase == self).map_or("", |(_, name)| name)
    }

    /// The phase of a stored name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        PHASES.iter().find(|(_, known)| *known == name).map(|(phase, _)| *phase)
    }

    /// Whether nothing remains to be done.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Refused | Self::Settled | Self::Rejected)
    }

    /// The public state on entering the phase. None: unchanged, since the money has not moved yet.
    #[must_use]
    pub fn shown(self) -> Option<PayoutState> {
        match self {
            Self::Requested => Some(PayoutState::Requested),
            Self::Held => Some(PayoutState::Held),
            Self::Intent | Self::Sent => Some(PayoutState::Submitted),
            Self::Accepted => Some(PayoutState::Accepted),
            Self::Unknown => Some(PayoutState::OutcomeUnknown),
            Self::Settled => Some(PayoutState::Settled),
            Self::Rejected => Some(PayoutState::Rejected),
            Self::Refused | Self::Settling | Self::Returning | Self::Suspending => None,
        }
    }
}

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
    /// The clearing used.
    pub rail: Rail,
    /// Decides the next step.
    pub phase: PayoutPhase,
    /// The public state.
    pub state: PayoutState,
    /// Incremented by every write.
    pub version: i64,
    /// When it is due next, in Unix milliseconds.
    pub due_at_ms: i64,
    /// Tries in this phase, for the back-off.
    pub attempts: i64,
    /// Number of messages sent.
    pub sends: i64,
    /// What is proved of each of them.
    pub sendings: Sendings,
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
    /// Time from the first sending to the decision.
    pub bank_time_ms: i64,
    /// The trace of the request.
    pub traceparent: String,
    /// When it was requested.
    pub created_at_ms: i64,
    /// When it became final; 0 before.
    pub final_at_ms: i64,
}

/// The due time of final payouts.
pub const NEVER_MS: i64 = i64::MAX;

impl Payout {
    /// `EndToEndId`: the payout's id without hyphens, 32 characters.
    #[must_use]
    pub fn end_to_end_id(&self) -> String {
        self.payout_id.simple().to_string()
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

    /// `MsgId` of a sending; every sending is a message of its own.
    #[must_use]
    pub fn message_id(&self, send: i64) -> String {
        format!("{}-{send}", self.end_to_end_id())
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
