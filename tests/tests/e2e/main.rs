//! The whole installation in real processes: killed, split, with rival processes, replayed and traced.
#![allow(clippy::unwrap_used)]
mod backup;
mod crash;
mod documented;
mod explain;
mod fleets;
mod hops;
mod hostile;
mod line;
mod load;
mod markers;
mod old_data;
mod postmaster;
mod recording;
mod recovery;
mod rivals;
mod rolling;
mod standby;
mod takeover;
mod telemetry;
