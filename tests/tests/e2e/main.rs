//! The whole installation in real processes: killed, split, rivalled, replayed and traced.
#![allow(clippy::unwrap_used)]
mod collector;
mod crash;
mod documented;
mod fleets;
mod hops;
mod line;
mod load;
mod postmaster;
mod recording;
mod rivals;
mod standby;
mod takeover;
mod telemetry;
