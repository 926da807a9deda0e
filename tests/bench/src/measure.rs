//! Measuring: servers and databases to measure on, one measurement, and the rows of a run.
//!
//! - [`echo`], `server`, `child`: the bare server and the production binary, each a process of its own; `backends`: PostgreSQL's processes.
//! - `stage`: one measurement. `place`, `side`, `fill`: a book and a server of its own, for rows that compare two.
//! - `small`: rows on one small book. `stored`: a book with millions of accounts. `watched`: what telemetry costs. `hostile`: honest callers beside people
//!   who mean harm.
//! - `proof`: every accepted gift is in the ledger, once. `findings`: what it all came to.
mod backends;
mod child;
pub mod echo;
mod fill;
pub(crate) mod findings;
pub(crate) mod hostile;
mod place;
pub(crate) mod proof;
mod server;
mod side;
pub(crate) mod small;
mod stage;
pub(crate) mod stored;
pub(crate) mod watched;
