//! `largesse bench`: how fast a gift is, as ratios to what the same machine does in the same minute without us.
//!
//! Three processes: this one calls, a house answers, and a bare tonic server without our layers is what the house is compared with. Both are
//! called over loopback TCP by the same generated client on as many connections. Measurements of a row take turns, round after round, and a
//! ratio is the median over the rounds, so that a neighbour's load falls on both of its sides.
//!
//! - [`plan`]: what is measured, and which comparisons are made of it; [`floors`]: what each must reach.
//! - `house`, [`echo`], `child`: the two servers, each a child process; `backends`: PostgreSQL's processes.
//! - `users`, `crowd`: who sends and receives, how unevenly, their tokens, and requests without end.
//! - `load`: closed loops of calls and streams; `volley`: open loops; `disk`: what the disk does by itself; `measure`: one measurement.
//! - `naive`: PostgreSQL without us. `stored`: a book with millions of accounts. `watched`: what telemetry costs. [`hostile`]: honest callers beside
//!   people who mean harm.
//! - `place`, `side`: a house and a database of its own, for rows that compare two.
//! - `proof`: every accepted gift is in the ledger, once. [`report`]: numbers for people and programs.

use money::BookName;
use std::{error::Error, path::PathBuf, time::Duration};

mod backends;
mod child;
mod crowd;
mod disk;
pub mod echo;
pub mod floors;
pub mod hostile;
mod house;
mod load;
mod measure;
mod naive;
mod place;
pub mod plan;
mod proof;
pub mod report;
mod run;
mod side;
pub mod stored;
mod users;
mod volley;
mod watched;

pub use plan::Row;
pub use report::Report;
pub use run::run;

/// Why a run can't tell anything. Told to a person, so it needs no type.
pub type Fault = Box<dyn Error + Send + Sync>;

/// What to measure, and against which database.
#[derive(Debug, Clone)]
pub struct Options {
    /// `sqlite:DIR` or `postgres://…`. None: an SQLite directory of its own, removed afterwards.
    pub database: Option<String>,
    /// Where that directory is made.
    pub work_dir: PathBuf,
    /// How long each measurement takes, in each round.
    pub slice: Duration,
    /// How often each is taken.
    pub rounds: usize,
    /// What to measure.
    pub rows: Vec<Row>,
    /// The large book, where that is measured.
    pub stored: stored::Size,
}

/// The book of this run: a book's journal is for ever, so every run has its own.
fn new_book() -> Result<BookName, Fault> {
    Ok(BookName::try_new(&format!("bench-{}", uuid::Uuid::now_v7().simple()))?)
}
