//! What an operator does with an installation's tables, beside or instead of running services.
//!
//! - [`backup`]: a copy of everything, taken while it runs; and an installation made of it.
//! - [`export`], [`import`]: a book's journal as CSV, out and in.
//! - [`acts`]: what people do here, in the audit log.
//! - [`privacy`]: what is personal; a user's own data, shown and erased.
//! - [`citus`]: tables spread over a cluster.
pub mod acts;
pub mod backup;
pub mod citus;
pub mod export;
pub mod import;
pub mod privacy;

/// Why something of an operator's is not done. It is told to a person, so it needs no type.
pub type OperationFault = Box<dyn std::error::Error + Send + Sync>;
