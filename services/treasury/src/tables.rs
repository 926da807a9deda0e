//! The parts of this service that others may read, for backups: its tables with their migrations. Nothing here calls the ledger or answers a caller.
pub use crate::store::Store;
