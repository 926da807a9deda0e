//! What others may read of this service: its rows and the reads of them. For auditors, explanations, copies and erasure, which go by the tables and ask no
//! service; nothing here calls the ledger or answers a caller.
pub use crate::domain::{Purchase, PurchaseState};
pub use crate::store::refused::RefusedFilter;
pub use crate::store::{Credited, Store};
