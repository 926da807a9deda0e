//! Every store test runs on both engines.
#![allow(clippy::unwrap_used, reason = "a test that can not go on should stop there")]

mod cancelled;
mod durability;
mod engines;
mod migrate;
mod opening;
mod queue;
mod requests;
mod values;
