//! One commit's events, read in pages: gap-free, unchanged since they were committed, and chained on to the commit before.

use super::{PAGE, VerifyFault, bad};
use crate::{
    codec,
    store::{Book, Commit, Error, Store, StoredEvent},
};

/// The events of one commit.
pub(super) struct ChainedEvents<'a> {
    store: &'a dyn Store,
    book: &'a Book,
    commit: &'a Commit,
    first: i64,
    /// The last event that was read.
    seq: i64,
    digests: Vec<[u8; 32]>,
}

impl<'a> ChainedEvents<'a> {
    /// The events of `commit`, whose predecessor ends with `last_seq`.
    pub fn new(store: &'a dyn Store, book: &'a Book, last_seq: i64, commit: &'a Commit) -> Self {
        Self { store, book, commit, first: last_seq + 1, seq: last_seq, digests: Vec::new() }
    }

    /// The next page; empty at the end.
    pub async fn page(&mut self) -> Result<Vec<StoredEvent>, VerifyFault> {
        if self.seq >= self.commit.last_seq {
            return Ok(Vec::new());
        }
        let page = events(self.store, self.book.key, self.seq + 1, PAGE.min(self.commit.last_seq - self.seq)).await?;
        if page.is_empty() {
            return bad(self.seq + 1, "the event is missing");
        }
        for stored in &page {
            self.seq += 1;
            let seq = self.seq;
            if stored.event.seq != seq {
                return bad(seq, "the event is missing");
            }
            let digest = codec::digest(&stored.event, &stored.body);
            if codec::checksum(&digest) != stored.checksum {
                return bad(seq, "the event is not what was committed: its checksum differs");
            }
            self.digests.push(digest);
        }
        Ok(page)
    }

    /// After the last page: checks that the commit's hash covers exactly what was read.
    pub fn close(self, previous_hash: &[u8; 32]) -> Result<(), VerifyFault> {
        let Commit { commit_no, epoch, last_seq, time, .. } = *self.commit;
        let fields = codec::CommitFields { book: &self.book.name, commit_no, epoch, last_seq, time };
        if codec::commit_hash(previous_hash, &fields, &self.digests) != self.commit.hash {
            let what = format!("commit {commit_no}, from this event to {last_seq}, is not what was chained: its hash differs");
            return bad(self.first, what);
        }
        Ok(())
    }
}

/// A page of events; an unreadable one is found and named.
pub(super) async fn events(store: &dyn Store, book: i64, from: i64, limit: i64) -> Result<Vec<StoredEvent>, VerifyFault> {
    match store.events(book, from, limit).await {
        Ok(events) => Ok(events),
        Err(Error::Damaged(_)) => {
            for seq in from..from + limit {
                if let Err(Error::Damaged(what)) = store.events(book, seq, 1).await {
                    return bad(seq, what);
                }
            }
            bad(from, "events can't be read")
        }
        Err(error) => Err(error.into()),
    }
}
