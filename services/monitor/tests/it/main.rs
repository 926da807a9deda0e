//! Tests of the audits over real books, on both engines.
#![allow(clippy::unwrap_used)]

mod done;
mod gifts;
mod planted;
mod posters;
mod reservations;
mod revenue;
mod rolling;
mod settlements;
mod suspense;
mod twins;
