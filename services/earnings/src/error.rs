//! Every way a conversion fails, and what the caller is told.
use crate::wire::Unreadable;
use money::Money;
use std::time::Duration;
use tonic::{Code, Status};

/// When to try again while the ledger is away.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why there is no quote, no conversion, or no knowing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field is not of the form the contract asks for.
    #[error("{field}: {why}")]
    Malformed {
        /// The field's name as sent.
        field: &'static str,
        /// What it must be.
        why: String,
    },
    /// The id was used for something else.
    #[error("the id was used with other fields")]
    Reused {
        /// Names of the fields that differ.
        differing: Vec<String>,
    },
    /// A refusal given before under this id.
    #[error("{0}")]
    Again(Status),
    /// No such quote, or another user's.
    #[error("no such quote")]
    QuoteUnknown,
    /// Another acceptance used it.
    #[error("the quote was used")]
    QuoteUsed,
    /// Too late.
    #[error("the quote expired")]
    QuoteExpired,
    /// The rate card has no row for it today.
    #[error("no rate for {0}")]
    CurrencyUnsupported(String),
    /// Below the minimum, or nothing would be left of it.
    #[error("too small")]
    AmountTooSmall {
        /// The smallest gross amount.
        minimum: Money,
    },
    /// Not enough diamonds.
    #[error("not enough diamonds")]
    InsufficientFunds {
        /// Diamonds asked for.
        needed: String,
        /// Diamonds there are.
        available: String,
    },
    /// The ledger's answer is the caller's answer: reused or untimely id, frozen or closed account, unknown book, overload, unknown outcome.
    #[error("{0}")]
    Ledger(Status),
    /// The ledger isn't there; nothing happened. Its address is not the caller's business.
    #[error("{0}")]
    Unreachable(Status),
    /// The connection gave out; it may have happened.
    #[error("{0}")]
    OutcomeUnknown(Status),
    /// The ledger refused what only a mistake of ours can cause.
    #[error("the ledger: {0}")]
    Mistake(Status),
    /// The ledger answered something else than a conversion.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Our own tables.
    #[error("the earnings database")]
    Store(#[from] sqlx::Error),
}

impl Error {
    /// Reads a status of the ledger.
    #[must_use]
    pub fn from_ledger(status: Status) -> Self {
        let mut facts = rpc::facts(&status);
        let mut fact = |name: &str| facts.remove(name).unwrap_or_default();
        match rpc::reason(&status).as_deref() {
            Some("QUOTE_UNKNOWN") => Self::QuoteUnknown,
            Some("QUOTE_EXPIRED") => Self::QuoteExpired,
            Some("GUARD_MISMATCH") => Self::QuoteUsed,
            Some("INSUFFICIENT_FUNDS") => Self::InsufficientFunds { needed: fact("needed"), available: fact("available") },
            Some(
                "REQUEST_ID_REUSED" | "REQUEST_ID_TIME" | "ACCOUNT_FROZEN" | "ACCOUNT_CLOSED" | "OVERFLOW" | "BOOK_UNKNOWN" | "OVERLOADED"
                | "NOT_THE_WRITER" | "COMMIT_FAILED" | "OUTCOME_UNKNOWN" | "DEADLINE_EXCEEDED",
            ) => Self::Ledger(Status::with_details(status.code(), status.message(), status.details().to_vec().into())),
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

    /// True when the ledger may have posted all the same, so that nothing may be concluded from this error.
    #[must_use]
    pub fn leaves_outcome_open(&self) -> bool {
        match self {
            Self::OutcomeUnknown(_) | Self::Unreadable(_) | Self::Mistake(_) | Self::Store(_) => true,
            Self::Ledger(status) => matches!(rpc::reason(status).as_deref(), Some("OUTCOME_UNKNOWN" | "DEADLINE_EXCEEDED")),
            Self::Malformed { .. }
            | Self::Reused { .. }
            | Self::Again(_)
            | Self::QuoteUnknown
            | Self::QuoteUsed
            | Self::QuoteExpired
            | Self::CurrencyUnsupported(_)
            | Self::AmountTooSmall { .. }
            | Self::InsufficientFunds { .. }
            | Self::Unreachable(_) => false,
        }
    }
}

fn rule(reason: &'static str, why: &str, facts: &[(&str, String)]) -> Status {
    rpc::refused(Code::FailedPrecondition, reason, why.to_owned(), facts)
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error {
            Error::Malformed { field, why } => rpc::malformed(field, &why),
            Error::Reused { differing } => {
                let why = "this id was used with other fields; make a new one".to_owned();
                rpc::refused(Code::InvalidArgument, "REQUEST_ID_REUSED", why, &[("differing", differing.join(","))])
            }
            Error::QuoteUnknown => rpc::refused(Code::NotFound, "QUOTE_UNKNOWN", "no such quote".to_owned(), &[]),
            Error::QuoteUsed => rule("QUOTE_USED", "another acceptance has used this quote", &[]),
            Error::QuoteExpired => rule("QUOTE_EXPIRED", "too late; make a new quote", &[]),
            Error::CurrencyUnsupported(code) => rule("CURRENCY_UNSUPPORTED", "no rate for this currency today", &[("currency_code", code)]),
            Error::AmountTooSmall { minimum } => {
                rule("AMOUNT_TOO_SMALL", "below the minimum, or nothing would be left", &[("minimum", minimum.to_string())])
            }
            Error::InsufficientFunds { needed, available } => {
                let why = format!("{needed} diamonds needed, {available} available");
                rule("INSUFFICIENT_FUNDS", &why, &[("needed", needed), ("available", available)])
            }
            Error::Ledger(status) | Error::Again(status) => status,
            Error::Unreachable(status) => {
                tracing::warn!(message = status.message(), "the ledger is not reachable");
                rpc::overload(RETRY_AFTER)
            }
            Error::OutcomeUnknown(status) => {
                tracing::warn!(code = ?status.code(), message = status.message(), "the ledger's answer was lost");
                rpc::outcome_unknown("the ledger's answer was lost")
            }
            Error::Mistake(_) | Error::Unreadable(_) | Error::Store(_) => rpc::internal(&error),
        }
    }
}

#[cfg(test)]
mod tests;
