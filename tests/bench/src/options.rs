//! What to measure, and against which database.
use crate::{load::crowd::BenchCrowd, plan::BenchRow};
use std::{path::PathBuf, time::Duration};

/// What to measure, and against which database.
#[derive(Debug, Clone)]
pub struct Options {
    /// `sqlite:DIR` or `postgres://…`. `None`: a new SQLite directory, removed afterwards.
    pub database: Option<String>,
    /// Where that directory is created.
    pub work_dir: PathBuf,
    /// Duration of each measurement, in each round.
    pub slice: Duration,
    /// How often each measurement is repeated.
    pub rounds: usize,
    /// The rows to measure.
    pub rows: Vec<BenchRow>,
    /// The large book, if it is measured.
    pub stored: BookSize,
    /// Payouts of the open loop.
    pub payouts: u64,
    /// Creators whom a run pays.
    pub run_creators: u64,
}

/// The size of the large book.
#[derive(Debug, Clone)]
pub struct BookSize {
    /// Viewers and creators.
    pub accounts: u64,
    /// Transfers; each gift is two transfers.
    pub transfers: u64,
    /// Where it is kept for another run, or was kept by one.
    pub dir: Option<PathBuf>,
}

impl BookSize {
    /// The share of viewers is that of the dataset from which the skew is taken: 23,772 of 59,142.
    pub(crate) fn crowd(&self) -> BenchCrowd {
        let viewers = self.accounts * 2 / 5;
        BenchCrowd { viewers, creators: self.accounts - viewers }
    }

    /// Gifts that are sent after every viewer got coins.
    pub(crate) fn gifts(&self) -> u64 {
        self.transfers.saturating_sub(self.crowd().viewers) / 2
    }

    /// The problem with the size, if any. Every account needs a transfer of its own.
    pub fn problem(&self) -> Option<String> {
        if self.accounts < 10 {
            return Some("--stored-accounts must be 10 or more".to_owned());
        }
        let BenchCrowd { viewers, creators } = self.crowd();
        (self.gifts() < creators)
            .then(|| format!("--stored-transfers must be {} or more: each account needs one of its own", viewers + 2 * creators))
    }
}

#[cfg(test)]
mod tests;
