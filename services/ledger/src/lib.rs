//! The only place where money moves: books, accounts, transfers.
//!
//! An acknowledged posting is durable, counted once, and never changed. A book without its service is in the crate [`books`]: rules, stored bytes,
//! store, reads, verification. Map of the rest:
//! - `writer`: one per book: collect, prefetch, decide, commit, publish.
//! - [`book`]: a live book: the queue for its writer, what readers see, and the journal's watchers; [`answer`]: the outcome of a request.
//! - [`ledger`]: all books of one process, and the task that writes their heads outside the database; `lease`: whether this process may write.
//! - `journal`: the part of a journal that readers may see.
//! - `meters`: metrics of a writer.
//! - [`posters`]: which service may post what.
//! - [`service`], `wire`: gRPC in and out; [`error`]: the one table from errors to gRPC.

pub mod answer;
pub mod book;
pub mod clock;
pub mod config;
pub mod decoders;
pub mod error;
mod journal;
mod lease;
pub mod ledger;
mod meters;
pub mod posters;
pub mod service;
mod wire;
mod writer;

use books::{codec, domain, heads, read, store, verify};
pub use config::Config;
pub use error::Error;
pub use ledger::Ledger;
pub use service::Service;
