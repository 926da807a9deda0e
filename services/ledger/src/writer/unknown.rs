//! Resolves a commit of unknown outcome by writing its number again, never by reading: a read can't see a commit that is still in flight.

use crate::{
    codec,
    domain::standing::Settling,
    store::{Batch, Book, Commit, CommitError, Store},
};
use std::time::Duration;
use tracing::warn;

/// Milliseconds between attempts while the database is unreachable, doubling up to the bound.
const RETRY_MIN_MS: u64 = 20;
const RETRY_MAX_MS: u64 = 1_000;

/// `Ok`: the batch was written. `Fenced` or `Failed`: it never will be.
pub(super) async fn resolve(store: &dyn Store, book: &Book, head: &Commit, batch: &Batch) -> Result<(), CommitError> {
    let claim = std::sync::Arc::new(claim(book, head, batch));
    let mut delay = RETRY_MIN_MS;
    loop {
        match store.commit(&claim).await {
            Ok(()) => return Err(CommitError::Failed("its number was free, so it never happened".to_owned())),
            Err(CommitError::Fenced) => match store.commits(book.key, batch.commit.commit_no, 1).await {
                Ok(there) => {
                    let there = there.into_iter().next();
                    let ours = there.is_some_and(|commit| (commit.epoch, commit.hash) == (batch.commit.epoch, batch.commit.hash));
                    // The claim's own answer may have been lost: then the number is ours, and the batch was never written.
                    if !ours {
                        return Err(CommitError::Fenced);
                    }
                    // It was written here. It counts once it is stored as safely as required, and only a later write that is can show that.
                    match store.settle().await {
                        Ok(()) => return Ok(()),
                        Err(why) => warn!(book = book.name, %why, "the commit is written, but not yet stored as safely as required"),
                    }
                }
                Err(why) => warn!(book = book.name, %why, "can't read whose commit it is yet"),
            },
            Err(CommitError::Failed(why) | CommitError::Unknown(why)) => warn!(book = book.name, why, "can't resolve the commit yet"),
        }
        tokio::time::sleep(Duration::from_millis(delay)).await;
        delay = (delay * 2).min(RETRY_MAX_MS);
    }
}

/// An empty commit under the same number and another epoch.
fn claim(book: &Book, head: &Commit, batch: &Batch) -> Batch {
    let (commit_no, epoch) = (batch.commit.commit_no, batch.commit.epoch + 1);
    let fields = codec::CommitFields { book: &book.name, commit_no, epoch, last_seq: head.last_seq, time: batch.commit.time };
    let hash = codec::commit_hash(&head.hash, &fields, &[]);
    let commit = Commit { commit_no, epoch, time: batch.commit.time, hash, ..head.clone() };
    Batch {
        book: book.key,
        commit,
        events: Vec::new(),
        refusals: Vec::new(),
        guards: Vec::new(),
        holds: Vec::new(),
        opened: Vec::new(),
        checkpoints: Vec::new(),
        limits: Vec::new(),
        flushed: Vec::new(),
        logged: Vec::new(),
        settled: Settling::default(),
    }
}
