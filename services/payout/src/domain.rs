//! A payout's life: where it stands, what a bank's answer means, and when to look again. No clock, no randomness, no I/O: what comes out follows from what
//! goes in.

use chart::PostingKind;
use iso20022::{Rail, StatusOutcome};
use money::{BookName, Money, UserKey};
use uuid::Uuid;

/// Where a payout stands for the world (`PayoutState`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PayoutState {
    /// Recorded; the hold is being placed.
    Requested,
    /// The money is held.
    Held,
    /// The intent is durable; the message is on its way.
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

/// Where it stands inside: what is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PayoutPhase {
    /// To do: hold.
    Requested,
    /// The ledger refused the hold; nobody sees this payout. Final.
    Refused,
    /// To do: post the hold as the intent to submit.
    Held,
    /// To do: send.
    Intent,
    /// Being sent, or its sender died: only the bank knows.
    Sent,
    /// To do: ask; the bank is at it.
    Accepted,
    /// To do: ask; nothing is known.
    Unknown,
    /// The bank paid. To do: post it.
    Settling,
    /// The bank did not pay. To do: give the money back.
    Returning,
    /// The bank did not pay, and the creator's account is closed. To do: put the money in suspense.
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
    /// As it is stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        STATES.iter().find(|(state, _)| *state == self).map_or("", |(_, name)| name)
    }

    /// The other way around.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        STATES.iter().find(|(_, known)| *known == name).map(|(state, _)| *state)
    }

    /// Those in which a payout is under way.
    pub const UNDER_WAY: [Self; 5] = [Self::Requested, Self::Held, Self::Submitted, Self::Accepted, Self::OutcomeUnknown];

    /// Nothing follows.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Settled | Self::Rejected)
    }
}

impl PayoutPhase {
    /// As it is stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        PHASES.iter().find(|(phase, _)| *phase == self).map_or("", |(_, name)| name)
    }

    /// The other way around.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        PHASES.iter().find(|(_, known)| *known == name).map(|(phase, _)| *phase)
    }

    /// Nothing is to be done any more.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Refused | Self::Settled | Self::Rejected)
    }

    /// What the world sees on entering. None: what it saw before, since the money has not moved yet.
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
    /// Whose money.
    pub user: UserKey,
    /// Where to.
    pub beneficiary_id: Uuid,
    /// The request that asked for it.
    pub request_id: Uuid,
    /// How much.
    pub amount: Money,
    /// Over which clearing.
    pub rail: Rail,
    /// What is to be done next.
    pub phase: PayoutPhase,
    /// What the world sees.
    pub state: PayoutState,
    /// Grows with every write.
    pub version: i64,
    /// When to look at it again, Unix milliseconds.
    pub due_at_ms: i64,
    /// Tries in this phase, for the back-off.
    pub attempts: i64,
    /// Messages sent.
    pub sends: i64,
    /// When the last sending began.
    pub sent_at_ms: i64,
    /// When the first sending began.
    pub first_sent_at_ms: i64,
    /// The bank has ever named it: "not found" proves nothing any more.
    pub seen: bool,
    /// Names the ledger posting of this phase. Fresh per phase and after a refusal, with the time of then in front, so that a payout that takes weeks does
    /// not come with an id the ledger takes for forgotten.
    pub step_key: Uuid,
    /// ISO 20022 status last told.
    pub bank_status: String,
    /// ISO 20022 reason code of a rejection.
    pub reason_code: String,
    /// The reason in words.
    pub reason: String,
    /// Why the ledger refuses the posting that is to be done; empty while nothing stands in its way.
    pub blocked_by: String,
    /// Posting of the hold.
    pub hold_posting_id: String,
    /// Its transfer.
    pub hold_transfer_no: i64,
    /// Posting of the intent.
    pub submit_posting_id: String,
    /// Settling or returning posting.
    pub final_posting_id: String,
    /// From the first sending to the decision.
    pub bank_time_ms: i64,
    /// The trace of the request.
    pub traceparent: String,
    /// When it was requested.
    pub created_at_ms: i64,
    /// When it became final; 0 before.
    pub final_at_ms: i64,
}

/// Due times of final payouts.
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

    /// Request id of a later posting of this kind, as long as that is what is to be done.
    #[must_use]
    pub fn step_id(&self, kind: PostingKind) -> Uuid {
        chart::id::payout_step(self.step_key, kind)
    }

    /// `MsgId` of a sending; every sending is a message of its own.
    #[must_use]
    pub fn message_id(&self, send: i64) -> String {
        format!("{}-{send}", self.end_to_end_id())
    }

    /// Moves on, and is due at once. The step's key is fresh; what the world sees changes where the phase says so.
    #[must_use]
    pub fn enter(mut self, phase: PayoutPhase, now_ms: i64) -> Self {
        self.phase = phase;
        self.state = phase.shown().unwrap_or(self.state);
        self.due_at_ms = if phase.is_final() { NEVER_MS } else { now_ms };
        self.attempts = 0;
        self.blocked_by = String::new();
        self.with_fresh_key(now_ms)
    }

    /// The same, to be posted under an id of its own: for after a refusal, which holds for its id. The key follows from the row's version, which grows with
    /// every write, so no two rows of a payout have the same.
    #[must_use]
    pub fn with_fresh_key(mut self, now_ms: i64) -> Self {
        self.step_key = chart::id::payout_step_key(self.payout_id, self.phase.name(), self.version, now_ms);
        self
    }

    /// Stays, and looks again later.
    #[must_use]
    pub fn again(mut self, now_ms: i64, policy: &RetryPolicy) -> Self {
        self.due_at_ms = now_ms.saturating_add(policy.backoff_ms(self.attempts));
        self.attempts += 1;
        self
    }
}

/// What a bank said, or that it said nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BankAnswer {
    /// A status of this payment.
    Verdict {
        /// ISO 20022 code.
        status: String,
        /// What it means.
        outcome: StatusOutcome,
        /// Code of the reason, or nothing.
        reason_code: String,
        /// The reason in words.
        words: String,
    },
    /// The bank has no such payment, and says after how many milliseconds that is final.
    NotFound {
        /// The bank's stated finality window.
        window_ms: i64,
    },
    /// No answer, or nothing to make sense of. For people.
    Lost(String),
}

/// How patient we are.
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
    /// Doubles with every try, up to the longest.
    #[must_use]
    pub fn backoff_ms(&self, attempts: i64) -> i64 {
        let doubled = 1_i64.checked_shl(u32::try_from(attempts.clamp(0, 40)).unwrap_or(40)).unwrap_or(i64::MAX);
        self.retry_delay_ms.saturating_mul(doubled).min(self.retry_delay_max_ms)
    }
}

/// The code a bank uses for a payment it has met before: then an earlier sending arrived, and its fate is what counts. Of a payment that was sent once there
/// is no earlier one: where the bank says so when it is asked after this very payment, that is its verdict. Some banks call two payments of one amount to one
/// account on one day duplicates.
const DUPLICATE: &str = "AM05";
/// Our own reason for money that came back because no sending ever arrived.
const NEVER_RECEIVED: &str = "AG09";

/// What an answer makes of a payout, and a note where the world should see one.
///
/// `asked_at_ms` is when the request that got this answer began: only what was asked after the finality window proves absence.
/// `time_out_ms` is the rail's.
#[must_use]
pub fn judge(
    payout: Payout,
    answer: BankAnswer,
    asked_at_ms: i64,
    now_ms: i64,
    policy: &RetryPolicy,
    time_out_ms: i64,
) -> (Payout, String) {
    match answer {
        BankAnswer::Verdict { status, outcome, reason_code, words } => {
            let note = note(&status, &reason_code, &words);
            let mut payout = payout;
            payout.bank_status = status;
            let asked = payout.phase != PayoutPhase::Sent;
            let final_word = reason_code != DUPLICATE || (asked && payout.sends <= 1);
            // Of one that is not final, too: whoever waits can read what the bank says.
            payout.reason_code = reason_code;
            payout.reason = words;
            if outcome == StatusOutcome::Rejected && final_word {
                payout.bank_time_ms = now_ms - payout.first_sent_at_ms;
                payout.seen = true;
                return (payout.enter(PayoutPhase::Returning, now_ms), note);
            }
            match outcome {
                StatusOutcome::Settled => {
                    payout.bank_time_ms = now_ms - payout.first_sent_at_ms;
                    payout.seen = true;
                    (payout.enter(PayoutPhase::Settling, now_ms), note)
                }
                StatusOutcome::Pending => {
                    payout.seen = true;
                    (wait(payout, PayoutPhase::Accepted, now_ms, policy), note)
                }
                StatusOutcome::Rejected | StatusOutcome::Unclear => (wait(payout, PayoutPhase::Unknown, now_ms, policy), note),
            }
        }
        BankAnswer::NotFound { window_ms } => not_found(payout, window_ms, asked_at_ms, now_ms, policy),
        BankAnswer::Lost(why) if payout.phase == PayoutPhase::Sent => {
            // The rail may still decide until its own time-out; asking earlier would only learn "not yet".
            let ask_at_ms = payout.sent_at_ms.saturating_add(time_out_ms).max(now_ms);
            (Payout { due_at_ms: ask_at_ms, ..payout.enter(PayoutPhase::Unknown, now_ms) }, why)
        }
        // What was known stays known: an accepted payment is still accepted when one question about it got lost.
        BankAnswer::Lost(why) => (payout.again(now_ms, policy), why),
    }
}

fn not_found(payout: Payout, window_ms: i64, asked_at_ms: i64, now_ms: i64, policy: &RetryPolicy) -> (Payout, String) {
    if payout.seen {
        let note = "the bank no longer finds a payment it had accepted; it is asked on".to_owned();
        return (wait(payout, PayoutPhase::Unknown, now_ms, policy), note);
    }
    let final_at_ms = payout.sent_at_ms.saturating_add(window_ms.max(0)).saturating_add(policy.clock_skew_ms);
    if asked_at_ms <= final_at_ms {
        let mut payout = wait(payout, PayoutPhase::Unknown, now_ms, policy);
        // The moment the answer becomes proof, if it comes before the back-off.
        payout.due_at_ms = payout.due_at_ms.min(final_at_ms.saturating_add(1).max(now_ms));
        return (payout, "not found at the bank, which is not final yet".to_owned());
    }
    if payout.sends < policy.sends_max {
        let note = "the bank never received it, finally; the same instruction is sent again".to_owned();
        return (payout.enter(PayoutPhase::Intent, now_ms), note);
    }
    let mut payout = payout;
    payout.reason_code = NEVER_RECEIVED.to_owned();
    payout.reason = "the bank never received the payment, however often it was sent".to_owned();
    payout.bank_time_ms = now_ms - payout.first_sent_at_ms;
    (payout.enter(PayoutPhase::Returning, now_ms), "the bank never received it, finally; the money goes back".to_owned())
}

/// Enters the phase, or stays in it, and looks again after the back-off.
fn wait(payout: Payout, phase: PayoutPhase, now_ms: i64, policy: &RetryPolicy) -> Payout {
    let payout = if payout.phase == phase { payout } else { payout.enter(phase, now_ms) };
    payout.again(now_ms, policy)
}

fn note(status: &str, reason_code: &str, words: &str) -> String {
    [status, reason_code, words].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
pub(crate) mod tests;
