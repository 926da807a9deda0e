//! Days of accounts in files, reconciled as a whole.
#![allow(clippy::unwrap_used)]

mod closing;
mod files;
mod generator;
mod lists;
mod planted;
mod reference;
mod rules;
mod world;
