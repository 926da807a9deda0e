//! What to measure, and against which database.
use crate::{load::crowd::BenchCrowd, plan::BenchRow};
use std::{path::PathBuf, time::Duration};

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
    pub rows: Vec<BenchRow>,
    /// The large book, where that is measured.
    pub stored: BookSize,
}

/// The large book that is asked for.
#[derive(Debug, Clone)]
pub struct BookSize {
    /// Viewers and creators.
    pub accounts: u64,
    /// Transfers, two of which are a gift.
    pub transfers: u64,
    /// Where it is kept for another run, or was.
    pub dir: Option<PathBuf>,
}

impl BookSize {
    /// As many viewers among the people as in the data the skew is from: 23,772 of 59,142.
    pub(crate) fn crowd(&self) -> BenchCrowd {
        let viewers = self.accounts * 2 / 5;
        BenchCrowd { viewers, creators: self.accounts - viewers }
    }

    /// Gifts that come after every viewer got coins.
    pub(crate) fn gifts(&self) -> u64 {
        self.transfers.saturating_sub(self.crowd().viewers) / 2
    }

    /// What is wrong with it. Every account needs a transfer of its own.
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
