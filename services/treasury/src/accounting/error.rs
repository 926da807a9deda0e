//! Every way a call of accounting fails, and the status that the caller gets.
use crate::store;
use accounting::Overflow;
use jiff::civil::Date;
use ledger_client::NotPosted;
use std::time::Duration;
use tonic::{Code, Status};

/// When to go on with a journal that was not read to its end: what was read is stored.
const CATCH_UP_RETRY_AFTER: Duration = Duration::from_millis(20);
/// When to try again what others got in the way of.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// Why accounting days were not read or closed.
#[derive(Debug, thiserror::Error)]
pub enum AccountingError {
    /// Fields that are not of their form: the answer that names them all.
    #[error("{}", .0.message())]
    Violations(Box<Status>),
    /// The ledger has no such book.
    #[error("no such book")]
    NoBook,
    /// The entity has no entry in the book.
    #[error("no such entity")]
    EntityUnknown {
        /// The entity.
        entity: String,
    },
    /// A page token of another list.
    #[error("the page token")]
    PageToken,
    /// The journal was not read to its end yet.
    #[error("the journal was read up to {seq} of {book_seq}")]
    CatchingUp {
        /// The last event that was read.
        seq: i64,
        /// The last event that the book had when the call began.
        book_seq: i64,
    },
    /// The last day to close is not over.
    #[error("the day is not over")]
    NotOver {
        /// The day that it is.
        today: Date,
    },
    /// The days to close are not the next ones.
    #[error("not the next days to close")]
    OutOfOrder {
        /// The first open day; `None` at the end of the calendar.
        first: Option<Date>,
    },
    /// Others read the journal each time.
    #[error("the accounts changed while they were read")]
    Changing,
    /// The sums of all days are not the trial balance.
    #[error("the days of {account} in {unit} don't add up to the trial balance")]
    Differ {
        /// The first account that differs.
        account: String,
        /// Its unit.
        unit: String,
    },
    /// A sum that can't be counted.
    #[error(transparent)]
    Overflow(#[from] Overflow),
    /// The ledger did not answer.
    #[error(transparent)]
    Ledger(#[from] NotPosted),
    /// The service's own tables failed.
    #[error("the treasury database: {0}")]
    Store(#[from] store::Error),
}

impl From<AccountingError> for Status {
    fn from(error: AccountingError) -> Self {
        match error {
            AccountingError::Violations(status) => *status,
            AccountingError::NoBook => {
                rpc::refused(Code::NotFound, "BOOK_UNKNOWN", "the ledger has no such book; nothing was done".to_owned(), &[])
            }
            AccountingError::EntityUnknown { entity } => {
                let why = format!("the legal entity {entity} has no entry in this book; nothing was done");
                rpc::refused(Code::NotFound, "ENTITY_UNKNOWN", why, &[("entity", entity)])
            }
            AccountingError::PageToken => rpc::errors::page_token(),
            AccountingError::CatchingUp { seq, book_seq } => {
                let why = format!("the book's journal was read up to event {seq} of {book_seq}, and what was read is kept; retry to go on");
                let facts = [("seq", seq.to_string()), ("book_seq", book_seq.to_string())];
                rpc::errors::unavailable_with("CATCHING_UP", &why, &facts, CATCH_UP_RETRY_AFTER)
            }
            AccountingError::NotOver { today } => {
                let why = format!("only days that are over can be closed, and it is {today} in UTC; nothing was closed");
                rpc::refused(Code::FailedPrecondition, "PERIOD_NOT_OVER", why, &[("today", today.to_string())])
            }
            AccountingError::OutOfOrder { first } => {
                let first = first.map_or_else(|| "none".to_owned(), |first| first.to_string());
                let why = format!("days are closed in their order, and the first open one is {first}; nothing was closed");
                rpc::refused(Code::FailedPrecondition, "PERIOD_OUT_OF_ORDER", why, &[("first_date", first)])
            }
            AccountingError::Changing => {
                rpc::errors::unavailable("ACCOUNTS_CHANGING", "others read the journal meanwhile; nothing was done, retry", RETRY_AFTER)
            }
            AccountingError::Differ { account, unit } => {
                let why = format!(
                    "the accounting days of {account} in {unit} don't add up to the ledger's trial balance; nothing was closed, verify the book"
                );
                rpc::refused(Code::FailedPrecondition, "ACCOUNTS_DIFFER", why, &[("account", account), ("unit", unit)])
            }
            AccountingError::Ledger(not_posted) => not_posted.for_staff().into(),
            AccountingError::Store(store::Error::Database(ref source)) if db::is_passing(source) => {
                rpc::errors::database_unreachable(&error)
            }
            AccountingError::Overflow(_) | AccountingError::Store(_) => rpc::internal(&error),
        }
    }
}
