//! Every way a call fails, and the status that the caller gets.
use crate::audit::ReadFault;
use ledger_client::NotPosted;
use money::BookName;
use payout::tables::PayoutRowsError;
use std::{error::Error as StdError, time::Duration};
use tonic::{Code, Status};

/// When to try again while the ledger can't be reached.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why payments or figures were not shown.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fields that are not of their form: the answer that names them all.
    #[error("{}", .0.message())]
    Violations(Box<Status>),
    /// The monitor has no connection to a ledger.
    #[error("this monitor has no connection to the ledger")]
    LedgerNotConfigured,
    /// There is no such book.
    #[error("no such book")]
    BookUnknown(BookName),
    /// The ledger does not answer.
    #[error("the ledger does not answer")]
    LedgerLost(#[source] Option<NotPosted>),
    /// As many viewers as there may be.
    #[error("too many viewers")]
    TooManyViewers {
        /// How many there may be.
        viewers_max: usize,
    },
    /// A cursor that is too far back.
    #[error("the cursor is too old")]
    CursorTooOld {
        /// Commits that a viewer may be behind.
        resume_commits_max: u32,
    },
    /// Figures that are more than one answer may have.
    #[error("the figures have {bytes} bytes")]
    FiguresTooLarge {
        /// How many bytes they would have.
        bytes: usize,
    },
    /// The journal is another one than the cursor's.
    #[error("the journal does not contain the cursor's commit")]
    JournalDiverged,
    /// As many exports as there may be.
    #[error("too many exports")]
    TooManyExports {
        /// How many there may be.
        exports_max: usize,
    },
    /// There is no account of this name.
    #[error("no such account")]
    AccountUnknown(String),
    /// A reader of an export that read too slowly.
    #[error("the reader of the export reads too slowly")]
    ExportTooSlow,
    /// The caller's token expired while a file was made.
    #[error("the token has expired")]
    TokenExpired,
    /// A viewer that read too slowly.
    #[error("the viewer reads too slowly")]
    ViewerTooSlow,
    /// The user is linked to another person.
    #[error("the user is another person")]
    OtherPerson,
    /// The person has as many users as there may be.
    #[error("too many users of one person")]
    PersonLinksFull {
        /// How many there may be.
        links_max: i64,
    },
    /// The tables of other services.
    #[error("{0}")]
    Tables(#[source] ReadFault),
    /// The monitor's tables.
    #[error(transparent)]
    Store(#[from] sqlx::Error),
}

impl Error {
    /// Why a journal could not be read.
    pub fn of_journal(not_read: NotPosted) -> Self {
        if not_read.is_other_journal() { Self::JournalDiverged } else { Self::LedgerLost(Some(not_read)) }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let refused = |code, reason, why: &str, facts: &[(&str, String)]| rpc::refused(code, reason, why.to_owned(), facts);
        match error {
            Error::Violations(status) => *status,
            Error::LedgerNotConfigured => {
                let why = "this monitor has no connection to the ledger (peers.ledger), so it can't follow payments";
                refused(Code::FailedPrecondition, "LEDGER_NOT_CONFIGURED", why, &[])
            }
            Error::BookUnknown(book) => book_unknown(book.as_str()),
            Error::LedgerLost(source) => {
                if let Some(source) = source {
                    tracing::warn!(error = %rpc::errors::chain(&source), "the ledger can't be read for a viewer of payments");
                }
                rpc::errors::unavailable("LEDGER_LOST", "the ledger does not answer; try again, with the last cursor", RETRY_AFTER)
            }
            Error::TooManyViewers { viewers_max } => {
                let why = "as many viewers as may be are watching payments; try again when one has left";
                refused(Code::ResourceExhausted, "TOO_MANY_VIEWERS", why, &[("viewers_max", viewers_max.to_string())])
            }
            Error::TooManyExports { exports_max } => {
                let why = "as many exports as may be are being made; try again when one has ended";
                refused(Code::ResourceExhausted, "TOO_MANY_EXPORTS", why, &[("exports_max", exports_max.to_string())])
            }
            Error::AccountUnknown(account) => {
                let why = "the book has no such account; Find looks for names in all books of the token";
                refused(Code::NotFound, "ACCOUNT_UNKNOWN", why, &[("account", account)])
            }
            Error::ExportTooSlow => {
                let why = "nothing was read for a minute, so the export ended; the file is not complete";
                refused(Code::Aborted, "EXPORT_TOO_SLOW", why, &[])
            }
            Error::TokenExpired => {
                let why = "the token has expired, so the export ended and the file is not complete; ask for a shorter period, or with a new token";
                refused(Code::Unauthenticated, "UNAUTHENTICATED", why, &[("token", "expired".to_owned())])
            }
            Error::CursorTooOld { resume_commits_max } => {
                let why = "more was committed since the cursor than is shown again; begin without a cursor";
                refused(Code::OutOfRange, "CURSOR_TOO_OLD", why, &[("resume_commits_max", resume_commits_max.to_string())])
            }
            Error::FiguresTooLarge { bytes } => {
                let why = "the figures are more than one answer may have; ask for fewer steps, or name the kinds";
                let facts = [("bytes", bytes.to_string()), ("bytes_max", rpc::ANSWER_BYTES_MAX.to_string())];
                refused(Code::OutOfRange, "FIGURES_TOO_LARGE", why, &facts)
            }
            Error::JournalDiverged => {
                let why = "the journal does not contain the cursor's commit; begin without a cursor";
                refused(Code::FailedPrecondition, "JOURNAL_DIVERGED", why, &[])
            }
            Error::ViewerTooSlow => {
                let why = "messages were read too slowly, so the stream ended; continue from the last cursor";
                refused(Code::Aborted, "VIEWER_TOO_SLOW", why, &[])
            }
            Error::OtherPerson => {
                let why = "the user is linked to another person; call UnlinkPerson first; nothing was changed";
                refused(Code::FailedPrecondition, "OTHER_PERSON", why, &[])
            }
            Error::PersonLinksFull { links_max } => {
                let why = "the person has as many users as may be linked to one; nothing was changed";
                refused(Code::FailedPrecondition, "PERSON_LINKS_FULL", why, &[("links_max", links_max.to_string())])
            }
            Error::Store(ref source) if db::is_passing(source) => rpc::errors::database_unreachable(&error),
            Error::Tables(ref fault) => unreadable(fault),
            Error::Store(_) => rpc::internal(&error),
        }
    }
}

/// A page token of this list whose position is not in it: somebody has made it up.
#[derive(Debug, thiserror::Error)]
#[error("the position is not one of this list")]
pub(crate) struct ForeignPosition;

/// The answer where tables could not be read. An unreachable database may answer later.
pub(crate) fn unreadable(fault: &ReadFault) -> Status {
    if fault.is::<ForeignPosition>() {
        return rpc::errors::page_token();
    }
    if is_passing(fault) { rpc::errors::database_unreachable(&**fault) } else { rpc::internal(&**fault) }
}

/// Whether the database was unreachable or busy.
fn is_passing(fault: &ReadFault) -> bool {
    // Errors of payouts show what is inside of them in their own place.
    if let Some(PayoutRowsError::Sqlx(source) | PayoutRowsError::Database(db::Error::Sqlx { cause: source, .. })) = fault.downcast_ref() {
        return db::is_passing(source);
    }
    let mut next: Option<&(dyn StdError + 'static)> = Some(&**fault);
    while let Some(error) = next {
        if let Some(source) = error.downcast_ref::<sqlx::Error>() {
            return db::is_passing(source);
        }
        if let Some(source) = error.downcast_ref::<books::store::Error>() {
            return source.is_passing();
        }
        next = error.source();
    }
    false
}

/// The refusal of an id that stands for nothing that the caller may see.
pub(crate) fn id_unknown() -> Status {
    let why = "the id stands for nothing in the books of the token; Find says where it looks".to_owned();
    rpc::refused(Code::NotFound, "ID_UNKNOWN", why, &[])
}

/// The refusal of a book that a caller of all books names and that there is not.
pub(crate) fn book_unknown(book: &str) -> Status {
    let why = "there is no such book".to_owned();
    rpc::refused(Code::NotFound, "BOOK_UNKNOWN", why, &[("book", book.to_owned())])
}
