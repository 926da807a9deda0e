//! The pages, one file each: read the address, call, fill the view. What may be seen is decided by the services.
pub(crate) mod account;
pub(crate) mod acts;
pub(crate) mod books;
pub(crate) mod case;
pub(crate) mod creator;
pub(crate) mod find;
pub(crate) mod gifts;
mod holdings;
mod listing;
mod options;
pub(crate) mod payments;
pub(crate) mod payout;
pub(crate) mod payouts;
pub(crate) mod proposal;
pub(crate) mod proposals;
pub(crate) mod purchase;
pub(crate) mod purchases;
pub(crate) mod rails;
pub(crate) mod reveal;
pub(crate) mod reviews;
#[cfg(test)]
mod samples;
pub(crate) mod sandbox;
#[cfg(test)]
mod tests;
pub(crate) mod today;
pub(crate) mod treasury;
pub(crate) mod trial_balance;
pub(crate) mod user;
pub(crate) mod wallet;
