//! The parts of this service that others may read: its tables with their migrations, for backups; what its rows say was posted, for audits; and
//! how statements fill a migration file, for the command that sends it. Nothing here calls the ledger or answers a caller.
pub use crate::{
    domain::bank::KeptCase,
    migration::balances::ClosingBalances,
    rows::{KINDS, RESERVATION_STEPS, RowCursor, RowGroup, RowPosting, RowReservation, held_for, named},
    store::{Error as TreasuryRowsError, Store},
};
