//! The runtime: chosen services of one process, wired to each other.
//!
//! - [`config`]: what `largesse serve` can be told. [`Options`]: what it comes to. [`Settings`]: each service's own options.
//! - [`Runtime`]: the services while they run. What `serve`, the demo, replay and the tests all start.
//! - `installation`: which installation the database and the heads are of.
//! - `wiring`: identity, stack, and the way from one service to another. `fit`: per service, how it is started.
//! - [`tables`]: migrations without a start. `http`: liveness, readiness, metrics. `sockets`: what they listen on. `books`: a sandbox's TEST books.
//! - [`lists`]: gifts, coin packages and rates, and which of them a LIVE book may use.
//! - [`command`]: what a command of a program runs in, and how its error is told.
//!
//! Services of the same process are laid over each other's stack; others are reached over channels. They cannot tell.
mod books;
pub mod command;
pub mod config;
mod error;
mod fit;
mod http;
mod installation;
pub mod lists;
mod options;
mod running;
mod settings;
mod sockets;
pub mod tables;
mod wiring;

pub use error::Error;
pub use fit::{payout_key_file, payout_key_ids, rotate_payout_key, sandbox_bundle, store_directory};
pub use options::{IdentitySource, Options, check};
pub use running::Runtime;
pub use settings::Settings;

/// The directory of the ledger's heads, in the data directory.
pub const HEADS: &str = "heads";
