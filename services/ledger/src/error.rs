//! Every error of the ledger, and the one table to gRPC.

use crate::{domain::refusal::KeptRefusal, posters::refusal::PosterRefusal, read::PageError, store};
use chart::Unit;
use money::UntimelyId;
use std::time::Duration;
use tonic::{Code, Status};
use uuid::Uuid;

/// Milliseconds after which a caller that got OVERLOADED may retry.
const RETRY_DELAY_MS: u64 = 50;

/// Why the ledger did not execute or answer a request.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is not well formed.
    #[error("{field}: {why}")]
    Malformed {
        /// The field's path.
        field: &'static str,
        /// What it must be.
        why: String,
    },
    /// Several fields are not of their form, or one of several that were read together: the answer that names them.
    #[error("{}", .0.message())]
    Violations(Box<Status>),
    /// The id was used with other fields.
    #[error("request_id was used before with other values of {}", .differing.join(", "))]
    RequestIdReused {
        /// Names of the fields that differ.
        differing: Vec<String>,
    },
    /// The id's own time is ahead of the clock, or so old that an earlier answer may have been deleted.
    #[error("{0}")]
    RequestIdTime(UntimelyId),
    /// Refused by a rule; the refusal is kept under the id.
    #[error("{}", .0.reason)]
    Refused(KeptRefusal),
    /// The caller's service may not post that. Nothing happened.
    #[error("{0}")]
    PosterNotAllowed(Box<PosterRefusal>),
    /// The posting to be reversed is a step of a service that would continue as if it were still in force. Nothing happened.
    #[error("{posting} is a {kind} posting and is not reversed by hand, so nothing was executed: {instead}")]
    NotReversible {
        /// The posting.
        posting: Uuid,
        /// Its kind.
        kind: String,
        /// What to do instead.
        instead: &'static str,
    },
    /// No such book.
    #[error("no book {0}")]
    BookUnknown(String),
    /// The book exists with another mode or region.
    #[error("book {0} exists with another mode or region")]
    BookExists(String),
    /// No such account.
    #[error("no account {0}")]
    AccountUnknown(String),
    /// No such posting.
    #[error("no posting {0}")]
    PostingUnknown(String),
    /// No posting was made by the request with this id.
    #[error("no posting was made by request {0}, at least not by this sender; MonitorService.Find shows whether it was refused")]
    NotPostedBy(String),
    /// An import of a posting that this book made itself.
    #[error("posting {0} is in this book already, under its own id; it was not posted again")]
    PostingExists(String),
    /// Not a page token of this list.
    #[error("page_token is not one of this list")]
    PageToken,
    /// The journal does not have the commit that a watcher wants to resume after.
    #[error("the journal is not the one that was watched: it does not hold that commit")]
    JournalDiverged,
    /// The event is more than one past the journal's last.
    #[error("the journal ends with event {last_seq}")]
    JournalAhead {
        /// The last event.
        last_seq: i64,
    },
    /// Too many requests are waiting. Nothing happened.
    #[error("too many requests wait")]
    Overload,
    /// Another process is the writer. Nothing happened.
    #[error("another process writes the books; the request was not executed, send it to that process")]
    NotTheWriter(String),
    /// A newer program wrote to the book. Nothing happened.
    #[error("this program is too old for the book: {0}")]
    TooNew(String),
    /// The commit certainly failed. Nothing happened.
    #[error("the commit failed, nothing was written")]
    CommitFailed,
    /// The process is stopping and opens no book. Nothing happened.
    #[error("the process is about to end; nothing was executed, retry")]
    Stopping,
    /// The process is stopping before the outcome is known.
    #[error("the outcome is not known yet; retry with the same request_id")]
    OutcomeUnknown,
    /// The store can't be read.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl From<PageError> for Error {
    fn from(error: PageError) -> Self {
        match error {
            PageError::Place => Self::PageToken,
            PageError::Store(error) => Self::Store(error),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let delay = Duration::from_millis(RETRY_DELAY_MS);
        match error {
            Error::Malformed { field, why } => rpc::malformed(field, &why),
            Error::Violations(status) => *status,
            Error::RequestIdReused { differing } => {
                let differing = rpc::errors::named(&differing);
                let message = format!("request_id was used before with other values of {}", differing.join(", "));
                rpc::refused(Code::InvalidArgument, "REQUEST_ID_REUSED", message, &[("differing", differing.join(","))])
            }
            Error::RequestIdTime(untimely) => rpc::errors::request_id_time(&untimely),
            Error::Refused(told) => refused(&told),
            Error::PosterNotAllowed(refusal) => rpc::refused(Code::PermissionDenied, "POSTER_NOT_ALLOWED", message, &refusal.facts()),
            Error::NotReversible { posting, kind, .. } => {
                let facts = [("posting_id", posting.to_string()), ("kind", kind)];
                rpc::refused(Code::FailedPrecondition, "NOT_REVERSIBLE", message, &facts)
            }
            Error::BookUnknown(book) => rpc::refused(Code::NotFound, "BOOK_UNKNOWN", message, &[("book", book)]),
            Error::BookExists(book) => rpc::refused(Code::FailedPrecondition, "BOOK_EXISTS", message, &[("book", book)]),
            Error::AccountUnknown(account) => rpc::refused(Code::NotFound, "ACCOUNT_UNKNOWN", message, &[("account", account)]),
            Error::PostingUnknown(posting) => rpc::refused(Code::NotFound, "POSTING_UNKNOWN", message, &[("posting_id", posting)]),
            Error::NotPostedBy(request) => rpc::refused(Code::NotFound, "POSTING_UNKNOWN", message, &[("request_id", request)]),
            Error::PostingExists(posting) => rpc::refused(Code::FailedPrecondition, "POSTING_EXISTS", message, &[("posting_id", posting)]),
            Error::PageToken => rpc::errors::page_token(),
            Error::JournalDiverged => rpc::refused(Code::FailedPrecondition, "JOURNAL_DIVERGED", message, &[]),
            Error::JournalAhead { last_seq } => {
                rpc::refused(Code::OutOfRange, "JOURNAL_AHEAD", message, &[("last_seq", last_seq.to_string())])
            }
            Error::Overload => rpc::overload(delay),
            Error::NotTheWriter(owner) => rpc::refused(Code::Unavailable, "NOT_THE_WRITER", message, &[("writer", owner)]),
            Error::TooNew(_) => rpc::refused(Code::Unavailable, "FORMAT_TOO_NEW", message, &[]),
            Error::CommitFailed => rpc::refused(Code::Unavailable, "COMMIT_FAILED", message, &[]),
            Error::Stopping => rpc::refused(Code::Unavailable, "SHUTTING_DOWN", message, &[]),
            Error::OutcomeUnknown => rpc::outcome_unknown(message),
            Error::Store(source) if source.is_passing() => rpc::errors::database_unreachable(&source),
            Error::Store(source) => rpc::internal(&source),
        }
    }
}

/// The message of a refusal: its reason and its facts.
pub(crate) fn refusal_message(told: &KeptRefusal) -> String {
    let fact = |name: &str| told.facts.iter().find(|(key, _)| key == name).map_or("?", |(_, value)| value.as_str());
    let amount = |name: &str| chart::account::fact_text(fact("account"), fact(name));
    match told.reason.as_str() {
        "COINS_OWED" => format!(
            "{} of refunded purchases must be paid back first; until then nothing is spent and the wallet is not closed",
            Unit::Coin.fact_text(fact("owed"))
        ),
        "INSUFFICIENT_FUNDS" => format!("{} needed, {} available in {}", amount("needed"), amount("available"), fact("account")),
        // Refusals kept by older programs have fewer facts.
        "EXPIRY_OUT_OF_RANGE" if fact("ledger_time") != "?" => {
            format!("a hold must end after {}, which is the ledger's time, and not later than {}", fact("ledger_time"), fact("latest"))
        }
        "ACCOUNT_FROZEN" => format!("{} is frozen", fact("account")),
        "ACCOUNT_CLOSED" => format!("{} is closed", fact("account")),
        "HOUSE_ACCOUNT" => format!("{} is the company's and is never closed; nothing was changed; freeze it instead", fact("account")),
        "ACCOUNT_NOT_EMPTY" => format!(
            "{} holds {}, and open holds will take {} and bring {}; it was not closed; move or resolve that first",
            fact("account"),
            amount("balance"),
            amount("debits_pending"),
            amount("credits_pending")
        ),
        "ACCOUNT_IN_FLIGHT" => format!(
            "{} payments of {} are in flight and may come back to it; it was not closed; freeze it, and close it when they have ended",
            fact("in_flight"),
            fact("account")
        ),
        "GUARD_MISMATCH" => format!("{} holds {}, not {}", fact("guard"), fact("actual"), fact("expected")),
        "GUARD_CAPPED" => format!("{} ends at {}, {} was asked", fact("guard"), fact("cap"), fact("wanted")),
        _ => told.facts.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", "),
    }
}

/// The gRPC code of a kept refusal.
pub(crate) fn refusal_code(reason: &str) -> Code {
    match reason {
        "POSTING_UNKNOWN" | "PENDING_UNKNOWN" | "ACCOUNT_UNKNOWN" => Code::NotFound,
        _ => Code::FailedPrecondition,
    }
}

fn refused(told: &KeptRefusal) -> Status {
    let facts: Vec<(&str, String)> = told.facts.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    rpc::errors::refused_as(refusal_code(&told.reason), &told.reason, &refusal_message(told), &facts)
}

#[cfg(test)]
mod tests;
