//! Every way a gift fails, and what the caller is told.
use crate::{
    domain::{Malformed, Refusal, Sending},
    wire::Unreadable,
};
use std::{collections::HashMap, time::Duration};
use tonic::{Code, Status};

/// When to try again while the ledger is away.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why a gift wasn't sent, or isn't known to be.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not a gift at all.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// Our own rule said no, now or at the first attempt.
    #[error("{}", .refusal.reason())]
    Refused {
        /// Which rule.
        refusal: Refusal,
        /// Catalogue number as sent.
        gift_id: i64,
    },
    /// A tap past the end of its streak.
    #[error("the streak ended")]
    StreakEnded {
        /// Taps that count, as far as the ledger said.
        cap: String,
        /// As sent.
        repeat_count: i32,
    },
    /// Not enough coins.
    #[error("not enough coins")]
    InsufficientFunds {
        /// Coins it takes.
        needed: String,
        /// Coins there are.
        available: String,
    },
    /// The ledger's answer is the caller's answer: reused or untimely id, frozen or closed account, overflow, unknown book, overload, unknown outcome.
    #[error("{0}")]
    Ledger(Status),
    /// The ledger isn't there; nothing happened. Its address is not the caller's business.
    #[error("{0}")]
    Unreachable(Status),
    /// The connection gave out; the gift may have been sent.
    #[error("{0}")]
    OutcomeUnknown(Status),
    /// The ledger refused what only a mistake of ours can cause.
    #[error("the ledger: {0}")]
    Mistake(Status),
    /// The ledger answered something else than a gift.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl Error {
    /// Reads a status of the ledger's Post.
    #[must_use]
    pub fn from_ledger(status: Status, sending: &Sending<'_>) -> Self {
        let facts = rpc::facts(&status);
        match rpc::reason(&status).as_deref() {
            Some("GIFT_UNKNOWN") => Self::Refused { refusal: Refusal::GiftUnknown, gift_id: sending.gift_id },
            Some("GIFT_NOT_STREAKABLE") => Self::Refused { refusal: Refusal::GiftNotStreakable, gift_id: sending.gift_id },
            Some("GUARD_CAPPED") => {
                Self::StreakEnded { cap: fact(facts, "cap"), repeat_count: sending.tap.map_or(0, |tap| tap.repeat_count) }
            }
            Some("INSUFFICIENT_FUNDS") => {
                Self::InsufficientFunds { needed: fact(facts.clone(), "needed"), available: fact(facts, "available") }
            }
            Some(
                "REQUEST_ID_REUSED" | "REQUEST_ID_TIME" | "ACCOUNT_FROZEN" | "ACCOUNT_CLOSED" | "OVERFLOW" | "BOOK_UNKNOWN" | "OVERLOADED"
                | "NOT_THE_WRITER" | "COMMIT_FAILED" | "OUTCOME_UNKNOWN" | "DEADLINE_EXCEEDED",
            ) => Self::Ledger(without_metadata(&status)),
            Some("PEER_UNREACHABLE") => Self::Unreachable(status),
            Some(_) => Self::Mistake(status),
            None => Self::from_code(status),
        }
    }

    /// A status without a reason comes from the transport, not from the ledger's rules.
    fn from_code(status: Status) -> Self {
        match status.code() {
            Code::Unavailable | Code::Cancelled | Code::DeadlineExceeded | Code::Unknown | Code::Aborted => Self::OutcomeUnknown(status),
            Code::Ok
            | Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::ResourceExhausted
            | Code::FailedPrecondition
            | Code::OutOfRange
            | Code::Unimplemented
            | Code::Internal
            | Code::DataLoss
            | Code::Unauthenticated => Self::Mistake(status),
        }
    }
}

fn fact(mut facts: HashMap<String, String>, name: &str) -> String {
    facts.remove(name).unwrap_or_default()
}

/// The other side's headers are not ours to repeat.
fn without_metadata(status: &Status) -> Status {
    Status::with_details(status.code(), status.message(), status.details().to_vec().into())
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error {
            Error::Malformed(malformed) => rpc::malformed(malformed.field, malformed.why),
            Error::Refused { refusal, gift_id } => {
                let why = match refusal {
                    Refusal::GiftUnknown => "no such gift is on sale",
                    Refusal::GiftNotStreakable => "this gift is sent one by one, without a streak",
                };
                rpc::refused(Code::FailedPrecondition, refusal.reason(), why.to_owned(), &[("gift_id", gift_id.to_string())])
            }
            Error::StreakEnded { cap, repeat_count } => {
                let why = format!("the streak ended at {cap} taps, this is tap {repeat_count}");
                rpc::refused(Code::FailedPrecondition, "STREAK_ENDED", why, &[("cap", cap), ("repeat_count", repeat_count.to_string())])
            }
            Error::InsufficientFunds { needed, available } => {
                let why = format!("{needed} coins needed, {available} available");
                rpc::refused(Code::FailedPrecondition, "INSUFFICIENT_FUNDS", why, &[("needed", needed), ("available", available)])
            }
            Error::Ledger(status) => status,
            Error::Unreachable(status) => {
                tracing::warn!(message = status.message(), "the ledger is not reachable");
                rpc::overload(RETRY_AFTER)
            }
            Error::OutcomeUnknown(status) => {
                tracing::warn!(code = ?status.code(), message = status.message(), "the ledger's answer was lost");
                rpc::outcome_unknown("the ledger's answer was lost")
            }
            Error::Mistake(_) | Error::Unreadable(_) => rpc::internal(&error),
        }
    }
}

#[cfg(test)]
mod tests;
