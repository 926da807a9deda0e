//! The decision on a bank's answer, given everything proved before it.

use super::{
    Payout, PayoutPhase, RetryPolicy,
    evidence::{BankEvidence, Doubt},
};
use iso20022::StatusOutcome;

/// Our own reason code for money given back because no sending ever arrived.
const NEVER_RECEIVED: &str = "AG09";
/// Most polls of a payout that come earlier than its back-off, at the moment when an answer becomes proof. Without a bound, a bank that moves its
/// window with every answer would be polled without end.
const EARLY_QUESTIONS_MAX: i64 = 12;

/// The finality window of a bank whose "not found" never proves anything, however late.
pub const NEVER_FINAL_MS: i64 = i64::MAX;

/// A bank's answer, or that there was none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BankAnswer {
    /// It names this payment, so the bank has seen it.
    Named(BankEvidence),
    /// The bank has no such payment, and states after how many milliseconds that is final.
    NotFound {
        /// The bank's stated finality window; [`NEVER_FINAL_MS`] where it states none.
        window_ms: i64,
    },
    /// The bank says of this sending, in so many words, that it did not take it and never will by itself; or no request was made, for want of access. It
    /// proves nothing about other sendings. In words, for people.
    NotTaken(String),
    /// No answer, or an unusable one. In words, for people.
    Lost(String),
}

/// Applies an answer to a payout; returns a note too if the step should be visible.
///
/// `asked_at_ms` is when the request with this answer began: only a poll made after the finality window proves absence. `time_out_ms` is the rail's.
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
        BankAnswer::Named(said) => named(payout, said, now_ms, policy),
        BankAnswer::NotFound { window_ms } => not_found(payout, window_ms, asked_at_ms, now_ms, policy),
        BankAnswer::NotTaken(why) if payout.phase == PayoutPhase::Sent => not_taken(payout, why, now_ms, policy),
        BankAnswer::Lost(why) if payout.phase == PayoutPhase::Sent => {
            // The rail may still decide until its own time-out; an earlier poll would only get "not yet".
            let ask_at_ms = payout.sent_at_ms.saturating_add(time_out_ms).max(now_ms);
            (Payout { due_at_ms: ask_at_ms, ..payout.enter(PayoutPhase::Unknown, now_ms) }, why)
        }
        // Earlier knowledge stays valid: an accepted payment is still accepted when the answer to one poll was lost.
        BankAnswer::NotTaken(why) | BankAnswer::Lost(why) => (payout.again(now_ms, policy), why),
    }
}

fn named(mut payout: Payout, said: BankEvidence, now_ms: i64, policy: &RetryPolicy) -> (Payout, String) {
    let asked = payout.phase != PayoutPhase::Sent;
    payout.seen = true;
    payout.sendings = payout.sendings.told(&said, asked);
    let mut note = said.note();
    payout.bank_status = said.status;
    // Also if it is not final, so that people who wait can read the bank's reason.
    payout.reason_code = said.reason_code;
    payout.reason = if said.words.is_empty() { said.doubt.map(Doubt::words).unwrap_or_default() } else { said.words };
    match said.outcome {
        StatusOutcome::Settled => {
            payout.bank_time_ms = time_since(payout.first_sent_at_ms, now_ms);
            (payout.enter(PayoutPhase::Settling, now_ms), note)
        }
        StatusOutcome::Rejected if payout.sendings.none_executed() => (give_back(payout, now_ms), note),
        StatusOutcome::Rejected => {
            note.push_str("; another sending, or an earlier copy of this one, may have been executed: polling continues");
            (wait(payout, PayoutPhase::Unknown, now_ms, policy), note)
        }
        StatusOutcome::Pending => (wait(payout, PayoutPhase::Accepted, now_ms, policy), note),
        StatusOutcome::Unclear => (wait(payout, PayoutPhase::Unknown, now_ms, policy), note),
    }
}

fn not_found(payout: Payout, window_ms: i64, asked_at_ms: i64, now_ms: i64, policy: &RetryPolicy) -> (Payout, String) {
    if payout.seen {
        let note = "the bank no longer finds a payment it had seen; polling continues".to_owned();
        return (wait(payout, PayoutPhase::Unknown, now_ms, policy), note);
    }
    let final_at_ms = payout.sent_at_ms.saturating_add(window_ms.max(0)).saturating_add(policy.clock_skew_ms);
    if asked_at_ms <= final_at_ms {
        let early = payout.attempts < EARLY_QUESTIONS_MAX;
        let mut payout = wait(payout, PayoutPhase::Unknown, now_ms, policy);
        // The moment the answer becomes proof, if it comes before the back-off.
        if early {
            payout.due_at_ms = payout.due_at_ms.min(final_at_ms.saturating_add(1).max(now_ms));
        }
        let note = if window_ms == NEVER_FINAL_MS { "which proves nothing" } else { "which is not final yet" };
        return (payout, format!("not found at the bank, {note}"));
    }
    let sendings = payout.sendings.clone().last_not_found();
    let mut payout = Payout { sendings, ..payout };
    if !payout.sendings.none_arrived() {
        let note = "not found at the bank, which proves nothing about an earlier sending; polling continues".to_owned();
        return (wait(payout, PayoutPhase::Unknown, now_ms, policy), note);
    }
    if payout.sends < policy.sends_max {
        let note = "the bank confirmed that it never received the payment; resubmitting the same instruction".to_owned();
        return (payout.enter(PayoutPhase::Intent, now_ms), note);
    }
    payout.reason_code = NEVER_RECEIVED.to_owned();
    payout.reason = "the bank never received the payment, however often it was sent".to_owned();
    (give_back(payout, now_ms), "the bank never received it, finally; the money is given back".to_owned())
}

/// A sending that the bank did not take is repeated later, a few times, with longer pauses than between polls: the bank is overloaded, or refuses us.
fn not_taken(payout: Payout, why: String, now_ms: i64, policy: &RetryPolicy) -> (Payout, String) {
    let sendings = payout.sendings.clone().last_not_found();
    let mut payout = Payout { sendings, ..payout };
    if payout.seen || !payout.sendings.none_arrived() {
        return (wait(payout, PayoutPhase::Unknown, now_ms, policy), why);
    }
    if payout.sends < policy.sends_max {
        let due_at_ms = now_ms.saturating_add(policy.backoff_ms(payout.sends.saturating_mul(4)));
        return (Payout { due_at_ms, ..payout.enter(PayoutPhase::Intent, now_ms) }, why);
    }
    payout.reason_code = NEVER_RECEIVED.to_owned();
    payout.reason = "the bank did not take the payment, however often it was sent".to_owned();
    (give_back(payout, now_ms), why)
}

/// Gives back the money of a payout that its bank finally never received, and that is not sent again for this reason.
#[must_use]
pub fn not_sent_again(mut payout: Payout, reason: &str, now_ms: i64) -> Payout {
    assert!(payout.sendings.none_arrived(), "only what never arrived anywhere is given up here");
    payout.reason_code = NEVER_RECEIVED.to_owned();
    payout.reason = reason.to_owned();
    give_back(payout, now_ms)
}

/// The only way to give money back.
fn give_back(mut payout: Payout, now_ms: i64) -> Payout {
    assert!(payout.sendings.none_executed(), "money goes back only when every sending is proved not executed");
    payout.bank_time_ms = time_since(payout.first_sent_at_ms, now_ms);
    payout.enter(PayoutPhase::Returning, now_ms)
}

/// 0 if it was sent by a clock that was ahead.
fn time_since(then_ms: i64, now_ms: i64) -> i64 {
    now_ms.saturating_sub(then_ms).max(0)
}

/// Enters the phase, or stays in it, and is due after the back-off. The back-off continues from one answer of the bank to the next: only a new sending
/// restarts it.
fn wait(payout: Payout, phase: PayoutPhase, now_ms: i64, policy: &RetryPolicy) -> Payout {
    let attempts = if matches!(payout.phase, PayoutPhase::Accepted | PayoutPhase::Unknown) { payout.attempts } else { 0 };
    let payout = if payout.phase == phase { payout } else { Payout { attempts, ..payout.enter(phase, now_ms) } };
    payout.again(now_ms, policy)
}
