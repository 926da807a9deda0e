//! Every phase with every event, and what follows. The cells are computed by the functions that decide in operation (`judge`, `enter`, `begin_attempt`,
//! `cancelling`, `after_posting`, ...), on a payout of one sending; only who acts in which phase is stated here. `deploy/runbooks/payout-states.md` is this table,
//! and a test compares both.

use super::{
    Attempt, BankAnswer, CostBearer, NEVER_MS, Payout, PayoutPhase, PayoutState, RetryPolicy, Sendings, SharedMessages,
    evidence::{BankEvidence, Doubt, ReportedSending},
    judge,
    resolution::ResolvedOutcome,
};
use iso20022::StatusOutcome;
use money::{BookName, Currency, Money, UserKey};
use uuid::Uuid;

/// What can happen to a payout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PayoutEvent {
    /// The ledger placed the hold.
    HoldPlaced,
    /// The ledger refused the hold.
    HoldRefused,
    /// A check wants people to look at it.
    ChecksHold,
    /// People let it go on.
    ReviewPassed,
    /// People found the person paid on a sanctions list.
    TrueMatch,
    /// A licence lets blocked money go.
    Licensed,
    /// No rail takes it now.
    RailsClosed,
    /// The creator, or a service, cancels it.
    Cancelled,
    /// The ledger posted what the phase asks for.
    Posted,
    /// The same, and the rail's payments may come back as a matter of course.
    PostedReturnable,
    /// The ledger refused the posting that the phase asks for, for now.
    PostingRefused,
    /// The ledger refused it because the creator's account is closed.
    AccountClosed,
    /// The hold that a cancellation would release was posted before, and nothing was sent.
    HoldPostedBefore,
    /// It is sent.
    SendingBegins,
    /// No answer of the bank, or an unusable one.
    AnswerLost,
    /// The bank says that it did not take this sending, or the request was not made for want of access.
    NotTaken,
    /// The same, of the last sending that is allowed.
    NotTakenAtLast,
    /// The bank says it is paid.
    BankSettled,
    /// The bank says it is refused.
    BankRejected,
    /// The bank refuses it as a duplicate.
    BankDuplicate,
    /// The bank has it and has not decided.
    BankPending,
    /// The bank names it and decides nothing: it contradicts itself, or names another amount.
    BankUnclear,
    /// The bank does not find it, within the time in which that proves nothing.
    NotFoundYet,
    /// The bank does not find it, after that time.
    NotFoundFinally,
    /// The same, after the last sending that is allowed.
    NotFoundAtLast,
    /// Another rail can pay what a bank refused.
    OtherRail,
    /// Two people found that it was paid.
    FoundPaid,
    /// Two people found that it was not executed.
    FoundNotExecuted,
    /// The time for which it was due is over.
    TimeOver,
}

/// Every event, in the order of a payout's life, with its words.
pub const EVENTS: [(PayoutEvent, &str); 29] = [
    (PayoutEvent::HoldPlaced, "hold placed"),
    (PayoutEvent::HoldRefused, "hold refused"),
    (PayoutEvent::ChecksHold, "a check wants a review"),
    (PayoutEvent::ReviewPassed, "review passed"),
    (PayoutEvent::TrueMatch, "true match on a sanctions list"),
    (PayoutEvent::Licensed, "licence for blocked money"),
    (PayoutEvent::RailsClosed, "no rail open"),
    (PayoutEvent::Cancelled, "cancelled"),
    (PayoutEvent::Posted, "posted"),
    (PayoutEvent::PostedReturnable, "posted, rail returnable"),
    (PayoutEvent::PostingRefused, "posting refused for now"),
    (PayoutEvent::AccountClosed, "creator's account closed"),
    (PayoutEvent::HoldPostedBefore, "hold was posted before"),
    (PayoutEvent::SendingBegins, "sending begins"),
    (PayoutEvent::AnswerLost, "no answer"),
    (PayoutEvent::NotTaken, "bank: not taken"),
    (PayoutEvent::NotTakenAtLast, "bank: not taken, last sending"),
    (PayoutEvent::BankSettled, "bank: settled"),
    (PayoutEvent::BankRejected, "bank: rejected"),
    (PayoutEvent::BankDuplicate, "bank: rejected as a duplicate"),
    (PayoutEvent::BankPending, "bank: pending"),
    (PayoutEvent::BankUnclear, "bank: unclear"),
    (PayoutEvent::NotFoundYet, "bank: not found, no proof yet"),
    (PayoutEvent::NotFoundFinally, "bank: not found, proof"),
    (PayoutEvent::NotFoundAtLast, "bank: not found, proof, last sending"),
    (PayoutEvent::OtherRail, "another rail can pay"),
    (PayoutEvent::FoundPaid, "people: paid"),
    (PayoutEvent::FoundNotExecuted, "people: not executed"),
    (PayoutEvent::TimeOver, "due time over"),
];

/// What follows from an event in a phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhaseOutcome {
    /// Another phase, and the state that callers see then.
    Enters {
        /// The phase entered.
        phase: PayoutPhase,
        /// The public state then.
        state: PayoutState,
    },
    /// The same phase; it is tried or asked again later.
    Stays,
    /// Refused, and nothing changes.
    Refused,
    /// The event doesn't happen in this phase, or changes nothing if it comes late.
    Nothing,
}

/// Our delays and limits do not matter for what follows, only when.
const POLICY: RetryPolicy = RetryPolicy { retry_delay_ms: 1, retry_delay_max_ms: 1, clock_skew_ms: 0, sends_max: 2 };
/// The bank's window in these examples, the time of the sending, and times before and after the window's end.
const WINDOW_MS: i64 = 1_000;
const SENT_AT_MS: i64 = 1_000;
const EARLY_MS: i64 = 1_500;
const LATE_MS: i64 = 9_000;

/// What follows.
#[must_use]
pub fn follow(phase: PayoutPhase, event: PayoutEvent) -> PhaseOutcome {
    if phase == PayoutPhase::Blocked && event == PayoutEvent::Licensed {
        let after = example(phase).enter(PayoutPhase::Unblocking, LATE_MS);
        return PhaseOutcome::Enters { phase: after.phase, state: after.state };
    }
    if phase.is_final() {
        // A cancellation that is repeated under another id is answered as done.
        let refused = event == PayoutEvent::Cancelled && phase != PayoutPhase::Cancelled;
        return if refused { PhaseOutcome::Refused } else { PhaseOutcome::Nothing };
    }
    let before = example(phase);
    let after = match event {
        PayoutEvent::HoldPlaced if phase == PayoutPhase::Requested => {
            phase.after_posting(false).map(|next| before.clone().enter(next, LATE_MS))
        }
        PayoutEvent::HoldRefused if phase == PayoutPhase::Requested => Some(before.clone().enter(PayoutPhase::Refused, LATE_MS)),
        PayoutEvent::ChecksHold if is_prepared(phase) => Some(before.clone().reviewing(LATE_MS, NEVER_MS)),
        PayoutEvent::ReviewPassed if phase == PayoutPhase::Review => Some(before.clone().passed_review(LATE_MS)),
        PayoutEvent::TrueMatch if phase == PayoutPhase::Review => Some(before.clone().blocking(LATE_MS)),
        PayoutEvent::RailsClosed if is_prepared(phase) => Some(before.clone().queued(LATE_MS, LATE_MS)),
        PayoutEvent::Cancelled => return cancelled(before),
        PayoutEvent::Posted | PayoutEvent::PostedReturnable if phase != PayoutPhase::Requested => posted(&before, event),
        PayoutEvent::PostingRefused if phase.after_posting(false).is_some() && phase != PayoutPhase::Requested => Some(before.clone()),
        PayoutEvent::AccountClosed if phase.after_posting(false).is_some() && phase != PayoutPhase::Requested => {
            Some(phase.after_closing().map_or_else(|| before.clone(), |next| before.clone().enter(next, LATE_MS)))
        }
        PayoutEvent::HoldPostedBefore if phase == PayoutPhase::Cancelling => Some(before.clone().enter(PayoutPhase::Returning, LATE_MS)),
        PayoutEvent::SendingBegins if phase == PayoutPhase::Intent => Some(before.clone().begin_sending(LATE_MS, LATE_MS)),
        PayoutEvent::OtherRail if phase == PayoutPhase::Returning => Some(elsewhere(before.clone())),
        PayoutEvent::FoundPaid if phase == PayoutPhase::Unknown => Some(before.clone().resolved(ResolvedOutcome::Paid, LATE_MS)),
        PayoutEvent::FoundNotExecuted if phase == PayoutPhase::Unknown => {
            Some(before.clone().resolved(ResolvedOutcome::NotExecuted, LATE_MS))
        }
        PayoutEvent::FoundPaid | PayoutEvent::FoundNotExecuted => return PhaseOutcome::Refused,
        PayoutEvent::TimeOver if phase == PayoutPhase::Returnable => Some(before.clone().enter(PayoutPhase::Settled, LATE_MS)),
        _ => answer(event).filter(|_| is_at_bank(phase)).map(|(answer, asked_at_ms)| told(&before, event, answer, asked_at_ms)),
    };
    let Some(after) = after else { return PhaseOutcome::Nothing };
    if after.phase == phase { PhaseOutcome::Stays } else { PhaseOutcome::Enters { phase: after.phase, state: after.state } }
}

/// Whether the payout's rail is being chosen: `Payouts::prepare` runs.
fn is_prepared(phase: PayoutPhase) -> bool {
    matches!(phase, PayoutPhase::Held | PayoutPhase::Queued)
}

/// Whether a bank's answer is judged: it is being sent, or asked after.
fn is_at_bank(phase: PayoutPhase) -> bool {
    matches!(phase, PayoutPhase::Sent | PayoutPhase::Accepted | PayoutPhase::Unknown)
}

fn cancelled(before: Payout) -> PhaseOutcome {
    if before.phase == PayoutPhase::Cancelling {
        return PhaseOutcome::Stays;
    }
    if !before.phase.is_before_submission() {
        return PhaseOutcome::Refused;
    }
    let after = before.cancelling(LATE_MS);
    PhaseOutcome::Enters { phase: after.phase, state: after.state }
}

fn posted(before: &Payout, event: PayoutEvent) -> Option<Payout> {
    let usual = before.phase.after_posting(false)?;
    let next = before.phase.after_posting(event == PayoutEvent::PostedReturnable)?;
    // The rail matters for settling only; elsewhere the event is the same as the one before.
    let applies = event == PayoutEvent::Posted || next != usual;
    applies.then(|| before.clone().enter(next, LATE_MS))
}

fn elsewhere(mut before: Payout) -> Payout {
    before.sendings = Sendings::from_letters("r", 1, true).expect("one letter for one sending");
    let next = Attempt { number: before.attempt.number + 1, ..before.attempt.clone() };
    before.begin_attempt(next, LATE_MS)
}

/// The bank's answer of an event, and when it was asked for; none if the event is no answer.
fn answer(event: PayoutEvent) -> Option<(BankAnswer, i64)> {
    let named = |outcome, duplicate| {
        let doubt = (outcome == StatusOutcome::Unclear).then_some(Doubt::Contradiction);
        let evidence = BankEvidence { sending: ReportedSending::This(1), outcome, duplicate, ..BankEvidence::only_seen(Doubt::NoStatus) };
        Some((BankAnswer::Named(BankEvidence { doubt, ..evidence }), LATE_MS))
    };
    match event {
        PayoutEvent::AnswerLost => Some((BankAnswer::Lost(String::new()), LATE_MS)),
        PayoutEvent::NotTaken | PayoutEvent::NotTakenAtLast => Some((BankAnswer::NotTaken(String::new()), LATE_MS)),
        PayoutEvent::BankSettled => named(StatusOutcome::Settled, false),
        PayoutEvent::BankRejected => named(StatusOutcome::Rejected, false),
        PayoutEvent::BankDuplicate => named(StatusOutcome::Rejected, true),
        PayoutEvent::BankPending => named(StatusOutcome::Pending, false),
        PayoutEvent::BankUnclear => named(StatusOutcome::Unclear, false),
        PayoutEvent::NotFoundYet => Some((BankAnswer::NotFound { window_ms: WINDOW_MS }, EARLY_MS)),
        PayoutEvent::NotFoundFinally | PayoutEvent::NotFoundAtLast => Some((BankAnswer::NotFound { window_ms: WINDOW_MS }, LATE_MS)),
        PayoutEvent::HoldPlaced
        | PayoutEvent::HoldRefused
        | PayoutEvent::ChecksHold
        | PayoutEvent::ReviewPassed
        | PayoutEvent::TrueMatch
        | PayoutEvent::Licensed
        | PayoutEvent::RailsClosed
        | PayoutEvent::Cancelled
        | PayoutEvent::Posted
        | PayoutEvent::PostedReturnable
        | PayoutEvent::PostingRefused
        | PayoutEvent::AccountClosed
        | PayoutEvent::HoldPostedBefore
        | PayoutEvent::SendingBegins
        | PayoutEvent::OtherRail
        | PayoutEvent::FoundPaid
        | PayoutEvent::FoundNotExecuted
        | PayoutEvent::TimeOver => None,
    }
}

fn told(before: &Payout, event: PayoutEvent, answer: BankAnswer, asked_at_ms: i64) -> Payout {
    let mut before = before.clone();
    // The bank has named an accepted payment, so it can't be unknown to it any more.
    before.seen = before.phase == PayoutPhase::Accepted;
    if matches!(event, PayoutEvent::NotFoundAtLast | PayoutEvent::NotTakenAtLast) {
        before.sends = POLICY.sends_max;
        before.sendings = Sendings::from_letters("no", POLICY.sends_max, false).expect("two letters for two sendings");
    }
    judge(before, answer, asked_at_ms, asked_at_ms, &POLICY, WINDOW_MS).0
}

/// A payout in this phase, sent once if the phase comes after a sending.
fn example(phase: PayoutPhase) -> Payout {
    let sends = i64::from(!matches!(
        phase,
        PayoutPhase::Requested
            | PayoutPhase::Held
            | PayoutPhase::Review
            | PayoutPhase::Queued
            | PayoutPhase::Intent
            | PayoutPhase::Cancelling
    ));
    let currency = Currency::try_new("USD").expect("a known currency");
    let blank = Payout {
        book: BookName::try_new("example").expect("a valid name"),
        payout_id: Uuid::from_u128(1),
        user: UserKey::try_new("example").expect("a valid key"),
        beneficiary_id: Uuid::from_u128(2),
        request_id: Uuid::from_u128(3),
        amount: Money::try_new(currency, 500).expect("a valid amount"),
        attempt: Attempt::of_before("us-rtp".to_owned()),
        rails_tried: String::new(),
        bearer: CostBearer::House,
        reviewed: false,
        returned_minor_units: 0,
        returnable_until_ms: 0,
        phase: PayoutPhase::Requested,
        state: PayoutState::Requested,
        version: 1,
        due_at_ms: NEVER_MS,
        claimed: false,
        attempts: 0,
        sends,
        sendings: Sendings::open(sends),
        shared: SharedMessages::default(),
        sent_at_ms: SENT_AT_MS,
        first_sent_at_ms: SENT_AT_MS,
        seen: false,
        step_key: Uuid::nil(),
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
        traceparent: String::new(),
        created_at_ms: 0,
        final_at_ms: 0,
    };
    blank.enter(phase, SENT_AT_MS)
}

#[cfg(test)]
mod tests;
