//! Every reason the ledger and the layers in front of it give, with what it proves and how the caller may retry.
use tonic::Code;

/// What an answer with a reason proves about the requested posting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// The ledger decided against it. Nothing moved, and under this id nothing ever will while the refusal is kept.
    Refused,
    /// This call executed nothing. An earlier call with the same id may have.
    NotExecuted,
    /// It may or may not have been posted.
    Unknown,
}

/// How a caller may retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// With the same id, which finds out what happened.
    SameId,
    /// With a fresh id, once the obstacle is gone: the old id keeps its answer.
    FreshId,
    /// Not at all: the same request will never be posted.
    Never,
}

/// Who can fix the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The user whose request led to the posting; the reason is shown unchanged.
    User,
    /// The calling service: its own mistake, or a reason that it has to translate. A user sees INTERNAL.
    Service,
}

/// A reason of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LedgerReason {
    /// A rule of the calling service, stored by the ledger under the id.
    Callers(String),
    /// A field is malformed.
    Malformed,
    /// The id was used with other fields.
    RequestIdReused,
    /// The id's time is too far from now, and nothing was posted under it.
    RequestIdTime,
    /// No such book.
    BookUnknown,
    /// The book exists with another mode or region.
    BookExists,
    /// A hold's expiry is out of range.
    ExpiryOutOfRange,
    /// A hold on money for a bank must not expire.
    ExpiryForbidden,
    /// No such hold.
    PendingUnknown,
    /// The hold was posted or voided before.
    PendingResolved,
    /// The hold has expired.
    PendingExpired,
    /// More than the hold has.
    PendingExceeded,
    /// No such posting.
    PostingUnknown,
    /// In the book already, under its own id; imports only.
    PostingExists,
    /// The posting was reversed before.
    AlreadyReversed,
    /// The posting is not of a kind that can be reversed.
    NotReversible,
    /// No such account.
    AccountUnknown,
    /// The account is frozen.
    AccountFrozen,
    /// The account is closed.
    AccountClosed,
    /// The company's own accounts, and what viewers owe it, can't be closed.
    HouseAccount,
    /// Only an empty account can be closed.
    AccountNotEmpty,
    /// Payments of the account are in flight.
    AccountInFlight,
    /// A guard has another value.
    GuardMismatch,
    /// A guard would pass its cap.
    GuardCapped,
    /// The viewer owes coins, and spends none until they are paid.
    CoinsOwed,
    /// More than a debit limit allows.
    LimitExceeded,
    /// A counter would overflow.
    Overflow,
    /// The account has too little available.
    InsufficientFunds,
    /// The page token is not of this list.
    PageToken,
    /// The journal is not the one that was watched before.
    JournalDiverged,
    /// The journal is shorter than the requested position.
    JournalAhead,
    /// Too many calls in flight.
    Overloaded,
    /// Another process writes the books.
    NotTheWriter,
    /// The database refused the commit.
    CommitFailed,
    /// A newer program wrote to the book.
    FormatTooNew,
    /// The ledger is shutting down.
    ShuttingDown,
    /// The service calls too often.
    QuotaExceeded,
    /// No connection could be made.
    PeerUnreachable,
    /// The keys that verify the service's token can't be read.
    IdentityUnavailable,
    /// A staff action could not be recorded.
    AuditUnavailable,
    /// Staff gave no reason.
    ReasonRequired,
    /// The service's token or certificate is not accepted.
    Unauthenticated,
    /// The service may not do that.
    PermissionDenied,
    /// No row allows the service that posting: not of this kind, or not between these accounts.
    PosterNotAllowed,
    /// The answer was lost.
    OutcomeUnknown,
    /// Time ran out.
    DeadlineExceeded,
    /// An internal error of the ledger.
    Internal,
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReasonRow {
    /// The text of `google.rpc.ErrorInfo.reason`.
    pub name: &'static str,
    /// What it proves about the posting.
    pub proof: Proof,
    /// How the caller may retry.
    pub retry: Retry,
    /// Who can fix the cause.
    pub audience: Audience,
}

const fn refused(name: &'static str, retry: Retry, audience: Audience) -> ReasonRow {
    ReasonRow { name, proof: Proof::Refused, retry, audience }
}

/// Whether a user sees the reason itself, UNAVAILABLE or INTERNAL follows from the reason; see [`crate::answer`].
const fn not_executed(name: &'static str) -> ReasonRow {
    ReasonRow { name, proof: Proof::NotExecuted, retry: Retry::SameId, audience: Audience::Service }
}

const fn unknown(name: &'static str) -> ReasonRow {
    ReasonRow { name, proof: Proof::Unknown, retry: Retry::SameId, audience: Audience::Service }
}

impl LedgerReason {
    /// Every reason except the callers' own.
    pub const ALL: [Self; 46] = [
        Self::Malformed,
        Self::RequestIdReused,
        Self::RequestIdTime,
        Self::BookUnknown,
        Self::BookExists,
        Self::ExpiryOutOfRange,
        Self::ExpiryForbidden,
        Self::PendingUnknown,
        Self::PendingResolved,
        Self::PendingExpired,
        Self::PendingExceeded,
        Self::PostingUnknown,
        Self::PostingExists,
        Self::AlreadyReversed,
        Self::NotReversible,
        Self::AccountUnknown,
        Self::AccountFrozen,
        Self::AccountClosed,
        Self::HouseAccount,
        Self::AccountNotEmpty,
        Self::AccountInFlight,
        Self::GuardMismatch,
        Self::GuardCapped,
        Self::CoinsOwed,
        Self::LimitExceeded,
        Self::Overflow,
        Self::InsufficientFunds,
        Self::PageToken,
        Self::JournalDiverged,
        Self::JournalAhead,
        Self::Overloaded,
        Self::NotTheWriter,
        Self::CommitFailed,
        Self::FormatTooNew,
        Self::ShuttingDown,
        Self::QuotaExceeded,
        Self::PeerUnreachable,
        Self::IdentityUnavailable,
        Self::AuditUnavailable,
        Self::ReasonRequired,
        Self::Unauthenticated,
        Self::PermissionDenied,
        Self::PosterNotAllowed,
        Self::OutcomeUnknown,
        Self::DeadlineExceeded,
        Self::Internal,
    ];

    /// The table: a row for each reason.
    #[must_use]
    pub fn row(&self) -> ReasonRow {
        use Audience::{Service, User};
        use Retry::{FreshId, Never};
        match self {
            // A service knows how to explain refusals by its own rules.
            Self::Callers(_) => refused("", Never, User),
            Self::Malformed => refused("MALFORMED", Never, Service),
            Self::RequestIdReused => refused("REQUEST_ID_REUSED", Never, User),
            // Ids of postings are stored for ever: an id that the ledger rejects as too old or too new has no posting.
            Self::RequestIdTime => refused("REQUEST_ID_TIME", FreshId, User),
            Self::BookUnknown => refused("BOOK_UNKNOWN", Never, User),
            Self::BookExists => refused("BOOK_EXISTS", Never, Service),
            Self::ExpiryOutOfRange => refused("EXPIRY_OUT_OF_RANGE", Never, Service),
            Self::ExpiryForbidden => refused("EXPIRY_FORBIDDEN", Never, Service),
            Self::PendingUnknown => refused("PENDING_UNKNOWN", Never, Service),
            Self::PendingResolved => refused("PENDING_RESOLVED", Never, Service),
            Self::PendingExpired => refused("PENDING_EXPIRED", Never, Service),
            Self::PendingExceeded => refused("PENDING_EXCEEDED", Never, Service),
            Self::PostingUnknown => refused("POSTING_UNKNOWN", Never, Service),
            Self::PostingExists => refused("POSTING_EXISTS", Never, Service),
            Self::AlreadyReversed => refused("ALREADY_REVERSED", Never, Service),
            Self::NotReversible => refused("NOT_REVERSIBLE", Never, Service),
            Self::AccountUnknown => refused("ACCOUNT_UNKNOWN", FreshId, Service),
            Self::AccountFrozen => refused("ACCOUNT_FROZEN", FreshId, User),
            Self::AccountClosed => refused("ACCOUNT_CLOSED", FreshId, User),
            Self::HouseAccount => refused("HOUSE_ACCOUNT", Never, Service),
            Self::AccountNotEmpty => refused("ACCOUNT_NOT_EMPTY", FreshId, Service),
            Self::AccountInFlight => refused("ACCOUNT_IN_FLIGHT", FreshId, Service),
            Self::GuardMismatch => refused("GUARD_MISMATCH", Never, Service),
            Self::GuardCapped => refused("GUARD_CAPPED", Never, Service),
            Self::CoinsOwed => refused("COINS_OWED", FreshId, User),
            Self::LimitExceeded => refused("LIMIT_EXCEEDED", FreshId, User),
            Self::Overflow => refused("OVERFLOW", FreshId, User),
            Self::InsufficientFunds => refused("INSUFFICIENT_FUNDS", FreshId, User),
            Self::PageToken => refused("PAGE_TOKEN", Never, Service),
            Self::JournalDiverged => refused("JOURNAL_DIVERGED", Never, Service),
            Self::JournalAhead => refused("JOURNAL_AHEAD", Never, Service),
            Self::Overloaded => not_executed("OVERLOADED"),
            Self::NotTheWriter => not_executed("NOT_THE_WRITER"),
            Self::CommitFailed => not_executed("COMMIT_FAILED"),
            Self::FormatTooNew => not_executed("FORMAT_TOO_NEW"),
            Self::ShuttingDown => not_executed("SHUTTING_DOWN"),
            Self::QuotaExceeded => not_executed("QUOTA_EXCEEDED"),
            Self::PeerUnreachable => not_executed("PEER_UNREACHABLE"),
            Self::IdentityUnavailable => not_executed("IDENTITY_UNAVAILABLE"),
            Self::AuditUnavailable => not_executed("AUDIT_UNAVAILABLE"),
            Self::ReasonRequired => not_executed("REASON_REQUIRED"),
            Self::Unauthenticated => not_executed("UNAUTHENTICATED"),
            Self::PermissionDenied => not_executed("PERMISSION_DENIED"),
            // A row may be added, so the same request may be accepted later.
            Self::PosterNotAllowed => not_executed("POSTER_NOT_ALLOWED"),
            Self::OutcomeUnknown => unknown("OUTCOME_UNKNOWN"),
            Self::DeadlineExceeded => unknown("DEADLINE_EXCEEDED"),
            Self::Internal => unknown("INTERNAL"),
        }
    }

    /// The reason of that name. A name that is not in the table is a caller's own if its code means that a rule decided; `None` otherwise.
    #[must_use]
    pub fn parse(name: &str, code: Code) -> Option<Self> {
        let known = Self::ALL.into_iter().find(|reason| reason.row().name == name);
        known.or_else(|| (code == Code::FailedPrecondition).then(|| Self::Callers(name.to_owned())))
    }

    /// The reason in a text that [`crate::NotPosted::blocked_by`] wrote, which services store beside what waits; `None` if it begins with no reason of the table.
    #[must_use]
    pub fn of_blocked_by(text: &str) -> Option<Self> {
        let name = text.split_once(':').map_or(text, |(name, _)| name);
        Self::ALL.into_iter().find(|reason| reason.row().name == name)
    }

    /// The text of `google.rpc.ErrorInfo.reason`.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Callers(name) => name,
            other => other.row().name,
        }
    }
}

#[cfg(test)]
mod tests;
