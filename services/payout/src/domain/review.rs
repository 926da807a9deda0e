//! What a payout waits for before it is sent, and what was found of it.

use money::derive_id;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

money::named! {
    /// Why a payout waits.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub enum ReviewKind {
        /// The holder's name resembles a listed one, or can't be compared.
        Screening = "screening",
        /// The amount is above the threshold.
        Approval = "approval",
        /// The amount is above the tier's limit for one payout.
        Limit = "limit",
        /// The tier's limit within a window is exceeded.
        Velocity = "velocity",
        /// The first payout to an account waits for a time.
        FirstPayout = "first_payout",
        /// The bank does not say that the account is the holder's.
        Payee = "payee",
    }
}

impl ReviewKind {
    /// Id of a payout's review of this kind.
    #[must_use]
    pub fn review_id(self, payout_id: Uuid) -> Uuid {
        derive_id(payout_id, &["review", self.name()])
    }
}

money::named! {
    /// How a review stands.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum ReviewStanding {
        /// It waits.
        Open = "open",
        /// Cleared, approved, or its time is over.
        Passed = "passed",
        /// Refused, or a true match.
        Failed = "failed",
    }
}

/// Something that a payout waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewNeed {
    /// Why the payout waits.
    pub kind: ReviewKind,
    /// What was found: in words, for a screening as JSON.
    pub finding: String,
    /// When it ends by itself, in Unix milliseconds; 0: it does not.
    pub ends_at_ms: i64,
}

impl ReviewNeed {
    /// One that does not end by itself.
    #[must_use]
    pub fn of(kind: ReviewKind, finding: String) -> Self {
        Self { kind, finding, ends_at_ms: 0 }
    }
}

/// What a creator requested before this payout, within a window that ends with it: in the same currency, and not given back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WindowSum {
    /// Minor units, without this payout.
    pub minor_units: i128,
    /// Payouts, without this one.
    pub payouts: u32,
}

/// An entry that a name resembles and that nobody has cleared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenHit {
    /// The list.
    pub list: String,
    /// The day of its edition.
    pub edition: String,
    /// The entry; 0: the name can't be compared with the list.
    pub entry: u32,
    /// Digest of the entry as it was.
    pub entry_digest: String,
    /// The listed name.
    pub name: String,
    /// The score, in thousandths.
    pub score: u32,
    /// Who should look.
    pub band: String,
    /// The entry's programs.
    pub programs: Vec<String>,
    /// Whether a payment to it is refused and not blocked.
    pub is_rejected: bool,
}

/// What a screening found of a name, as it is stored with the review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreeningFinding {
    /// Keyed digest of what was screened.
    pub subject_digest: String,
    /// The hits.
    pub hits: Vec<OpenHit>,
}

/// A hit that a person cleared, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClearedHit {
    /// The list.
    pub list: String,
    /// The entry; 0: the name could not be compared.
    pub entry: u32,
    /// Digest of the entry as it was.
    pub entry_digest: String,
    /// Keyed digest of what was screened.
    pub subject_digest: String,
}

#[cfg(test)]
mod tests;
