//! Requests to banks for the money of paid payouts. A recall decides nothing about money: what comes back is a return of its own.

use super::{CostBearer, NEVER_MS, RetryPolicy};
use chart::PostingKind;
use money::BookName;
use uuid::Uuid;

money::named! {
    /// What became of a recall.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum RecallState {
        /// The bank is, or will be, asked.
        Requested = "requested",
        /// Accepted: the money comes with a return.
        Accepted = "accepted",
        /// Refused: the payment stands.
        Refused = "refused",
        /// No answer in time: the payment stands. A late answer is still taken.
        Expired = "expired",
    }
}

/// What a bank charges for a recall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecallFee {
    /// In minor units of the payout's currency; 0: nothing.
    pub minor_units: i64,
    /// Who bears it.
    pub bearer: CostBearer,
    /// Names its posting, once it is incurred; nil before.
    pub key: Uuid,
    /// The posting; empty before it.
    pub posting_id: String,
    /// Refused postings.
    pub tries: i64,
    /// When it is due to be posted, in Unix milliseconds.
    pub due_at_ms: i64,
}

impl RecallFee {
    /// A fee that is not incurred yet.
    #[must_use]
    pub fn agreed(minor_units: i64, bearer: CostBearer) -> Self {
        Self { minor_units, bearer, key: Uuid::nil(), posting_id: String::new(), tries: 0, due_at_ms: NEVER_MS }
    }

    /// Request id of its posting.
    #[must_use]
    pub fn post_id(&self) -> Uuid {
        chart::id::payout_step(self.key, PostingKind::PayoutRecallFee)
    }

    /// Incurred, once: whatever the bank answers, it has worked on the recall.
    #[must_use]
    pub fn incurred(self, recall_id: Uuid, now_ms: i64) -> Self {
        if self.minor_units == 0 || !self.key.is_nil() {
            return self;
        }
        let key = chart::id::payout_step_key(recall_id, "recall_fee", self.tries, now_ms);
        Self { key, due_at_ms: now_ms, ..self }
    }

    /// The ledger has refused its posting, which is kept under its id: the next try gets a new one. What the creator can't bear, the house does.
    #[must_use]
    pub fn refused(self, recall_id: Uuid, now_ms: i64, policy: &RetryPolicy) -> Self {
        let tries = self.tries + 1;
        let key = chart::id::payout_step_key(recall_id, "recall_fee", tries, now_ms);
        match self.bearer {
            CostBearer::Creator => Self { bearer: CostBearer::House, key, tries, due_at_ms: now_ms, ..self },
            CostBearer::House => Self { key, due_at_ms: now_ms.saturating_add(policy.backoff_ms(self.tries)), tries, ..self },
        }
    }
}

/// A recall as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutRecall {
    /// Derived from the request; the bank knows it by its 32 hexadecimal digits.
    pub recall_id: Uuid,
    /// The book.
    pub book: BookName,
    /// The payout.
    pub payout_id: Uuid,
    /// Our bank's name.
    pub bank: String,
    /// The payment that is to come back.
    pub end_to_end_id: String,
    /// The message with which it was sent.
    pub message_id: String,
    /// Who asked.
    pub requested_by: String,
    /// Why: `ExternalCancellationReason1Code`.
    pub code: String,
    /// What became of it.
    pub state: RecallState,
    /// Code of a refusal.
    pub answer_code: String,
    /// The last answer in words.
    pub note: String,
    /// `EndToEndId` of the payment that brings the money back, where it has one of its own.
    pub repaid_by: String,
    /// How often it was sent.
    pub sends: i64,
    /// Questions since then.
    pub tries: i64,
    /// When it is due next, in Unix milliseconds.
    pub due_at_ms: i64,
    /// When it expires, in Unix milliseconds.
    pub expires_at_ms: i64,
    /// When it was requested, in Unix milliseconds.
    pub requested_at_ms: i64,
    /// When it ended, in Unix milliseconds; 0 while it is open.
    pub ended_at_ms: i64,
    /// What the bank charges for it.
    pub fee: RecallFee,
    /// Incremented by every write.
    pub version: i64,
}

/// A bank's answer to a recall, or that there was none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecallReply {
    /// The money comes back; by a payment with this `EndToEndId`, if it names one.
    Accepted {
        /// That payment.
        repaid_by: String,
    },
    /// The payment stands.
    Refused {
        /// The code of the reason.
        code: String,
        /// The reason in words.
        words: String,
    },
    /// Not decided.
    Pending,
    /// The bank has no such recall: it is sent again, under the same id.
    NotFound,
    /// Nothing, or nothing that could be read. In words.
    Lost(String),
    /// The bank takes no recalls over this connection.
    Unsupported,
}

impl PayoutRecall {
    /// `Assgnmt/Id`: 32 hexadecimal digits.
    #[must_use]
    pub fn assignment_id(&self) -> String {
        self.recall_id.simple().to_string()
    }

    /// Applies the bank's own answer to our question. An answer that comes after the recall expired counts; one that comes after another decided nothing.
    #[must_use]
    pub fn answered(mut self, answer: RecallReply, now_ms: i64, policy: &RetryPolicy) -> Self {
        if matches!(self.state, RecallState::Accepted | RecallState::Refused) {
            return Self { due_at_ms: NEVER_MS, ..self };
        }
        if matches!(answer, RecallReply::Accepted { .. } | RecallReply::Refused { .. } | RecallReply::Pending) {
            self.fee = self.fee.incurred(self.recall_id, now_ms);
        }
        match answer {
            RecallReply::Accepted { repaid_by } => {
                self.repaid_by = repaid_by;
                self.ended(RecallState::Accepted, "accepted; the money comes with a return".to_owned(), now_ms)
            }
            RecallReply::Refused { code, words } => {
                self.answer_code = code;
                self.ended(RecallState::Refused, words, now_ms)
            }
            RecallReply::Unsupported => {
                self.ended(RecallState::Refused, "the bank takes no recalls over this connection; ask it directly".to_owned(), now_ms)
            }
            RecallReply::Pending => self.later("the bank has not decided".to_owned(), now_ms, policy),
            RecallReply::NotFound => {
                self.sends = 0;
                self.later("the bank has no such recall; sending it again".to_owned(), now_ms, policy)
            }
            RecallReply::Lost(why) => self.later(why, now_ms, policy),
        }
    }

    /// Ends without an answer, if its time is over.
    #[must_use]
    pub fn expired(self, now_ms: i64) -> Self {
        self.ended(RecallState::Expired, "there was no answer in time".to_owned(), now_ms)
    }

    fn ended(mut self, state: RecallState, note: String, now_ms: i64) -> Self {
        (self.state, self.note, self.ended_at_ms, self.due_at_ms) = (state, note, now_ms, NEVER_MS);
        self
    }

    /// Due again after the back-off, at the latest when it expires; never again once it has.
    fn later(mut self, note: String, now_ms: i64, policy: &RetryPolicy) -> Self {
        self.note = note;
        self.due_at_ms = match self.state {
            RecallState::Expired => NEVER_MS,
            _ => now_ms.saturating_add(policy.backoff_ms(self.tries)).min(self.expires_at_ms.max(now_ms)),
        };
        self.tries += 1;
        self
    }
}

#[cfg(test)]
pub(crate) mod tests;
