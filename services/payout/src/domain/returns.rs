//! Money that comes back after a payout was paid: what a credit of the bank is, and whether it may be booked. No clock and no I/O.

use super::{Payout, PayoutPhase};
use bankfiles::nacha::ReturnOwner;
use chart::PostingKind;
use iso20022::codes::handling::{CodeAdvice, CodeList, CodeOwner};
use money::{BookName, Money, derive_id};
use uuid::Uuid;

/// A credit on one of our accounts that brings money back, or may: as a statement or a notification has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankCredit {
    /// Where it is in the message, from 0: the number of its entry.
    pub place: usize,
    /// The bank's reference of the booking, the same in every message that has it.
    pub bank_reference: String,
    /// `EndToEndId`: of the payment that came back, or of a new payment. Empty: it has none.
    pub end_to_end_id: String,
    /// What arrived on our account.
    pub amount: Money,
    /// What the returning bank kept besides, in minor units, 0 or more.
    pub charge_minor_units: i64,
    /// The bank says that it is a return (`RtrInf`).
    pub is_return: bool,
    /// Code of the reason, or nothing.
    pub code: String,
    /// Day on which it counts, or nothing.
    pub value_date: String,
    /// When it was booked, in Unix milliseconds; 0: not stated.
    pub booked_at_ms: i64,
}

money::named! {
    /// What became of money that came back.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum ReturnState {
        /// Announced by a callback, and in no statement yet: information.
        Announced = "announced",
        /// In a statement, of this payout. Next step: post it, once the payout is paid in our records too.
        Matched = "matched",
        /// Posted. Final.
        Booked = "booked",
        /// It can't be what it says. Nothing is posted; people decide.
        Unexpected = "unexpected",
        /// It names no payment of ours. Nothing is posted; a recall's answer may name it later.
        Unmatched = "unmatched",
    }
}

/// A return as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutReturn {
    /// Derived from bank, account and the bank's reference.
    pub return_id: Uuid,
    /// The payout, with its book; none where it names no payment of ours.
    pub of: Option<(BookName, Uuid)>,
    /// The attempt that came back; 0: not known.
    pub attempt_no: i64,
    /// Our bank's name.
    pub bank: String,
    /// Our account's id at the bank.
    pub bank_account: String,
    /// The credit.
    pub credit: BankCredit,
    /// The part of the charge that we bear, in minor units.
    pub charge_borne_minor_units: i64,
    /// When we first read of it, in Unix milliseconds.
    pub found_at_ms: i64,
    /// What became of it.
    pub state: ReturnState,
    /// Why it is not booked, for staff.
    pub why: String,
    /// Its money goes to suspense, since the creator's account is closed.
    pub suspended: bool,
    /// The posting's request id follows from it.
    pub step_key: Uuid,
    /// The posting, once there is one.
    pub posting_id: String,
    /// Tries since it was matched.
    pub tries: i64,
    /// When it is due next, in Unix milliseconds.
    pub due_at_ms: i64,
    /// Incremented by every write.
    pub version: i64,
}

impl PayoutReturn {
    /// The id of a booking of a bank on one of our accounts.
    #[must_use]
    pub fn id(bank: &str, bank_account: &str, credit: &BankCredit) -> Uuid {
        let currency = credit.amount.currency();
        derive_id(Uuid::nil(), &["payout.return", bank, bank_account, currency.code(), &credit.bank_reference])
    }

    /// What the payment lost, in minor units: what arrived, and what the returning bank kept.
    #[must_use]
    pub fn gross_minor_units(&self) -> i64 {
        self.credit.amount.minor_units().saturating_add(self.credit.charge_minor_units)
    }

    /// Whether the creator is shown it: what is no return of theirs, or not sure to be one, is for staff.
    #[must_use]
    pub fn is_shown_to_creators(&self) -> bool {
        matches!(self.state, ReturnState::Announced | ReturnState::Matched | ReturnState::Booked)
    }

    /// The key of the first try: from the bank's reference and the time of the booking alone, so that even a statement that is read into a restored database
    /// finds the posting. Later tries, after a refusal, which is kept under the first id, have keys of their own.
    #[must_use]
    pub fn key(&self, now_ms: i64) -> Uuid {
        let at_ms = if self.tries == 0 && self.credit.booked_at_ms > 0 { self.credit.booked_at_ms.min(now_ms) } else { now_ms };
        chart::id::payout_step_key(self.return_id, "return", self.tries, at_ms)
    }

    /// Request id of its posting.
    #[must_use]
    pub fn post_id(&self) -> Uuid {
        chart::id::payout_step(self.step_key, PostingKind::PayoutReturn)
    }
}

/// What is known of the payout that a return names.
#[derive(Debug, Clone, Copy)]
pub struct ReturnedPayout<'a> {
    /// The payout.
    pub payout: &'a Payout,
    /// The attempt that the credit names is the last one.
    pub is_last_attempt: bool,
    /// What came back before, in minor units, without this return.
    pub returned_minor_units: i64,
}

/// What a booked credit is: a return to book, or why not.
#[must_use]
pub fn judge_return(back: &PayoutReturn, of: Option<ReturnedPayout<'_>>) -> (ReturnState, String) {
    let no = |why: String| (ReturnState::Unexpected, why);
    let Some(ReturnedPayout { payout, is_last_attempt, returned_minor_units }) = of else {
        return (ReturnState::Unmatched, "it names no payment of ours".to_owned());
    };
    if !payout.attempt.bank.is_empty() && payout.attempt.bank != back.bank {
        return no(format!("the payout was paid by the bank {}", payout.attempt.bank));
    }
    if payout.amount.currency() != back.credit.amount.currency() {
        return no(format!("the payout was paid in {}", payout.amount.currency()));
    }
    if !payout.attempt.bank_account.is_empty() && payout.attempt.bank_account != back.bank_account {
        return no(format!("the payout was paid from the account {}", payout.attempt.bank_account));
    }
    if !is_last_attempt {
        return no("the attempt that it names was not paid".to_owned());
    }
    let left = payout.amount_sent().minor_units() - returned_minor_units;
    if back.credit.amount.minor_units() < 1 || back.gross_minor_units() > left {
        return no(format!("{} came back, and at most {left} minor units can", back.gross_minor_units()));
    }
    match payout.phase {
        PayoutPhase::Settled | PayoutPhase::Returnable | PayoutPhase::Settling => (ReturnState::Matched, String::new()),
        PayoutPhase::Intent | PayoutPhase::Sent | PayoutPhase::Accepted | PayoutPhase::Unknown => {
            (ReturnState::Matched, "it is booked once the payout is settled".to_owned())
        }
        PayoutPhase::Requested
        | PayoutPhase::Refused
        | PayoutPhase::Held
        | PayoutPhase::Returning
        | PayoutPhase::Suspending
        | PayoutPhase::Rejected
        | PayoutPhase::Review
        | PayoutPhase::Queued
        | PayoutPhase::Cancelling
        | PayoutPhase::Cancelled
        | PayoutPhase::Blocking
        | PayoutPhase::Blocked
        | PayoutPhase::Unblocking
        | PayoutPhase::Unblocked => no(format!("in our records the payout was not paid ({})", payout.phase.name())),
    }
}

/// What the code of a return asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnAdvice {
    /// Who acts next: `creator`, `operations` or `bank`.
    pub owner: &'static str,
    /// What they do.
    pub next_step: &'static str,
    /// One sentence for the person paid.
    pub payee_text: &'static str,
}

impl ReturnAdvice {
    /// Of a code as a bank gave it: an ACH return code such as `R03`, else a code of `ExternalReturnReason1Code`.
    #[must_use]
    pub fn of(code: &str) -> Self {
        if let Some(ach) = bankfiles::nacha::return_code(code) {
            // A code that credits never get, and one for compliance, go to the same people.
            let owner = match ach.owner {
                ReturnOwner::Creator => CodeOwner::Creator,
                ReturnOwner::Operations | ReturnOwner::Compliance | ReturnOwner::Nobody => CodeOwner::Operations,
                ReturnOwner::Bank => CodeOwner::Bank,
            };
            return Self { owner: owner.word(), next_step: ach.next_step, payee_text: ach.words };
        }
        let advice = CodeAdvice::of(CodeList::ReturnReason, code);
        Self { owner: advice.owner.word(), next_step: advice.next_step, payee_text: advice.payee_text }
    }
}

#[cfg(test)]
mod tests;
