//! Every error of a conversion, and what the caller is answered.
use crate::wire::NotAConversion;
use chart::Unit;
use ledger_client::{LedgerReason, NotPosted};
use money::{Money, UserKey};
use rpc::StickyRefusal;
use std::time::Duration;
use tonic::{Code, Status};

/// The message for a refusal because of an account that is not the creator's.
const NOT_NOW: &str = "this can't be converted now; no diamonds were taken";
/// When to retry after other acceptances came first.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// Why there is no quote or conversion, or why the outcome is unknown.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field does not have the form that the contract requires.
    #[error("{field}: {why}")]
    Malformed {
        /// The field's name as sent.
        field: &'static str,
        /// What it must be.
        why: String,
    },
    /// Fields that are not of their form: the answer that names them all.
    #[error("{}", .0.message())]
    Violations(Box<Status>),
    /// The id was used for something else.
    #[error("the id was used with other fields")]
    Reused {
        /// Names of the fields that differ.
        differing: Vec<String>,
    },
    /// A refusal kept under this id.
    #[error("{0}")]
    Again(Status),
    /// No such quote, or another user's.
    #[error("no such quote")]
    QuoteUnknown,
    /// Staff asked about a user of whom nothing is known.
    #[error("nothing is known of this user")]
    UserUnknown(String),
    /// Another acceptance used it.
    #[error("the quote was used")]
    QuoteUsed,
    /// The quote expired before it was accepted.
    #[error("the quote expired")]
    QuoteExpired,
    /// A LIVE book, and the rates in force are the built-in ones, which are for TEST books. Not kept: the same request succeeds once a rate card is
    /// configured.
    #[error("the built-in rates are for TEST books")]
    ListBuiltIn,
    /// The rate card has no row for this currency today.
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
        /// Diamonds requested.
        needed: String,
        /// Diamonds available.
        available: String,
    },
    /// The ledger did not post it, or the outcome is unknown.
    #[error(transparent)]
    Ledger(NotPosted),
    /// The ledger did not execute this attempt, and an earlier one may have been posted.
    #[error("an earlier attempt may have been posted; this one was not: {0}")]
    EarlierAttempt(NotPosted),
    /// Others kept accepting the quote at the same moment. Nothing happened.
    #[error("too many acceptances of one quote at once")]
    Contended,
    /// The ledger's answer is not a conversion.
    #[error(transparent)]
    Unreadable(#[from] NotAConversion),
    /// The service's own tables failed.
    #[error("the earnings database")]
    Store(#[from] sqlx::Error),
}

impl From<NotPosted> for Error {
    /// The ledger's refusal as an error of a conversion.
    fn from(not_posted: NotPosted) -> Self {
        let Some(refusal) = not_posted.refusal() else { return Self::Ledger(not_posted) };
        match &refusal.reason {
            LedgerReason::Callers(reason) if reason == "QUOTE_UNKNOWN" => Self::QuoteUnknown,
            LedgerReason::Callers(reason) if reason == "QUOTE_EXPIRED" => Self::QuoteExpired,
            LedgerReason::GuardMismatch => Self::QuoteUsed,
            LedgerReason::InsufficientFunds => {
                Self::InsufficientFunds { needed: refusal.fact("needed"), available: refusal.fact("available") }
            }
            _ => Self::Ledger(not_posted),
        }
    }
}

impl Error {
    /// The ledger's answer to a conversion of this creator, who learns nothing of other accounts, such as the company's.
    #[must_use]
    pub fn of_conversion(not_posted: NotPosted, creator: &UserKey) -> Self {
        let of_another = not_posted.is_of_another(creator.as_str());
        let not_posted = not_posted.for_user(creator.as_str(), NOT_NOW);
        if of_another { Self::Ledger(not_posted) } else { not_posted.into() }
    }

    /// A rule's refusal, which is kept as the answer to a late duplicate of the request; `None` for errors that may soon pass.
    #[must_use]
    pub fn kept(&self) -> Option<StickyRefusal> {
        let rule = |reason, message: &str, facts: &[(&str, String)]| StickyRefusal::new(Code::FailedPrecondition, reason, message, facts);
        match self {
            Self::CurrencyUnsupported(code) => {
                Some(rule("CURRENCY_UNSUPPORTED", "no rate for this currency today", &[("currency_code", code.clone())]))
            }
            Self::AmountTooSmall { minimum } => {
                Some(rule("AMOUNT_TOO_SMALL", "below the minimum, or nothing would be left", &[("minimum", minimum.to_string())]))
            }
            Self::InsufficientFunds { needed, available } => {
                let message = format!("{} needed, {available} available", Unit::Diamond.fact_text(needed));
                Some(rule("INSUFFICIENT_FUNDS", &message, &[("needed", needed.clone()), ("available", available.clone())]))
            }
            Self::Malformed { .. }
            | Self::Violations(_)
            | Self::Reused { .. }
            | Self::Again(_)
            | Self::UserUnknown(_)
            | Self::QuoteUnknown
            | Self::QuoteUsed
            | Self::QuoteExpired
            | Self::ListBuiltIn
            | Self::Ledger(_)
            | Self::EarlierAttempt(_)
            | Self::Contended
            | Self::Unreadable(_)
            | Self::Store(_) => None,
        }
    }

    /// What this error proves about an acceptance that was sent to the ledger.
    #[must_use]
    pub fn proves(&self) -> Proven {
        match self {
            Self::Ledger(NotPosted::NotExecuted(..)) | Self::Contended => Proven::ThisAttemptWasNot,
            Self::Ledger(NotPosted::Unknown(_)) | Self::EarlierAttempt(_) | Self::Unreadable(_) | Self::Store(_) => Proven::Nothing,
            Self::Ledger(NotPosted::Refused(_))
            | Self::Malformed { .. }
            | Self::Violations(_)
            | Self::Reused { .. }
            | Self::Again(_)
            | Self::UserUnknown(_)
            | Self::QuoteUnknown
            | Self::QuoteUsed
            | Self::QuoteExpired
            | Self::ListBuiltIn
            | Self::CurrencyUnsupported(_)
            | Self::AmountTooSmall { .. }
            | Self::InsufficientFunds { .. } => Proven::NeverPosted,
        }
    }
}

/// Knowledge about an acceptance after an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proven {
    /// It was not posted, and under its id never will be.
    NeverPosted,
    /// This attempt was not executed; an earlier one may have been.
    ThisAttemptWasNot,
    /// It may have been posted.
    Nothing,
}

impl Error {
    /// The answer to the caller, with the quote that it named.
    #[must_use]
    pub fn of_quote(self, quote_id: &str) -> Status {
        let facts = [("quote_id", quote_id.to_owned())];
        match self {
            Self::QuoteUnknown => rpc::refused(Code::NotFound, "QUOTE_UNKNOWN", "no such quote".to_owned(), &facts),
            Self::QuoteUsed => rule("QUOTE_USED", "another acceptance has used this quote", &facts),
            Self::QuoteExpired => rule("QUOTE_EXPIRED", "too late; make a new quote", &facts),
            other => other.into(),
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
            Error::Violations(status) => *status,
            Error::Reused { differing } => rpc::errors::request_id_reused(&differing),
            Error::UserUnknown(user) => rpc::errors::user_unknown(&user),
            Error::QuoteUnknown | Error::QuoteUsed | Error::QuoteExpired => error.of_quote(""),
            Error::ListBuiltIn => {
                let why = "this LIVE book has no rates of its own yet, so nothing was quoted; its operator names a rate card (earnings.rate_card), and \
                           the same request is good after that";
                rule("LIST_BUILT_IN", why, &[])
            }
            Error::CurrencyUnsupported(_) | Error::AmountTooSmall { .. } | Error::InsufficientFunds { .. } => {
                error.kept().expect("rules are kept").status()
            }
            Error::Again(status) => status,
            Error::Ledger(not_posted) => not_posted.into(),
            Error::EarlierAttempt(not_posted) => {
                tracing::warn!(?not_posted, "an acceptance is not known to be posted");
                rpc::outcome_unknown("the conversion may have been posted; retry the same request to find out")
            }
            Error::Contended => rpc::overload(RETRY_AFTER),
            Error::Store(ref source) if db::is_passing(source) => rpc::errors::database_unreachable(&error),
            Error::Unreadable(_) | Error::Store(_) => rpc::internal(&error),
        }
    }
}

#[cfg(test)]
mod tests;
