//! The parts of this service that others may read: its tables with their migrations, for backups; and what its rows say was posted, for audits. Nothing here
//! calls the ledger or answers a caller.
pub use crate::{
    rows::{KINDS, RowCursor, RowGroup, RowPosting, named},
    store::{Error as TreasuryRowsError, Store},
};
