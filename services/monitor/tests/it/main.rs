//! Tests of the audits over real books, on both engines.
#![allow(clippy::unwrap_used)]

mod damages;
mod done;
mod explaining;
mod exporting;
mod figures;
mod finding;
mod following;
mod gift_names;
mod gifts;
mod house;
mod listing;
mod payments;
mod persons;
mod planted;
mod posted;
mod posters;
mod reservations;
mod revenue;
mod rolling;
#[path = "../../../ledger/tests/it/sample.rs"]
mod sample;
mod settlements;
mod suspense;
mod things;
mod twins;
mod viewers;
mod wallets;
mod watched;
mod working;
