//! The whole installation in real processes: killed, split, rivalled, replayed, traced, and as its pages say.
#![allow(clippy::unwrap_used)]
mod backup;
mod clients;
mod crash;
mod documented;
mod explain;
mod fleets;
mod hops;
mod hostile;
mod line;
mod load;
mod lying_bank;
mod markers;
mod old_data;
mod pages;
mod postmaster;
mod recording;
mod recovery;
mod refund_rows;
mod rivals;
mod rolling;
mod standby;
mod stopping;
mod takeover;
mod telemetry;
