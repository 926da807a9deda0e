//! Walks the chain: every commit follows from the one before it, every event from its rows.

use super::{
    BookCheck, PAGE, VerifyFault, bad,
    chain::{self, ChainedEvents},
};
use crate::{
    domain::event::{Checkpoint, transfer_no},
    store::{Commit, StoredEvent},
};

impl BookCheck<'_> {
    /// Replays from the check's position up to `head`.
    pub(super) async fn follow(&mut self, head: &Commit) -> Result<(), VerifyFault> {
        while self.at.commit_no < head.commit_no {
            let from = self.at.commit_no + 1;
            let commits = self.store.commits(self.book.key, from, PAGE.min(head.commit_no - from + 1)).await?;
            if commits.is_empty() {
                return bad(self.at.last_seq + 1, format!("commit {from} is missing"));
            }
            for commit in commits {
                let next = self.at.commit_no + 1;
                if commit.commit_no != next {
                    return bad(self.at.last_seq + 1, format!("commit {next} is missing"));
                }
                self.commit(&commit).await?;
                self.compare_heads(&commit).await?;
                self.at = commit;
            }
        }
        self.settle_holds().await
    }

    /// Replays up to the present last commit: rows read before are then no newer than the replay.
    pub(super) async fn catch_up(&mut self) -> Result<(), VerifyFault> {
        match self.store.head(self.book.key).await? {
            Some(head) => self.follow(&head).await,
            None => Ok(()),
        }
    }

    async fn commit(&mut self, commit: &Commit) -> Result<(), VerifyFault> {
        let mut events = ChainedEvents::new(self.store, self.book, self.at.last_seq, commit);
        loop {
            let page = events.page().await?;
            if page.is_empty() {
                break;
            }
            for stored in page {
                self.report.events += 1;
                self.report.transfers += i64::try_from(stored.event.transfers.len()).expect("at most 64");
                self.replayed.event(&stored.event).or_else(|what| bad(stored.event.seq, what))?;
            }
            self.settle_full().await?;
        }
        events.close(&self.at.hash)?;
        let time = commit.time;
        let due = self.replayed.due.drain(..).map(|due| ((due.account, due.no), Checkpoint { time, ..due }));
        self.replayed.checkpoints.extend(due);
        self.commit_row(commit)
    }

    /// Checks the fields of a commit's row that its hash does not cover.
    fn commit_row(&self, commit: &Commit) -> Result<(), VerifyFault> {
        let (no, first) = (commit.commit_no, self.at.last_seq + 1);
        if commit.last_key != self.replayed.last_key {
            return bad(first, format!("commit {no} says that the last account is {}, it is {}", commit.last_key, self.replayed.last_key));
        }
        if commit.time < self.at.time {
            return bad(first, format!("commit {no} is older than the one before it"));
        }
        if commit.replay_from > transfer_no(commit.last_seq + 1, 0) {
            return bad(first, format!("a restart from commit {no} would begin after its end"));
        }
        Ok(())
    }

    /// A page of events; an unreadable one is found and named.
    pub(super) async fn events(&self, from: i64, limit: i64) -> Result<Vec<StoredEvent>, VerifyFault> {
        chain::events(self.store, self.book.key, from, limit).await
    }
}
