//! Tests of the audits over real books, on both engines.
#![allow(clippy::unwrap_used)]

mod gifts;
mod posters;
mod rolling;
mod settlements;
mod suspense;
mod twins;
