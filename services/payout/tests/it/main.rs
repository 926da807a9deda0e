//! Payouts with the real ledger, a real bank over HTTP, and real databases.
#![allow(clippy::unwrap_used, reason = "a test that can not go on should stop there")]

mod accounts;
mod callbacks;
mod calls;
mod closing;
mod crashes;
mod details;
mod fake_bank;
mod histories;
mod keys;
mod kinds;
mod liquidity;
mod limits;
mod lying;
mod outcomes;
mod payees;
mod rails;
mod reasons;
mod report;
mod reviews;
mod runs;
mod standing;
mod recalls;
mod returns;
mod statements;
mod world;
