//! Operator tools that work on an installation's tables, beside or instead of running services, or ask them.
//!
//! - [`backup`]: backup of an installation while it runs, and restore.
//! - [`accounting`]: accounting days, mapped to a general ledger and written as files.
//! - [`call`]: any RPC of a running installation, called by name with JSON.
//! - [`export`], [`import`]: a book's journal as CSV, out and in.
//! - [`escheat_report`]: the report of unclaimed property, asked of a running service and written.
//! - [`fee_report`]: the report of fees and commissions, asked of a running service and written.
//! - [`payout_report`]: the report of payouts, asked of a running service and written.
//! - [`lots`]: coin lots, to be read again.
//! - [`price_sheets`]: price sheets, loaded into a running purchase service.
//! - [`store_reports`]: stores' reports, imported and settled by a running purchase service.
//! - [`structure`]: the structure of bank accounts, planned, applied and listed by a running treasury service.
//! - [`migration`]: old bank accounts that move into that structure.
//! - `unfinished_file`: files that appear once they are complete.
//! - `staff_call`: a request of a member of staff. [`acts`]: records these tools' use in the audit log.
//! - [`privacy`]: personal data; export and erasure of a user's own data.
//! - [`citus`]: tables distributed over a cluster.
pub mod accounting;
pub mod acts;
pub mod backup;
pub mod call;
pub mod citus;
pub mod escheat_report;
pub mod export;
pub mod fee_report;
pub mod import;
pub mod lots;
pub mod migration;
pub mod payout_report;
pub mod price_sheets;
pub mod privacy;
mod staff_call;
pub mod store_reports;
pub mod structure;
mod unfinished_file;

/// Why an operator's command failed. It is only shown to a person, so it needs no type.
pub type OperationFault = Box<dyn std::error::Error + Send + Sync>;

/// Whether a reader of the output has closed it.
pub(crate) fn broken_pipe(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::BrokenPipe
}
