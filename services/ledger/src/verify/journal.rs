//! Walks the chain: every commit follows from the one before it, every event from its rows.

use super::{Check, Fault, PAGE, bad};
use crate::{
    codec,
    domain::event::{Checkpoint, transfer_no},
    store::{Commit, Error, StoredEvent},
};

impl Check<'_> {
    /// Replays from where the check is up to `head`.
    pub(super) async fn follow(&mut self, head: &Commit) -> Result<(), Fault> {
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

    /// Replays up to the last commit there is now: whatever was read of the store before is then no newer than the replay.
    pub(super) async fn catch_up(&mut self) -> Result<(), Fault> {
        match self.store.head(self.book.key).await? {
            Some(head) => self.follow(&head).await,
            None => Ok(()),
        }
    }

    async fn commit(&mut self, commit: &Commit) -> Result<(), Fault> {
        let last_seq = self.at.last_seq;
        let mut digests = Vec::new();
        let mut seq = last_seq;
        while seq < commit.last_seq {
            let events = self.events(seq + 1, PAGE.min(commit.last_seq - seq)).await?;
            if events.is_empty() {
                return bad(seq + 1, "the event is missing");
            }
            for stored in events {
                seq += 1;
                if stored.event.seq != seq {
                    return bad(seq, "the event is missing");
                }
                let digest = codec::digest(&stored.event, &stored.body);
                if codec::checksum(&digest) != stored.checksum {
                    return bad(seq, "the event is not what was committed: its checksum differs");
                }
                self.report.events += 1;
                self.report.transfers += i64::try_from(stored.event.transfers.len()).expect("at most 64");
                self.replayed.event(&stored.event).or_else(|what| bad(seq, what))?;
                digests.push(digest);
            }
            self.settle_full().await?;
        }
        let Commit { commit_no, epoch, last_seq: end, time, .. } = *commit;
        let fields = codec::CommitFields { book: &self.book.name, commit_no, epoch, last_seq: end, time };
        if codec::commit_hash(&self.at.hash, &fields, &digests) != commit.hash {
            return bad(last_seq + 1, format!("commit {commit_no}, from this event to {end}, is not what was chained: its hash differs"));
        }
        let due = self.replayed.due.drain(..).map(|due| ((due.account, due.no), Checkpoint { time, ..due }));
        self.replayed.checkpoints.extend(due);
        self.commit_row(commit)
    }

    /// What a commit's row says besides what its hash covers.
    fn commit_row(&self, commit: &Commit) -> Result<(), Fault> {
        let (no, first) = (commit.commit_no, self.at.last_seq + 1);
        if commit.last_key != self.replayed.last_key {
            return bad(first, format!("commit {no} says that the last account is {}, it is {}", commit.last_key, self.replayed.last_key));
        }
        if commit.time < self.at.time {
            return bad(first, format!("commit {no} is older than the one before it"));
        }
        if commit.replay_from > transfer_no(commit.last_seq + 1, 0) {
            return bad(first, format!("commit {no} has a restart begin after its end"));
        }
        Ok(())
    }

    /// A page of events; where one can't be read, it is found and named.
    pub(super) async fn events(&self, from: i64, limit: i64) -> Result<Vec<StoredEvent>, Fault> {
        match self.store.events(self.book.key, from, limit).await {
            Ok(events) => Ok(events),
            Err(Error::Damaged(_)) => {
                for seq in from..from + limit {
                    if let Err(Error::Damaged(what)) = self.store.events(self.book.key, seq, 1).await {
                        return bad(seq, what);
                    }
                }
                bad(from, "events can't be read")
            }
            Err(error) => Err(error.into()),
        }
    }
}
