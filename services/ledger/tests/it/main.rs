//! The ledger on its real stores: SQLite and PostgreSQL, each test on both.
#![allow(clippy::unwrap_used)]

mod answer_sizes;
mod answers;
mod approved;
mod book;
mod books;
mod calls;
mod checkpoints;
mod clocks;
mod closing;
mod debts;
mod expiry;
mod faults;
mod following;
mod formats;
mod heads;
mod importing;
mod injected;
mod limits;
mod long;
mod many;
mod pipeline;
mod plans;
mod posters;
mod proofs;
mod rivals;
mod ruled;
mod sample;
mod statements;
mod streaming;
mod sums;
mod trail;
mod trying;
mod verify;
mod watching;
mod write_behind;
