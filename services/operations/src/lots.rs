//! Coin lots of a book, to be read again from the ledger's journal.
use crate::OperationFault;
use db::Database;
use identity::Service;
use money::BookName;
use monitor::audit::exists;

/// Forgets a book's coin lots and how far its journal was read; how many lots there were. A running purchase service reads the journal again from its
/// beginning; what was posted of their revenue stays, and only what differs is posted.
pub async fn forget(database: &Database, book: &BookName) -> Result<u64, OperationFault> {
    if !exists(database, Service::Purchase).await? {
        return Err("there is no purchase service's database here; nothing was done".into());
    }
    Ok(purchase::tables::Store::open(database).await?.forget_lots(book).await?)
}
