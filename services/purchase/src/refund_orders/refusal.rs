//! Why a refund is not started, as callers see it.

use tonic::{Code, Status};
use uuid::Uuid;

/// Why there is no refund. None of them is kept under the request id: what is in the way may be gone later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundRefusal {
    /// An app store sold the coins, and only its buyer can ask it.
    ByStore,
    /// The coins of the purchase are not issued.
    NotYet,
    /// No right of withdrawal in its market on the day of the purchase.
    NotOffered,
    /// The right of withdrawal has ended.
    TooLate {
        /// After how many days.
        days: u32,
    },
    /// The account that was paid is no longer configured.
    NoAccount,
    /// More than the coins that were not spent are worth.
    Spent {
        /// So much at most.
        minor_units_max: i64,
    },
    /// More than is left of the price.
    Exceeds {
        /// So much at most.
        minor_units_max: i64,
    },
    /// What the store says of earlier refunds can't be applied.
    Contradicted(String),
    /// This store pays back no parts.
    WholeOnly,
    /// Another refund of the purchase has not ended.
    Open(Uuid),
    /// No such refund, or not the caller's.
    Unknown(String),
    /// It waits for nobody.
    Decided,
    /// Another person must do it.
    SamePerson,
}

impl RefundRefusal {
    fn code_and_reason(&self) -> (Code, &'static str) {
        match self {
            Self::ByStore => (Code::FailedPrecondition, "REFUND_BY_STORE"),
            Self::NotYet => (Code::FailedPrecondition, "REFUND_NOT_YET"),
            Self::NotOffered => (Code::FailedPrecondition, "REFUND_NOT_OFFERED"),
            Self::TooLate { .. } => (Code::FailedPrecondition, "REFUND_TOO_LATE"),
            Self::NoAccount => (Code::FailedPrecondition, "STORE_NOT_OFFERED"),
            Self::Spent { .. } => (Code::FailedPrecondition, "REFUND_SPENT"),
            Self::Exceeds { .. } => (Code::FailedPrecondition, "REFUND_EXCEEDS"),
            Self::Contradicted(_) => (Code::FailedPrecondition, "REFUND_CONTRADICTED"),
            Self::WholeOnly => (Code::FailedPrecondition, "REFUND_WHOLE_ONLY"),
            Self::Open(_) => (Code::FailedPrecondition, "REFUND_OPEN"),
            Self::Unknown(_) => (Code::NotFound, "REFUND_UNKNOWN"),
            Self::Decided => (Code::FailedPrecondition, "REFUND_DECIDED"),
            Self::SamePerson => (Code::FailedPrecondition, "SAME_PERSON"),
        }
    }

    fn message(&self) -> String {
        match self {
            Self::ByStore => "an app store sold these coins and pays back itself; nothing was done, the buyer asks the store".to_owned(),
            Self::NotYet => "the coins of this purchase are not issued, so nothing was done; ask again once they are, or ask support".to_owned(),
            Self::NotOffered => "there is no right of withdrawal for this purchase; nothing was done, support may decide otherwise".to_owned(),
            Self::TooLate { days } => {
                format!("the right of withdrawal ended {days} days after the purchase; nothing was done, support may decide otherwise")
            }
            Self::NoAccount => {
                "the account that was paid for this purchase is no longer configured; nothing was done, and the same request is good once it is".to_owned()
            }
            Self::Spent { minor_units_max } => {
                format!("coins of this purchase were spent: at most {minor_units_max} minor units can be paid back; nothing was done")
            }
            Self::Exceeds { minor_units_max } => {
                format!("only {minor_units_max} minor units of the price are left to pay back; nothing was done")
            }
            Self::Contradicted(what) => format!("what the store says of earlier refunds needs a person ({what}); nothing was done"),
            Self::WholeOnly => "this store pays back all that is left of a purchase, and no part of it; nothing was done".to_owned(),
            Self::Open(_) => "another refund of this purchase has not ended; nothing was done, ask again once it has".to_owned(),
            Self::Unknown(_) => "no such refund".to_owned(),
            Self::Decided => "the refund waits for nobody's decision; nothing was changed".to_owned(),
            Self::SamePerson => {
                "another person must do this: you asked for the refund, or it is your own purchase; nothing was changed".to_owned()
            }
        }
    }

    fn facts(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Spent { minor_units_max } | Self::Exceeds { minor_units_max } => Some(("minor_units_max", minor_units_max.to_string())),
            Self::Open(refund_id) => Some(("refund_id", refund_id.to_string())),
            Self::Unknown(refund_id) => Some(("refund_id", refund_id.clone())),
            Self::TooLate { days } => Some(("days", days.to_string())),
            Self::ByStore
            | Self::NotYet
            | Self::NotOffered
            | Self::NoAccount
            | Self::Contradicted(_)
            | Self::WholeOnly
            | Self::Decided
            | Self::SamePerson => None,
        }
    }
}

impl From<RefundRefusal> for Status {
    fn from(refusal: RefundRefusal) -> Self {
        let (code, reason) = refusal.code_and_reason();
        let facts: Vec<(&str, String)> = refusal.facts().into_iter().collect();
        rpc::refused(code, reason, refusal.message(), &facts)
    }
}
