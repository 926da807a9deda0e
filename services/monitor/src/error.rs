//! Why an answer could not be read, and what the caller is answered.
use crate::audit::ReadFault;
use payout::tables::PayoutRowsError;
use std::error::Error as StdError;
use tonic::{Code, Status};

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
