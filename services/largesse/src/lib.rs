//! The one crate that knows all services, and wires them.
//!
//! - [`house`]: starts chosen services in one process, laid over each other or over channels; what `serve`, the demo, replay, bench and
//!   the tests all use.
//! - [`cli`]: the commands.
pub mod cli;
pub mod house;
