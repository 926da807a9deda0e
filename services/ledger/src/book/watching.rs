//! Follows a book's journal, commit by commit, without gaps. Watchers that keep up are fed by the writer; the others read the store, few at a time.

use super::{BookHandle, SharedBook};
use crate::{
    error::Error,
    journal::{AccountNames, PublishedCommit, keys},
    store::{self, Commit, Store, StoredEvent},
};
use std::{collections::VecDeque, sync::Arc, time::Duration};
use tokio::{
    sync::{
        Semaphore,
        broadcast::{Receiver, error::RecvError},
    },
    time::timeout,
};

/// Commits of one read, and the number of events after which no further commit is added to it.
const COMMITS_MAX: i64 = 128;
const EVENTS_MAX: i64 = 1_000;

/// Watchers of a process that read the store at once; the others wait. Fewer than the store's connections, so that other readers need not wait.
pub(crate) const READS_MAX: usize = 2;

/// Where a watcher begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WatchFrom {
    /// At this event.
    Seq(i64),
    /// After this commit, identified by its hash; number 0 is the beginning.
    Commit {
        /// From 1.
        commit_no: i64,
        /// As an earlier cursor gave it.
        hash: Vec<u8>,
    },
}

/// The last commit that was sent to a watcher.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SeenCommit {
    pub commit_no: i64,
    pub hash: [u8; 32],
    pub last_seq: i64,
}

impl SeenCommit {
    fn after(commit: &Commit) -> Self {
        Self { commit_no: commit.commit_no, hash: commit.hash, last_seq: commit.last_seq }
    }
}

/// A watcher's position.
pub(crate) struct JournalWatch {
    book: i64,
    store: Arc<dyn Store>,
    /// Not the handle: a watcher must not keep the writer running.
    shared: Arc<SharedBook>,
    reads: Arc<Semaphore>,
    news: Receiver<Arc<PublishedCommit>>,
    /// The last commit sent.
    pub at: SeenCommit,
    /// The store may have more commits than were announced.
    behind: bool,
    read: VecDeque<Arc<PublishedCommit>>,
}

impl JournalWatch {
    /// Starts. A hash that is not the journal's, or a commit that it does not have, is [`Error::JournalDiverged`].
    pub(crate) async fn start(handle: &BookHandle, from: WatchFrom, reads: Arc<Semaphore>) -> Result<Self, Error> {
        // Subscribe first, then read the head: no commit is missed in between.
        let news = handle.shared.journal.subscribe();
        let head = handle.published().await?;
        let (book, store, shared) = (handle.row.key, handle.store.clone(), handle.shared.clone());
        let at = begin(&*store, book, &head, from).await?;
        Ok(Self { book, store, shared, reads, news, at, behind: true, read: VecDeque::new() })
    }

    /// The next commit; `None` if there was none in time. Safe to drop while it waits.
    pub(crate) async fn next(&mut self, wait: Duration) -> Result<Option<Arc<PublishedCommit>>, Error> {
        loop {
            if let Some(news) = self.read.pop_front() {
                self.at = SeenCommit::after(&news.commit);
                return Ok(Some(news));
            }
            if let Some(owner) = self.shared.lease_owner() {
                return Err(Error::NotTheWriter(owner));
            }
            if self.behind {
                self.catch_up().await?;
                continue;
            }
            match timeout(wait, self.news.recv()).await {
                Err(_) => {
                    // Every published commit should have been announced; one that was not is read from the store.
                    self.behind = self.shared.journal.head().is_some_and(|head| head.commit_no != self.at.commit_no);
                    return Ok(None);
                }
                Ok(Ok(news)) if news.commit.commit_no == self.at.commit_no + 1 && !news.is_unread() => self.read.push_back(news),
                // Read from the store before it was announced.
                Ok(Ok(news)) if news.commit.commit_no <= self.at.commit_no && !news.is_unread() => {}
                Ok(Ok(_) | Err(RecvError::Lagged(_))) => self.behind = true,
                Ok(Err(RecvError::Closed)) => return Ok(None),
            }
        }
    }

    /// Reads one page of published commits not yet sent. A watcher that takes it slowly delays nobody.
    async fn catch_up(&mut self) -> Result<(), Error> {
        let _turn = self.reads.acquire().await.map_err(|_| Error::OutcomeUnknown)?;
        let Some(head) = self.shared.journal.head() else { return Err(Error::OutcomeUnknown) };
        if head.commit_no < self.at.commit_no {
            return Err(Error::JournalDiverged);
        }
        // The commit sent last is read again, to check that it is unchanged.
        let first = self.at.commit_no.max(1);
        let mut commits = self.store.commits(self.book, first, COMMITS_MAX).await?;
        commits.retain(|commit| commit.commit_no <= head.commit_no);
        if self.at.commit_no > 0 {
            if commits.first().is_none_or(|commit| (commit.commit_no, commit.hash) != (self.at.commit_no, self.at.hash)) {
                return Err(Error::JournalDiverged);
            }
            commits.remove(0);
        }
        let end = self.at.last_seq + EVENTS_MAX;
        let fitting = commits.iter().take_while(|commit| commit.last_seq <= end).count().max(1);
        commits.truncate(fitting);
        self.behind = match commits.last() {
            Some(last) => last.commit_no < head.commit_no,
            None if self.at.commit_no == head.commit_no => false,
            None => return Err(missing(self.at.commit_no + 1)),
        };
        self.read = self.read_commits(commits).await?;
        Ok(())
    }

    async fn read_commits(&self, commits: Vec<Commit>) -> Result<VecDeque<Arc<PublishedCommit>>, Error> {
        let mut read = VecDeque::with_capacity(commits.len());
        let (mut commit_no, mut last_seq) = (self.at.commit_no, self.at.last_seq);
        let mut events = VecDeque::from(self.read_events(last_seq, commits.last().map_or(last_seq, |commit| commit.last_seq)).await?);
        for commit in commits {
            commit_no += 1;
            if commit.commit_no != commit_no {
                return Err(missing(commit_no));
            }
            let count = usize::try_from(commit.last_seq - last_seq).map_err(|_| missing(commit_no))?;
            let own: Vec<StoredEvent> = events.drain(..count.min(events.len())).collect();
            let names = self.names(&own).await?;
            last_seq = commit.last_seq;
            read.push_back(Arc::new(PublishedCommit::read(commit, own, names)));
        }
        Ok(read)
    }

    /// Every event after `after` up to `last`.
    async fn read_events(&self, after: i64, last: i64) -> Result<Vec<StoredEvent>, Error> {
        let mut events: Vec<StoredEvent> = Vec::new();
        let mut seq = after;
        while seq < last {
            let page = self.store.events(self.book, seq + 1, EVENTS_MAX.min(last - seq)).await?;
            for stored in page {
                seq += 1;
                if stored.event.seq != seq {
                    return Err(store::Error::Damaged(format!("event {seq} is missing")).into());
                }
                events.push(stored);
            }
            if events.last().is_none_or(|stored| stored.event.seq != seq) {
                return Err(store::Error::Damaged(format!("event {} is missing", seq + 1)).into());
            }
        }
        Ok(events)
    }

    async fn names(&self, events: &[StoredEvent]) -> Result<AccountNames, Error> {
        let mut asked: Vec<i64> = events.iter().flat_map(|stored| keys(&stored.event)).collect();
        asked.sort_unstable();
        asked.dedup();
        if asked.is_empty() {
            return Ok(AccountNames::new());
        }
        let accounts = self.store.accounts_by_key(self.book, &asked).await?;
        let names: AccountNames = accounts.into_iter().map(|account| (account.key, (account.name, account.unit))).collect();
        match asked.iter().find(|key| !names.contains_key(key)) {
            Some(key) => Err(store::Error::Damaged(format!("account {key} has no row")).into()),
            None => Ok(names),
        }
    }
}

fn missing(commit_no: i64) -> Error {
    store::Error::Damaged(format!("commit {commit_no} is missing")).into()
}

/// The last commit before the first one the watcher asked for.
async fn begin(store: &dyn Store, book: i64, head: &Commit, from: WatchFrom) -> Result<SeenCommit, Error> {
    match from {
        WatchFrom::Seq(seq) if seq > head.last_seq + 1 => Err(Error::JournalAhead { last_seq: head.last_seq }),
        WatchFrom::Seq(seq) if seq == head.last_seq + 1 => Ok(SeenCommit::after(head)),
        WatchFrom::Seq(seq) => {
            let own = store.commit_of(book, seq).await?.ok_or_else(|| store::Error::Damaged(format!("event {seq} has no commit")))?;
            if own.commit_no == 1 {
                return Ok(SeenCommit::default());
            }
            let before = store.commits(book, own.commit_no - 1, 1).await?.into_iter().next();
            before
                .filter(|commit| commit.commit_no + 1 == own.commit_no)
                .map(|commit| SeenCommit::after(&commit))
                .ok_or(missing(own.commit_no - 1))
        }
        WatchFrom::Commit { commit_no: 0, .. } => Ok(SeenCommit::default()),
        WatchFrom::Commit { commit_no, hash } => {
            let there = if commit_no <= head.commit_no { store.commits(book, commit_no, 1).await?.into_iter().next() } else { None };
            let same = there.filter(|commit| commit.commit_no == commit_no && commit.hash == *hash);
            same.map(|commit| SeenCommit::after(&commit)).ok_or(Error::JournalDiverged)
        }
    }
}
