//! The whole installation in real processes: killed, split, rivalled, replayed and traced.
#![allow(clippy::unwrap_used)]
mod crash;
mod fleets;
mod hops;
mod recording;
mod rivals;
