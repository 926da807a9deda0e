//! The rules. No async, SQL, gRPC, clock or randomness in here: the same requests in the same order make the same journal.
//!
//! - [`account`]: an account's counters and how they move.
//! - [`request`]: what can be requested of a book.
//! - [`limit`]: what may leave an account in an hour, a day or a month.
//! - [`event`]: what happens to a book, event by event.
//! - [`refusal`]: the closed list of refusals.
//! - [`standing`]: newer states of accounts that their rows lack.
//! - [`state`]: a book in memory, with the values from before the batch that is in flight.
//! - [`decide`]: request in, event or refusal out.

/// The chart of accounts, which is a crate of its own.
pub use ::chart;

pub mod account;
mod accounts;
pub mod debtors;
pub mod decide;
pub mod event;
pub mod limit;
pub mod refusal;
pub mod request;
pub mod standing;
pub mod state;

/// Microseconds since the Unix epoch, from the writer's clock.
pub type Micros = i64;
