//! Does the book match its journal? Reads the store in pages and names the first bad event.
//!
//! - `journal`: walks commits and events; `chain`: recomputes every digest and hash.
//! - [`follow`]: the same continuously, in bounded memory, for as long as the process runs.
//! - `replayed`: the state that follows from the journal alone.
//! - `behind`: the log of accounts, compared with that state.
//! - `checkpoints`: an account after every 256th of its entries, compared with that state.
//! - `heads`: the chain against the heads written outside the database.
//! - `rows`: tables derived from the journal, compared with that state.
//!
//! Every read is one short statement, so a live book is never blocked. The book changes meanwhile: rows are read first, then the journal is followed
//! past them, so that a row is compared with the state at the time it was written. In memory are the accounts (some 250 bytes each), the guards (some
//! 80 bytes each, their keys as digests), open holds, a checkpoint (some 100 bytes) for every 256 entries, and one page.

use crate::{
    codec,
    domain::event::Transfer,
    store::{Book, Commit, Error, Store},
};
use heads::HeadLines;
use replayed::Replayed;
use std::path::Path;

mod chain;
mod checkpoints;
pub mod follow;
mod heads;
mod journal;
mod limits;
mod replayed;
mod rows;
mod write_behind;

/// Events, commits or rows of one read.
const PAGE: i64 = 2_000;

/// The result of checking a book.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct VerifyReport {
    /// Name of the book.
    pub book: String,
    /// Events that were checked.
    pub events: i64,
    /// Transfers that were checked.
    pub transfers: i64,
    /// The chain's head: number and hash, in hexadecimal.
    pub head_commit_no: i64,
    /// Hash of that commit, in hexadecimal.
    pub head_hash: String,
    /// Heads written outside the database that match the chain; `None` if there were none to compare with.
    pub heads: Option<i64>,
    /// `None`: every check passed.
    pub problem: Option<BookProblem>,
}

/// The first problem found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct BookProblem {
    /// Place of the bad event in the journal; 0 when no event caused the problem.
    pub seq: i64,
    /// What is wrong with it.
    pub what: String,
}

fn bad<T>(seq: i64, what: impl Into<String>) -> Result<T, VerifyFault> {
    Err(VerifyFault::Bad(BookProblem { seq, what: what.into() }))
}

/// Checks that a transfer is between two accounts. A transfer from an account to itself moves nothing, whatever its counters say; no request can ask
/// for it.
fn not_to_itself(transfer: &Transfer) -> Result<(), String> {
    if transfer.debit == transfer.credit { Err(format!("transfer {} has one account on both sides", transfer.no)) } else { Ok(()) }
}

enum VerifyFault {
    Bad(BookProblem),
    Store(Error),
}

impl From<Error> for VerifyFault {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

/// Checks a book up to its last commit. Only a store that can't be read is an error.
pub async fn verify(store: &dyn Store, book: &Book) -> Result<VerifyReport, Error> {
    verify_against(store, book, None).await
}

/// As [`verify`], and compares the chain with the heads in a directory.
pub async fn verify_against(store: &dyn Store, book: &Book, heads: Option<&Path>) -> Result<VerifyReport, Error> {
    let start = beginning();
    let report = VerifyReport { book: book.name.clone(), ..VerifyReport::default() };
    let mut check = BookCheck { store, book, report, replayed: Replayed::default(), heads: None, at: start };
    let checked = check.run(heads).await;
    check.report.heads = check.heads.as_ref().map(|lines| lines.compared);
    match checked {
        Ok(()) => {}
        Err(VerifyFault::Bad(problem)) => check.report.problem = Some(problem),
        Err(VerifyFault::Store(error)) => return Err(error),
    }
    Ok(check.report)
}

/// The predecessor of the first commit.
const fn beginning() -> Commit {
    Commit { commit_no: 0, epoch: 0, last_seq: 0, last_key: 0, time: 0, format: codec::FORMAT, hash: [0; 32], replay_from: 0 }
}

struct BookCheck<'a> {
    store: &'a dyn Store,
    book: &'a Book,
    report: VerifyReport,
    replayed: Replayed,
    heads: Option<HeadLines>,
    /// The commit up to which everything was replayed.
    at: Commit,
}

impl BookCheck<'_> {
    async fn run(&mut self, heads: Option<&Path>) -> Result<(), VerifyFault> {
        if let Some(dir) = heads {
            // Before the head is read: so no line can be of a later commit.
            self.heads = HeadLines::open(dir, self.book).await?;
        }
        if let Some(head) = self.store.head(self.book.key).await? {
            self.replayed.tail_from = head.replay_from;
            self.read_log().await?;
            self.follow(&head).await?;
            self.log_was_met().await?;
        }
        self.heads_beyond()?;
        self.strays().await?;
        self.report.head_commit_no = self.at.commit_no;
        self.report.head_hash = hex::encode(self.at.hash);
        self.checkpoint_rows().await?;
        self.account_rows().await?;
        self.guard_rows().await?;
        self.hold_rows().await?;
        self.limit_rows().await
    }
}
