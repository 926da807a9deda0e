//! What an answer of the ledger proves, decided once for all services; and which part of it a user may see.
//!
//! | answer | posted? | retry |
//! |---|---|---|
//! | `Ok` | yes, durably | the same id answers the same |
//! | [`NotPosted::Refused`] | no, and never under this id | fresh id or never, as [`LedgerReason::row`] says |
//! | [`NotPosted::NotExecuted`] | not by this call; perhaps by an earlier one with the same id | same id |
//! | [`NotPosted::Unknown`] | perhaps | same id |
//!
//! A status without one of our reasons comes from a transport or a proxy and proves nothing.
//!
//! A refusal because of somebody else's account, also one of the company's, never says to a user whose it is, what state it is in or how much it has: it has the
//! reason and no facts. That is so of every answer until a service has said who reads it: [`NotPosted::for_user`] or [`NotPosted::for_staff`].
use crate::reason::{Audience, LedgerReason, Proof, Retry};
use chart::Unit;
use rpc::StickyRefusal;
use std::{collections::HashMap, fmt, time::Duration};
use tonic::{Code, Status};

/// The fact of a refusal that names the account it is about.
const ACCOUNT: &str = "account";
/// What a reader learns of a refusal by an account that may not be named.
const NOT_BOOKED: &str = "this can't be booked now; nothing was moved";
/// The retry delay of a user while the ledger is unavailable.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The status as received, for logs only: it may name addresses, processes and tokens. Errors have it as their source, and never in their own text, which is stored
/// beside payments and shown to staff.
#[derive(Clone)]
pub struct Withheld(Box<Status>);

impl std::error::Error for Withheld {}

impl fmt::Display for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.0.code(), self.0.message())
    }
}

impl fmt::Debug for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What the reader of a refusal is shown of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ShownRefusal {
    /// The account, its state and its amounts.
    Facts,
    /// This sentence, if the refusal names an account.
    Instead(&'static str),
}

/// A refusal by one of the ledger's rules or the caller's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRefusal {
    /// The rule that refused.
    pub reason: LedgerReason,
    /// Its facts by name: accounts, amounts, times.
    pub facts: HashMap<String, String>,
    code: Code,
    shown: ShownRefusal,
}

impl LedgerRefusal {
    /// A fact of the refusal; empty if the ledger gave none.
    #[must_use]
    pub fn fact(&self, name: &str) -> String {
        self.facts.get(name).cloned().unwrap_or_default()
    }

    /// Whether a rule for users refused because of an account that is not this user's: another user's, or one of the company's.
    #[must_use]
    pub fn is_of_another(&self, user: &str) -> bool {
        let others = |account: &String| chart::account::owner(account) != Some(user);
        self.reason.row().audience == Audience::User && self.facts.get(ACCOUNT).is_some_and(others)
    }

    /// The refusal as a service stores it under its own caller's request id, and as its reader may see it. One that does not concern the user is logged, and stored as
    /// INTERNAL with the log's trace.
    #[must_use]
    pub fn kept(&self) -> StickyRefusal {
        match (self.reason.row().audience, self.shown) {
            (Audience::Service, _) => StickyRefusal::internal(&NotPosted::Refused(Box::new(self.clone()))),
            (Audience::User, ShownRefusal::Instead(sentence)) if self.facts.contains_key(ACCOUNT) => {
                tracing::warn!(refusal = %self, "refused because of an account that the caller is not shown");
                StickyRefusal::new(self.code, self.reason.name(), sentence, &[])
            }
            (Audience::User, ShownRefusal::Facts | ShownRefusal::Instead(_)) => {
                let facts: Vec<(&str, String)> = self.facts.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
                StickyRefusal::new(self.code, self.reason.name(), self.to_string(), &facts)
            }
        }
    }

    /// How the request may be retried.
    #[must_use]
    pub fn retry(&self) -> Retry {
        self.reason.row().retry
    }
}

/// The message: a sentence made of the reason and its facts.
impl fmt::Display for LedgerRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fact = |name: &str| self.facts.get(name).map_or("?", String::as_str);
        let amount = |name: &str| chart::account::fact_text(fact("account"), fact(name));
        match &self.reason {
            LedgerReason::InsufficientFunds => {
                write!(f, "{} needed, {} available in {}", amount("needed"), amount("available"), fact("account"))
            }
            LedgerReason::CoinsOwed => {
                let owed = Unit::Coin.fact_text(fact("owed"));
                write!(f, "the wallet owes {owed} for refunded purchases; nothing is spent until that is paid")
            }
            LedgerReason::LimitExceeded => {
                let (needed, used, limit) = (amount("needed"), amount("used"), amount("limit"));
                write!(f, "{needed} needed, {used} of {limit} used in this {}; it begins anew at {}", fact("window"), fact("resets_at"))
            }
            LedgerReason::AccountFrozen => write!(f, "{} is frozen", fact("account")),
            LedgerReason::AccountClosed => write!(f, "{} is closed", fact("account")),
            LedgerReason::RequestIdReused => write!(f, "request_id was used before with other values of {}", fact("differing")),
            LedgerReason::RequestIdTime => {
                f.write_str("request_id carries a time too far from the server's; make a new one, once the caller's clock is right")
            }
            LedgerReason::BookUnknown => f.write_str("no such book"),
            LedgerReason::Overflow => f.write_str("an amount or a counter would leave its range"),
            other => {
                f.write_str(other.name())?;
                let mut facts: Vec<_> = self.facts.iter().collect();
                facts.sort();
                facts.into_iter().try_for_each(|(name, value)| write!(f, ", {name} {value}"))
            }
        }
    }
}

/// Why there is no posting, as far as one answer proves it. Its text may be stored: it has the reason, and of a refusal the accounts and amounts.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotPosted {
    /// The ledger decided against it. Nothing moved, and under this id nothing will.
    #[error("the ledger refused: {0}")]
    Refused(Box<LedgerRefusal>),
    /// This call executed nothing; an earlier one with the same id may have. The reason is one of [`Proof::NotExecuted`].
    #[error("the ledger did not execute it: {}", .0.name())]
    NotExecuted(LedgerReason, #[source] Withheld),
    /// It may or may not have been posted. The same id finds out.
    #[error("the ledger's answer is not known")]
    Unknown(#[source] Withheld),
}

/// Classifies the status of a failed call; every status is one of the three.
#[must_use]
pub fn classify(status: Status) -> NotPosted {
    let reason = rpc::reason(&status).and_then(|name| LedgerReason::parse(&name, status.code()));
    let Some(reason) = reason else { return NotPosted::Unknown(Withheld(Box::new(status))) };
    match reason.row().proof {
        Proof::Refused => {
            let (facts, code, shown) = (rpc::facts(&status), status.code(), ShownRefusal::Instead(NOT_BOOKED));
            NotPosted::Refused(Box::new(LedgerRefusal { reason, facts, code, shown }))
        }
        Proof::NotExecuted => NotPosted::NotExecuted(reason, Withheld(Box::new(status))),
        Proof::Unknown => NotPosted::Unknown(Withheld(Box::new(status))),
    }
}

impl From<Status> for NotPosted {
    fn from(status: Status) -> Self {
        classify(status)
    }
}

impl NotPosted {
    /// No answer, or an unreadable one: it may have been posted.
    #[must_use]
    pub fn lost(what: &'static str) -> Self {
        Self::Unknown(Withheld(Box::new(Status::unavailable(what))))
    }

    /// The code of the status, for spans.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Refused(refusal) => refusal.code,
            Self::NotExecuted(_, status) | Self::Unknown(status) => status.0.code(),
        }
    }

    /// The refusal, if the ledger refused.
    #[must_use]
    pub fn refusal(&self) -> Option<&LedgerRefusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::NotExecuted(..) | Self::Unknown(_) => None,
        }
    }

    /// The answer as this user may read it: the account and its amounts only if it is the user's own. `instead`: the sentence for any other.
    #[must_use]
    pub fn for_user(self, user: &str, instead: &'static str) -> Self {
        let shown = if self.is_of_another(user) { ShownRefusal::Instead(instead) } else { ShownRefusal::Facts };
        self.showing(shown)
    }

    /// The answer as staff and services may read it, who see every account.
    #[must_use]
    pub fn for_staff(self) -> Self {
        self.showing(ShownRefusal::Facts)
    }

    fn showing(mut self, shown: ShownRefusal) -> Self {
        if let Self::Refused(refusal) = &mut self {
            refusal.shown = shown;
        }
        self
    }

    /// Whether a rule for users refused because of an account that is not this user's.
    #[must_use]
    pub fn is_of_another(&self, user: &str) -> bool {
        self.refusal().is_some_and(|refusal| refusal.is_of_another(user))
    }

    /// Why the request makes no progress, for this user and for staff: the reason, with the message if it names no account of others.
    /// [`LedgerReason::of_blocked_by`] reads it.
    #[must_use]
    pub fn blocked_by(&self, user: &str) -> String {
        match self {
            Self::Refused(refusal) => {
                let told = refusal.reason.row().audience == Audience::User && !refusal.is_of_another(user);
                if told { format!("{}: {refusal}", refusal.reason.name()) } else { refusal.reason.name().to_owned() }
            }
            Self::NotExecuted(reason, _) => reason.name().to_owned(),
            Self::Unknown(_) => LedgerReason::OutcomeUnknown.name().to_owned(),
        }
    }

    /// Whether it was refused because this account is closed, which is permanent.
    #[must_use]
    pub fn is_closed(&self, account: &str) -> bool {
        self.refusal().is_some_and(|refusal| refusal.reason == LedgerReason::AccountClosed && refusal.fact(ACCOUNT) == account)
    }

    /// Whether the journal is another one than the caller has read so far, as after a restore: it does not have the commit after which it was to be read.
    #[must_use]
    pub fn is_other_journal(&self) -> bool {
        let is_other = |reason: &LedgerReason| matches!(reason, LedgerReason::JournalDiverged | LedgerReason::JournalAhead);
        self.refusal().is_some_and(|refusal| is_other(&refusal.reason))
    }

    /// Whether it is open what this call, or an earlier one with the same id, did.
    #[must_use]
    pub fn leaves_outcome_open(&self) -> bool {
        match self {
            Self::Refused(_) => false,
            Self::NotExecuted(..) | Self::Unknown(_) => true,
        }
    }
}

/// The status for a user. It never has an address, process, transport error or detail of a service's token, and no account but the user's own.
impl From<NotPosted> for Status {
    fn from(not_posted: NotPosted) -> Self {
        match not_posted {
            NotPosted::Refused(refusal) => refusal.kept().status(),
            NotPosted::NotExecuted(reason, status) => not_executed(&reason, status),
            NotPosted::Unknown(status) => unknown(status),
        }
    }
}

fn not_executed(reason: &LedgerReason, status: Withheld) -> Status {
    let unavailable = |message: &str| rpc::errors::unavailable(reason.row().name, message, RETRY_AFTER);
    match reason {
        // It has only a retry delay.
        LedgerReason::Overloaded => Status::with_details(status.0.code(), status.0.message(), status.0.details().to_vec().into()),
        LedgerReason::NotTheWriter => unavailable("the ledger is moving to another process; the request was not executed, retry it"),
        LedgerReason::CommitFailed => unavailable("the ledger could not write; the request was not executed, retry it"),
        LedgerReason::PermissionDenied | LedgerReason::PosterNotAllowed | LedgerReason::ReasonRequired => {
            rpc::internal(&NotPosted::NotExecuted(reason.clone(), status))
        }
        _ => {
            tracing::warn!(reason = reason.name(), %status, "the ledger can't be reached");
            rpc::overload(RETRY_AFTER)
        }
    }
}

fn unknown(status: Withheld) -> Status {
    let is_reason = |reason: &LedgerReason| rpc::reason(&status.0).as_deref() == Some(reason.row().name);
    if is_reason(&LedgerReason::DeadlineExceeded) {
        return rpc::errors::deadline_exceeded("ledger");
    }
    match status.0.code() {
        Code::Unavailable | Code::Cancelled | Code::DeadlineExceeded | Code::Unknown | Code::Aborted => {
            tracing::warn!(%status, "the ledger's answer was lost");
            rpc::outcome_unknown("the ledger's answer was lost; retry the same request to find out")
        }
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
        | Code::Unauthenticated => rpc::internal(&NotPosted::Unknown(status)),
    }
}

#[cfg(test)]
mod tests;
