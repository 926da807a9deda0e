//! A transfer between two of our own bank accounts, and what a bank's answer proves of it. It is sent once: an unknown outcome is asked for, and never sent again.
//! What a bank has only accepted is asked for until it has paid or refused it.

use super::{
    BankAnswer,
    evidence::{BankEvidence, SentPayment},
};
use iso20022::StatusOutcome;
use money::{BookName, Money, text::is_hidden};
use uuid::Uuid;

/// Pause between two questions about a transfer that the bank has accepted, in milliseconds: its statement says the same within a day.
pub(crate) const ACCEPTED_ASK_MS: i64 = 10 * 60 * 1_000;
/// Shortest pause between two questions about a transfer whose outcome is not known, in milliseconds.
const UNKNOWN_ASK_MIN_MS: i64 = 1_000;
/// Longest evidence, in characters: treasury takes no more.
const EVIDENCE_CHARS_MAX: usize = 140;

money::named! {
    /// How far a transfer is.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum OwnTransferState {
        /// It was about to be sent, or was; nobody knows what became of it.
        Sent = "sent",
        /// The bank has it, and has neither paid nor refused it.
        Accepted = "accepted",
        /// The bank has paid it. Its statements say when it is booked.
        Settled = "settled",
        /// It is proved that the bank never executes it.
        Refused = "refused",
    }
}

impl OwnTransferState {
    /// Whether the bank may still say something else.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Sent | Self::Accepted)
    }
}

/// One of our accounts at a bank, by the names that they have in the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnAccountName {
    /// The bank.
    pub bank: String,
    /// The account.
    pub bank_account: String,
}

/// A transfer that was, or is about to be, sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnTransfer {
    /// The sweep that asks for it.
    pub sweep_id: Uuid,
    /// Treasury's book.
    pub book: BookName,
    /// The account that gives.
    pub from: OwnAccountName,
    /// The account that receives.
    pub to: OwnAccountName,
    /// Id of the rail.
    pub rail: String,
    /// What arrives and what leaves, which are the same.
    pub amount: Money,
    /// How far it is.
    pub state: OwnTransferState,
    /// Whether the bank has named it in an answer.
    pub seen: bool,
    /// When its message was written, in Unix milliseconds.
    pub sent_at_ms: i64,
    /// When the bank is asked at the earliest, in Unix milliseconds; not at all once it has paid or refused.
    pub ask_at_ms: i64,
    /// The bank's codes after the message's id; empty: there is no answer yet.
    pub evidence: String,
}

impl OwnTransfer {
    /// The id by which both banks and treasury know it.
    #[must_use]
    pub fn end_to_end_id(&self) -> String {
        self.sweep_id.simple().to_string()
    }

    /// The id of its only message.
    #[must_use]
    pub fn message_id(&self) -> String {
        format!("{}-1", self.sweep_id.simple())
    }

    /// `UETR`: a version 4 UUID made of the same bits.
    #[must_use]
    pub fn uetr(&self) -> String {
        uuid::Builder::from_random_bytes(*self.sweep_id.as_bytes()).into_uuid().to_string()
    }

    /// What answers must be about.
    #[must_use]
    pub fn subject<'a>(&'a self, end_to_end_id: &'a str) -> SentPayment<'a> {
        SentPayment { end_to_end_id, rail: &self.rail, sends: 1, shared: &[], amount: self.amount }
    }

    /// Applies an answer to a request that was made at `asked_at_ms` about a transfer that is open. Only the bank's own words end it: a refusal without any doubt, or "not found" after the time at
    /// which the bank says that this is final, of a transfer that it never named.
    #[must_use]
    pub fn answered(self, answer: &BankAnswer, asked_at_ms: i64, clock_skew_ms: i64) -> Self {
        let after = match answer {
            BankAnswer::Named(said) => {
                let asked = asked_at_ms != self.sent_at_ms;
                self.named(said, asked)
            }
            BankAnswer::NotFound { window_ms } => {
                let final_at_ms = self.sent_at_ms.saturating_add((*window_ms).max(0)).saturating_add(clock_skew_ms);
                if self.seen || asked_at_ms <= final_at_ms { self } else { self.ended(OwnTransferState::Refused, "not found") }
            }
            BankAnswer::NotTaken(_) if !self.seen && asked_at_ms == self.sent_at_ms => self.ended(OwnTransferState::Refused, "not taken"),
            BankAnswer::NotTaken(_) | BankAnswer::Lost(_) => self,
        };
        match after.state {
            OwnTransferState::Accepted => Self { ask_at_ms: asked_at_ms.saturating_add(ACCEPTED_ASK_MS), ..after },
            // The pauses double whatever the bank answers: each is as long as all the time before it.
            OwnTransferState::Sent => {
                let pause_ms = asked_at_ms.saturating_sub(after.sent_at_ms).clamp(UNKNOWN_ASK_MIN_MS, ACCEPTED_ASK_MS);
                Self { ask_at_ms: after.ask_at_ms.max(asked_at_ms.saturating_add(pause_ms)), ..after }
            }
            OwnTransferState::Settled | OwnTransferState::Refused => after,
        }
    }

    /// `asked`: the answer is to a question, and not to the sending.
    fn named(self, said: &BankEvidence, asked: bool) -> Self {
        let codes = format!("{} {}", said.status, said.reason_code);
        let seen = Self { seen: true, ..self };
        match said.outcome {
            StatusOutcome::Settled => seen.ended(OwnTransferState::Settled, &codes),
            StatusOutcome::Pending => seen.ended(OwnTransferState::Accepted, &codes),
            // "We had it before", said to the sending, may be about a copy of it that arrived first. Said of this id when asked, it is the bank's decision: there is no
            // other sending, so the bank means another payment, as some do of two with one amount to one account on one day.
            StatusOutcome::Rejected if !said.duplicate || asked => seen.ended(OwnTransferState::Refused, &codes),
            StatusOutcome::Rejected | StatusOutcome::Unclear => seen,
        }
    }

    fn ended(self, state: OwnTransferState, codes: &str) -> Self {
        let evidence = format!("{} {}", self.message_id(), codes.trim());
        // The codes are the bank's, and treasury refuses what is longer or can't be printed.
        let evidence = evidence.chars().filter(|one| !is_hidden(*one)).take(EVIDENCE_CHARS_MAX).collect();
        Self { state, evidence, ..self }
    }
}

#[cfg(test)]
mod tests;
