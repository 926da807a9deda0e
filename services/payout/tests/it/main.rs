//! Payouts with the real ledger, a real bank over HTTP, and real databases.
#![allow(clippy::unwrap_used, reason = "a test that can not go on should stop there")]

mod accounts;
mod ach;
mod api_bank;
mod api_callbacks;
mod callbacks;
mod calls;
mod closing;
mod crashes;
mod details;
mod fake_bank;
mod histories;
mod keys;
mod kinds;
mod leaves;
mod limits;
mod liquidity;
mod long_runs;
mod lying;
mod outcomes;
mod payees;
mod proofs;
mod rails;
mod reasons;
mod recalls;
mod report;
mod resolutions;
mod returns;
mod reviews;
mod runs;
mod standing;
mod statements;
mod together;
mod unapproved;
mod verifying;
mod world;
