//! `largesse-bench`: how fast a gift is, as ratios to a bare server on the same machine in the same minute.
//!
//! Three processes: this one calls, `largesse serve` answers, and a bare tonic server without our layers is the comparison. Both are called over loopback TCP
//! by the same generated client on the same number of connections. Measurements of a row alternate, round after round, and a ratio is the median over the
//! rounds, so that load from other processes affects both of its sides.
//!
//! - [`plan`], [`options`]: what is measured, on which database, and which comparisons are made.
//! - [`load`], then [`measure`], then [`report`]: layers, each of which uses only the ones before it.
//! - [`run`]: a complete run.

pub mod load;
pub mod measure;
pub mod options;
pub mod plan;
pub mod report;
mod run;

pub use run::run;
