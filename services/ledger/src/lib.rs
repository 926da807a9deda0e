//! The only place where money moves: books, accounts, transfers.
//!
//! An acknowledged posting is durable, counted once, and never changed. Map:
//! - [`domain`]: the rules, pure.
//! - `writer`: one per book: collect, prefetch, decide, commit, publish.
//! - [`store`]: where a book is kept; SQLite and PostgreSQL.
//! - [`codec`]: the canonical bytes that are stored and hashed.
//! - [`book`], [`ledger`], [`read`], [`answer`]: handles, reads and answers.
//! - [`heads`]: heads of books written outside the database; [`stamp`]: moments as text.
//! - `meters`: what a writer does, for whoever watches.
//! - [`verify`]: is a book what its journal says?
//! - `journal`, `watch`: what may be seen of the journal, and who follows it.
//! - [`service`], `wire`: gRPC in and out.

pub mod answer;
pub mod book;
pub mod clock;
pub mod codec;
pub mod config;
pub mod decoders;
pub mod domain;
pub mod error;
pub mod heads;
mod ids;
mod journal;
mod lease;
pub mod ledger;
mod meters;
pub mod read;
pub mod service;
pub mod stamp;
pub mod store;
pub mod verify;
mod watch;
mod wire;
mod writer;

pub use config::Config;
pub use error::Error;
pub use ledger::{Ledger, open_store};
pub use service::Service;
pub use wire::{pending_posted_id, posted_id};
