//! What a store withdraws for disputes and gives back, as it is posted: independently of what the disputes do to coins and revenue, which is a refund once they are
//! lost. No I/O, no clock.

use chart::PostingKind;
use chart::id::PlannedAttempt;
use money::{BookName, Currency};
use uuid::Uuid;

use crate::lots::revenue::SignedMoney;

/// A change of what is withdrawn for the disputes of a purchase. Amounts are minor units, less than nothing where they are given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeStep {
    /// The book.
    pub book: BookName,
    /// The purchase.
    pub purchase_id: Uuid,
    /// 1 and up.
    pub step_no: i64,
    /// Of the amounts.
    pub currency: Currency,
    /// What is withdrawn with this step.
    pub withdrawn: i64,
    /// What is charged with this step.
    pub fee: i64,
    /// What is withdrawn in all after it.
    pub withdrawn_total: i64,
    /// What is charged in all after it.
    pub fee_total: i64,
    /// Refusals of the ledger before it.
    pub attempt: i64,
    /// When it was planned last, in Unix milliseconds.
    pub planned_at_ms: i64,
    /// When it was planned first, in Unix milliseconds.
    pub created_at_ms: i64,
    /// How often it was tried in vain.
    pub tries: i64,
    /// The posting, once it is made.
    pub posting_id: String,
}

impl DisputeStep {
    /// Whether its numbers are such as postings can have.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        [self.withdrawn, self.fee].into_iter().all(|minor| SignedMoney::try_new(self.currency, minor).is_ok())
    }

    /// The request id of its posting.
    #[must_use]
    pub fn request(&self) -> Uuid {
        let planned = PlannedAttempt { number: self.step_no, attempt: self.attempt, planned_at_ms: self.planned_at_ms };
        chart::id::refund(&self.book, self.purchase_id, PostingKind::DisputeMoney, planned)
    }
}
