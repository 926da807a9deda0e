//! The postings of this service: which accounts of the treasury book each event debits and credits.
//!
//! - [`twins`]: what apps' books moved at banks. [`entries`]: entries of banks' statements, and what two people approved of a case.
//! - [`accounts`]: old bank accounts that are migrated, and receipts. [`movements`]: money between leaves. [`reservations`]: payouts that take money of leaves.
//! - [`sweeps`]: money between physical accounts.
pub mod accounts;
pub mod entries;
pub mod movements;
pub mod reservations;
pub mod sweeps;
pub mod twins;

pub use accounts::{arrival, opening, receipt};
pub use entries::{case_adjustment, case_write_off, entry_booking};
pub use reservations::{blocked, rejected, reservation_hold, reservation_release, submitted, unblocked};
pub use twins::{APP_BOOKED_MS, APP_SEQ, Twin, twin};

#[cfg(test)]
mod tests;
