//! The support service over a real ledger: audit log lines stay, and one person can't do what needs two.
#![allow(clippy::unwrap_used)]

mod about;
mod acts;
mod bound;
mod fixture;
mod previews;
mod proposals;
mod reasons;
