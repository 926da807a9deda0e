//! Banks' files that nobody sends: taken from directories and fetched from addresses, as the rows of `treasury.statement_sources` say. Each file goes the way of
//! ImportStatement, so it is recognised by its bytes however often it comes, and whoever stops between its booking and its moving does it again.
use crate::{
    config::StatementSource,
    error::Error,
    meters::{self, Received},
    reconcile::ImportState,
    store::FilePart,
    treasury::Treasury,
    wire::reconciliation::PART_BYTES,
};
use directory::WatchedDirectory;
use fetch::FetchedAddress;
use futures::future::join_all;
use money::time::unix_ms;
use sha2::{Digest as _, Sha256};
use std::{io, time::Duration};
use tokio_util::sync::CancellationToken;

mod directory;
pub(crate) mod failing;
mod fetch;

/// The longest pause of an address that does not answer, unless its own is longer.
const PAUSE_MAX: Duration = Duration::from_hours(1);

/// Why a source gave nothing this time. Nothing of it is lost: the next look begins anew.
#[derive(Debug, thiserror::Error)]
pub enum IntakeFault {
    /// The directory, or a file in it.
    #[error("{what} in its directory: {error}")]
    Directory {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        error: io::Error,
    },
    /// The token's file.
    #[error("its token_file can't be read: {0}")]
    Token(io::Error),
    /// No answer, or none that is whole.
    #[error("the bank can't be reached, or its answer broke off: {0}")]
    Unreachable(reqwest::Error),
    /// Another answer than a file.
    #[error("the bank answered with HTTP status {0}")]
    Status(u16),
    /// The file has too many bytes.
    #[error("the bank's answer is longer than {0} bytes, so it was not read")]
    TooLong(usize),
    /// The service itself.
    #[error("a file was read and is not imported yet: {0}")]
    Import(Error),
}

/// What became of a file.
pub(crate) enum IntakeOutcome {
    /// It was imported, now or before.
    Done(ImportState),
    /// It can't be: why.
    Refused(String),
}

enum StatementOrigin {
    Directory(WatchedDirectory),
    Address(FetchedAddress),
}

/// A source of files.
pub struct StatementIntake {
    treasury: Treasury,
    source: String,
    every: Duration,
    origin: StatementOrigin,
    failures: u32,
}

impl Treasury {
    /// The sources of the settings.
    pub(crate) fn intakes(&self) -> Result<Vec<StatementIntake>, crate::config::InvalidOption> {
        self.config.statement_sources.iter().map(|row| StatementIntake::try_new(self.clone(), row)).collect()
    }

    /// Imports a whole file for a source.
    pub(crate) async fn take_in(&self, source: &str, bytes: &[u8]) -> Result<IntakeOutcome, Error> {
        let hash = hex::encode(Sha256::digest(bytes));
        let by = format!("source/{source}");
        let mut outcome = IntakeOutcome::Refused("it is empty".to_owned());
        for (at, part) in bytes.chunks(PART_BYTES).enumerate() {
            let offset = i64::try_from(at * PART_BYTES).unwrap_or(i64::MAX);
            let size_bytes = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
            let part = FilePart { book: self.book.as_str(), hash: &hash, size_bytes, offset_bytes: offset, bytes: part };
            outcome = match self.import(part, &by).await {
                Ok(imported) => IntakeOutcome::Done(imported.state),
                Err(Error::Statement { problem, .. }) => IntakeOutcome::Refused(problem),
                Err(error) => return Err(error),
            };
            // The rest of a file that is known, or refused, says nothing new.
            if !matches!(outcome, IntakeOutcome::Done(ImportState::Receiving)) {
                break;
            }
        }
        let received = match &outcome {
            IntakeOutcome::Done(ImportState::Known) => Received::Known,
            IntakeOutcome::Done(_) => Received::Taken,
            IntakeOutcome::Refused(problem) => {
                tracing::warn!(source, hash, problem, "a bank's file was refused");
                Received::Refused
            }
        };
        meters::statement_received(source, received);
        Ok(outcome)
    }
}

impl StatementIntake {
    fn try_new(treasury: Treasury, row: &StatementSource) -> Result<Self, crate::config::InvalidOption> {
        let origin = if row.is_url() {
            StatementOrigin::Address(FetchedAddress::try_new(row)?)
        } else {
            StatementOrigin::Directory(WatchedDirectory::new(&row.directory))
        };
        let (source, every) = (row.source.clone(), Duration::from_millis(row.every_ms));
        Ok(Self { treasury, source, every, origin, failures: 0 })
    }

    /// Looks once, and takes what is there.
    pub async fn look(&mut self) -> Result<(), IntakeFault> {
        let looked = match &mut self.origin {
            StatementOrigin::Directory(directory) => directory.look(&self.treasury, &self.source).await,
            StatementOrigin::Address(address) => address.look(&self.treasury, &self.source).await,
        };
        let failed_at_ms = looked.is_err().then(|| unix_ms((self.treasury.clock)()));
        self.treasury.failing.note(&self.source, failed_at_ms);
        self.failures = if looked.is_err() { self.failures.saturating_add(1) } else { 0 };
        looked
    }

    /// The pause until the next look: twice as long after each failure in a row of an address.
    #[must_use]
    pub fn pause(&self) -> Duration {
        match self.origin {
            StatementOrigin::Directory(_) => self.every,
            StatementOrigin::Address(_) => (self.every * 2_u32.saturating_pow(self.failures.min(16))).min(self.every.max(PAUSE_MAX)),
        }
    }

    async fn follow(mut self, shutdown: &CancellationToken) {
        loop {
            if let Err(error) = self.look().await {
                tracing::warn!(source = self.source, %error, failures = self.failures, "statements could not be taken from a source; it is looked at again");
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(self.pause()) => {}
            }
        }
    }
}

/// Looks at all sources until `shutdown`; any number of processes may look at the same.
pub(crate) async fn follow(intakes: Vec<StatementIntake>, shutdown: CancellationToken) {
    join_all(intakes.into_iter().map(|intake| intake.follow(&shutdown))).await;
}
