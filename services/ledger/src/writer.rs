//! One writer per book: collect, prefetch, decide, commit, publish.
//!
//! It takes everything that waits while the previous commit ran: a lone request commits at once, load makes batches by itself. Readers
//! never wait for it and never see what a commit has not resolved.

use crate::{
    answer::{Answer, Job, posted},
    book::Shared,
    config::Config,
    domain::{Micros, event::Body},
    error::Error,
    ids::RecentIds,
    store::{Book, Commit, CommitError, Known, Store},
};
use plan::Plan;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;
use tracing::{error, info, warn};

mod load;
mod plan;
mod prefetch;
mod replay;
mod unknown;

/// The smallest bound that slow commits shrink batches to.
const BATCH_MIN: usize = 64;

/// A book's only writer in this process.
pub(crate) struct Writer {
    book: Book,
    store: Arc<dyn Store>,
    shared: Arc<Shared>,
    config: Config,
    /// `None`: the book has to be loaded before the next batch.
    loaded: Option<Loaded>,
    batch_limit: usize,
}

/// What the writer alone knows of a loaded book.
struct Loaded {
    head: Commit,
    epoch: i64,
    ids: RecentIds,
}

impl Writer {
    pub(crate) fn new(book: Book, store: Arc<dyn Store>, shared: Arc<Shared>, config: Config) -> Self {
        let batch_limit = config.batch_max.min(1024);
        Self { book, store, shared, config, loaded: None, batch_limit }
    }

    /// Works until the last handle is gone.
    pub(crate) async fn run(mut self, mut queue: mpsc::Receiver<Vec<Job>>) {
        while let Some(mut jobs) = queue.recv().await {
            while jobs.len() < self.batch_limit
                && let Ok(more) = queue.try_recv()
            {
                jobs.extend(more);
            }
            self.shared.taken(jobs.len());
            self.batch(jobs).await;
        }
    }

    async fn batch(&mut self, jobs: Vec<Job>) {
        if let Some(owner) = self.shared.lease_owner() {
            return refuse(jobs, || Error::NotTheWriter(owner.clone()));
        }
        if let Err(why) = self.prepare(&jobs).await {
            error!(book = self.book.name, error = %why, "the book can't be read");
            return refuse(jobs, || Error::CommitFailed);
        }
        let started = Instant::now();
        let count = jobs.len();
        let mut plan = self.decide(jobs);
        let written = match plan.batch.take() {
            Some(batch) => {
                let outcome = self.store.commit(&Arc::new(batch.clone())).await;
                self.resolve(outcome, &batch).await.map(|()| Some(batch))
            }
            None => Ok(None),
        };
        match written {
            Ok(batch) => {
                self.publish(plan, batch);
                self.adapt(count, started.elapsed());
            }
            Err(why) => {
                // Nothing of it may be seen, and nothing built on it.
                self.shared.state().restore();
                self.loaded = None;
                plan.refuse(why);
            }
        }
    }

    /// The book is loaded and holds what the jobs name.
    async fn prepare(&mut self, jobs: &[Job]) -> Result<(), crate::store::Error> {
        if self.loaded.is_none() {
            let (loaded, state) = load::load(&*self.store, &self.book, &self.config, now()).await?;
            info!(book = self.book.name, commit_no = loaded.head.commit_no, epoch = loaded.epoch, "book loaded");
            *self.shared.state() = state;
            self.loaded = Some(loaded);
        }
        let loaded = self.loaded.as_mut().expect("loaded just above");
        prefetch::prefetch(&*self.store, self.book.key, &self.shared, &mut loaded.ids, jobs).await
    }

    fn decide(&mut self, jobs: Vec<Job>) -> Plan {
        let loaded = self.loaded.as_mut().expect("prepare has loaded it");
        // The chain's time never goes back, whatever the clock does.
        let time = now().max(loaded.head.time);
        let mut state = self.shared.state();
        let mut decider = plan::Decider { book: &self.book, config: &self.config, head: &loaded.head, epoch: loaded.epoch, time };
        decider.plan(&mut state, &mut loaded.ids, jobs)
    }

    /// Turns the store's word into a certain one: written, or not.
    async fn resolve(&mut self, outcome: Result<(), CommitError>, batch: &crate::store::Batch) -> Result<(), Error> {
        let outcome = match outcome {
            Err(CommitError::Unknown(why)) => {
                warn!(book = self.book.name, commit_no = batch.commit.commit_no, why, "commit outcome unknown, resolving it by writing");
                unknown::resolve(&*self.store, &self.book, &self.loaded.as_ref().expect("a batch needs a loaded book").head, batch).await
            }
            known => known,
        };
        match outcome {
            Ok(()) => {
                self.loaded.as_mut().expect("a batch needs a loaded book").head = batch.commit.clone();
                Ok(())
            }
            Err(CommitError::Fenced) => {
                warn!(book = self.book.name, commit_no = batch.commit.commit_no, "another writer was there first, loading the book anew");
                Err(Error::NotTheWriter("another process".to_owned()))
            }
            Err(CommitError::Failed(why) | CommitError::Unknown(why)) => {
                error!(book = self.book.name, commit_no = batch.commit.commit_no, why, "commit failed");
                Err(Error::CommitFailed)
            }
        }
    }

    /// Readers see the batch, and callers get their answers.
    fn publish(&mut self, plan: Plan, batch: Option<crate::store::Batch>) {
        let mut answers = Vec::with_capacity(plan.accepted.len());
        let time = batch.as_ref().map_or(0, |batch| batch.commit.time);
        {
            let mut state = self.shared.state();
            let mut accepted = plan.accepted.into_iter().peekable();
            for (at, stored) in batch.into_iter().flat_map(|batch| batch.events).enumerate() {
                let event = stored.event;
                let Some((_, reply)) = accepted.next_if(|(index, _)| *index == at) else { continue };
                let answer = match event.body {
                    Body::Posting(_) => posted(event, time, |key| {
                        let account = state.account(key).expect("a batch pins its accounts");
                        (account.name.clone(), account.unit)
                    })
                    .map_or(Answer::Done, |posted| Answer::Posted { posted: Box::new(posted), replayed: false }),
                    Body::AccountOpened { .. } | Body::AccountStateSet { .. } => Answer::Done,
                };
                answers.push((reply, answer));
            }
            state.publish();
            state.evict(self.config.cache_max);
        }
        for (reply, answer) in answers {
            reply.send(Ok(answer));
        }
        for (reply, outcome) in plan.settled {
            reply.send(outcome);
        }
        if !plan.replays.is_empty() {
            tokio::spawn(replay::answer(self.store.clone(), self.book.key, plan.replays));
        }
    }

    /// Batches grow while commits are fast and shrink when they are slow.
    fn adapt(&mut self, count: usize, took: Duration) {
        let target = Duration::from_millis(self.config.commit_target_ms);
        if took > target * 2 && count > BATCH_MIN {
            self.batch_limit = (self.batch_limit * 3 / 4).max(BATCH_MIN);
        } else if took < target && count >= self.batch_limit {
            self.batch_limit = (self.batch_limit * 5 / 4).min(self.config.batch_max);
        }
    }
}

fn refuse(jobs: Vec<Job>, why: impl Fn() -> Error) {
    for job in jobs {
        job.reply.send(Err(why()));
    }
}

/// Microseconds since the Unix epoch.
pub(crate) fn now() -> Micros {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).expect("a clock before the year 294,000")
}

/// What the plan and its parts share: an id seen before and what it stood for.
pub(crate) struct Replay {
    pub job: Job,
    pub known: Known,
}
