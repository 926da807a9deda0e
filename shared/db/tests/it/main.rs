//! Every store test runs on both engines.

mod durability;
mod engines;
mod migrate;
mod requests;
mod values;
