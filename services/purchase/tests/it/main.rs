//! The service behind the real stack, with the real ledger made to fail on purpose.
#![allow(clippy::unwrap_used, reason = "a test that can not go on should stop there")]

mod bounds;
mod cases;
mod checkouts;
mod closed;
mod crash;
mod debts;
mod details;
mod dying;
mod emptied;
mod fixture;
mod google;
mod hostile;
mod limits;
mod listening;
mod lists;
mod live;
mod lost;
mod lots;
mod market;
mod notified;
mod old;
mod price_lists;
mod questions;
mod reasons;
mod redeem;
mod reference;
mod refunding;
mod refunds;
mod settlements;
mod sheets;
mod stripe;
mod suspended;
mod told;
mod wallets;
