//! The support service over a real ledger: what is recorded stays, and what two must do one can't.
#![allow(clippy::unwrap_used)]

mod about;
mod acts;
mod bound;
mod house;
mod proposals;
mod reasons;
