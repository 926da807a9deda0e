//! The pages, one file each: read the address, call, fill the view. What may be seen is decided by the services.
pub(crate) mod account;
pub(crate) mod acts;
pub(crate) mod proposals;
pub(crate) mod today;
pub(crate) mod trial_balance;
