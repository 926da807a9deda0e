//! A book's events as accounting days: which day each belongs to, sums of days, the accounts of a general ledger, and the files that finance takes from them.
//! Nothing here does I/O or reads a clock, and nothing here refuses an event: a closed day only says where a late event goes.
//!
//! - [`day`]: the accounting day of an event. [`line`]: what a day's sums are kept by, and how a transfer is added to them.
//! - [`account`]: a line's ledger account as a mapping sees it. [`mapping`]: the file that maps it to an account of the general ledger.
//! - [`journal`]: a day as debits and credits of the general ledger. [`balance`]: the trial balance. [`roll`]: the roll-forward of liabilities.
//! - [`fees`]: fees and commissions of a period. [`table`]: files of comma-separated values.
pub mod account;
pub mod balance;
pub mod day;
pub mod fees;
pub mod journal;
pub mod line;
pub mod mapping;
pub mod roll;
pub mod table;

pub use account::LedgerAccount;
pub use day::accounting_day;
pub use line::{DayLineKey, DayLineSums, DayLines, Overflow};
pub use mapping::{GlAccount, GlType, Mapping, MappingFault};
