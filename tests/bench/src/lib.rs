//! `largesse-bench`: how fast a gift is, as ratios to what the same machine does in the same minute without us.
//!
//! Three processes: this one calls, `largesse serve` answers, and a bare tonic server without our layers is what it is compared with. Both are
//! called over loopback TCP by the same generated client on as many connections. Measurements of a row take turns, round after round, and a
//! ratio is the median over the rounds, so that a neighbour's load falls on both of its sides.
//!
//! - [`plan`], [`options`]: what is measured, on what, and which comparisons are made of it.
//! - [`load`], then [`measure`], then [`report`]: layers, each of which knows the ones before it only.
//! - [`run`]: all of it.

pub mod load;
pub mod measure;
pub mod options;
pub mod plan;
pub mod report;
mod run;

pub use run::run;
