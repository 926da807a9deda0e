//! The one crate that knows all services, and wires them.
//!
//! - [`house`]: starts chosen services in one process, laid over each other or over channels; what `serve`, the demo, replay, bench and
//!   the tests all use.
//! - [`fleet`], [`installation`], [`shop`]: processes, and their services as an app sees them.
//! - [`replay`]: recorded gifts, sent again. [`audit`]: is the money where it should be, across services?
//! - [`privacy`]: what is personal; a user's own data, shown and erased.
//! - [`backup`]: a copy of everything, taken while it runs.
//! - [`explain`]: the whole story behind an id.
//! - [`citus`]: tables spread over a cluster.
//! - [`export`], [`import`]: a book's journal as CSV, out and in.
//! - [`bench`]: how fast it all is.
//! - [`cli`]: the commands.
pub mod audit;
pub mod backup;
pub mod bench;
pub mod citus;
pub mod cli;
pub mod config;
pub mod demo;
pub mod explain;
pub mod export;
pub mod fleet;
pub mod house;
pub mod import;
pub mod installation;
pub mod privacy;
pub mod replay;
pub mod shop;
