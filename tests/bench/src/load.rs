//! Load: who calls, with what, how fast, and what each call took. Knows servers by their address only.
//!
//! - `users`, `crowd`: who sends and receives, how unevenly, their tokens, and requests without end. `gifts`: calls that carry them.
//! - `closed`: closed loops of calls and streams; `open`: open loops; `sample`: what they came to.
//! - `naive`: PostgreSQL without us; `disk`: what the disk does by itself.
//! - [`scenarios`]: people who mean harm, one thing each, bounded and ending by itself. `raw`: HTTP/2 by hand.
pub(crate) mod closed;
pub(crate) mod crowd;
pub(crate) mod disk;
pub(crate) mod gifts;
pub(crate) mod naive;
pub(crate) mod open;
mod raw;
pub(crate) mod sample;
pub mod scenarios;
pub(crate) mod users;
