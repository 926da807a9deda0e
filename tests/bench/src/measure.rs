//! Measuring: the servers and databases, a single measurement, and the rows of a run.
//!
//! - [`echo`], `server`, `child`: the bare server and the production binary, each in its own process; `backends`: PostgreSQL's processes.
//! - `stage`: one measurement. `place`, `side`, `fill`: a book with its own server, for rows that compare two.
//! - `small`: rows on one small book. `stored`: a book with millions of accounts. `watched`: the cost of telemetry. `hostile`: honest callers beside attackers.
//! - `viewed`: gifts while their payments are looked at.
//! - `found`: what is found in a book of millions of events.
//! - `payouts`: payouts one by one, and in a run. `paid`: what was paid is the same in all books.
//! - `proof`: every accepted gift is in the ledger, once. `findings`: the results.
mod backends;
mod child;
pub mod echo;
mod fill;
pub(crate) mod findings;
pub(crate) mod found;
pub(crate) mod hostile;
pub(crate) mod paid;
pub(crate) mod payouts;
mod place;
pub(crate) mod proof;
mod server;
mod side;
pub(crate) mod small;
mod stage;
pub(crate) mod stored;
pub(crate) mod viewed;
pub(crate) mod watched;
