//! The runtime: chosen services of one process, wired to each other.
//!
//! - [`config`]: the settings of `largesse serve`. [`Options`]: what they result in. [`Settings`]: each service's own options.
//! - [`Runtime`]: the services while they run, as started by `serve`, the demo, replay and the tests.
//! - `installation`: to which installation the database and the heads belong.
//! - `wiring`: identity, stack, and the connections between services. `fit`: how each service is started.
//! - [`tables`]: migrations without a start. `http`: liveness, readiness, metrics. `sockets`: listening sockets. `login`: a sandbox's pretend login. `books`: a sandbox's TEST books.
//! - [`lists`]: gifts, coin packages and rates, and which of them a LIVE book may use.
//! - [`command`]: runs a program's command and prints its error.
//!
//! Services of the same process call each other through the stack in memory; others are reached over channels. A service can't tell the difference.
mod books;
pub mod command;
pub mod config;
mod error;
mod fit;
mod http;
mod installation;
pub mod lists;
mod login;
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
