//! Payment rails as dated data, and the decisions made with them: pure and synchronous, no clock and no network.
//!
//! - [`book`]: all rails and calendars; [`check`] reads an operator's file and names every problem, [`RailBook::overlaid`] lays it over ours.
//! - [`record`]: one rail for the time that a record is valid. [`mod@diff`]: what changed between two books.
//! - [`cap`]: the caps of scheme, bank and own policy, and which is the lowest.
//! - [`calendar`]: business days by computed rules and loaded lists.
//! - [`hours`]: whether a rail is open, which cut-off applies, when the money is there and final.
//! - [`reach`]: lists of participants. [`route`]: the choice of a rail, and why not the others.
//!
//! Costs, limits and times are facts of a day with a source and a confidence; all of them are in `data/rails.toml` or an operator's file, not in code.

pub mod book;
pub mod calendar;
pub mod cap;
pub mod diff;
pub mod fault;
pub mod hours;
pub mod reach;
mod reader;
pub mod record;
pub mod route;
#[cfg(test)]
mod sample;

pub use book::{RailBook, check};
pub use calendar::{CalendarGap, HolidayCalendars};
pub use cap::{CapAnswer, CapOwner, DatedCap, LowestCap, RailCaps, cap_answer, lowest_cap, unjudged_caps};
pub use diff::{RailChange, diff};
pub use fault::RailFault;
pub use hours::{PaymentExpectation, SendTerms};
pub use reach::{ParticipantBook, ParticipantKey, ParticipantList, Reachability};
pub use record::RailRecord;
pub use route::{RouteChoice, RouteInputs, RoutePolicy, RoutePreference, RouteRequest, choose, reason::WhyNot};
