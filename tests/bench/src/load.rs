//! Load: callers, requests, pace, and the latency of each call. Knows servers only by their address.
//!
//! - `users`, `crowd`: senders and receivers, how unevenly they are drawn, their tokens, and endless requests. `gifts`: the calls.
//! - `creators`: creators who are paid.
//! - `closed`: closed loops of calls and streams; `open`: open loops; `sample`: their results.
//! - `naive`: PostgreSQL without our services; `disk`: the disk alone.
//! - [`scenarios`]: attackers, one kind each, bounded and ending by themselves. `raw`: HTTP/2 frames made by hand.
pub(crate) mod closed;
pub(crate) mod creators;
pub(crate) mod crowd;
pub(crate) mod disk;
pub(crate) mod gifts;
pub(crate) mod naive;
pub(crate) mod open;
mod raw;
pub(crate) mod sample;
pub mod scenarios;
pub(crate) mod users;
