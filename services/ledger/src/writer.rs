//! One writer per book: collect, prefetch, decide, commit, publish.
//!
//! It decides the next batch while the one before commits, and sends it the moment that one is resolved: a single request commits at once, and under
//! load batches form by themselves. Readers never wait for it and never see an unresolved commit.

use crate::{
    book::{SharedBook, submission::Job},
    clock::skew::ClockSkew,
    config::Config,
    domain::Micros,
    error::Error,
    meters::Meters,
    store::{Batch, Book, Commit, CommitError, IdMeaning, Store},
};
use ahead::AccountReadAhead;
use batch::{OpenBatch, SealedBatch};
use recent_ids::RecentIds;
use rpc::trace;
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;
use tonic::Code;
use tracing::{error, info, warn};

mod ahead;
mod batch;
mod expiry;
mod limits;
mod load;
mod prefetch;
mod recent_ids;
mod replay;
mod unknown;

/// The smallest bound to which slow commits shrink batches.
const BATCH_MIN: usize = 64;

/// A book's only writer in this process.
pub(crate) struct BookWriter {
    book: Book,
    store: Arc<dyn Store>,
    shared: Arc<SharedBook>,
    config: Config,
    /// `None`: the book has to be loaded before the next batch.
    loaded: Option<LoadedBook>,
    /// Jobs that wait while their accounts are being read.
    ahead: Option<AccountReadAhead>,
    /// The batch being decided.
    open: Option<OpenBatch>,
    /// The batch being committed.
    flight: Option<CommitInFlight>,
    batch_limit: usize,
    alarm: expiry::ExpiryAlarm,
    skew: ClockSkew,
    meters: Option<Meters>,
}

/// The part of a loaded book that only the writer uses.
struct LoadedBook {
    /// The last resolved commit.
    head: Commit,
    epoch: i64,
    ids: RecentIds,
    /// How many times jobs were decided since it was loaded.
    decided: u64,
}

/// A batch in flight.
struct CommitInFlight {
    sealed: SealedBatch,
    outcome: Pin<Box<dyn Future<Output = Result<(), CommitError>> + Send>>,
    started: Instant,
    /// Linked to the calls whose requests are in the batch.
    span: trace::BatchSpan,
}

impl BookWriter {
    pub(crate) fn new(book: Book, store: Arc<dyn Store>, shared: Arc<SharedBook>, config: Config) -> Self {
        let batch_limit = config.batch_max.min(1024);
        let alarm = expiry::ExpiryAlarm::new(store.clone(), book.key, shared.clone(), config.clock.clone());
        let meters = Meters::new(&book.name);
        Self {
            book,
            store,
            shared,
            config,
            loaded: None,
            ahead: None,
            open: None,
            flight: None,
            batch_limit,
            alarm,
            skew: ClockSkew::default(),
            meters,
        }
    }

    /// Runs until the last handle is gone and every job taken is answered.
    pub(crate) async fn run(mut self, mut queue: mpsc::Receiver<Vec<Job>>) {
        let mut more = true;
        while more || self.flight.is_some() || self.ahead.is_some() {
            let room = more && self.ahead.is_none() && self.open.as_ref().map_or(0, OpenBatch::len) < self.batch_limit;
            tokio::select! {
                // First the event that frees the store for the next batch.
                biased;
                outcome = landing(&mut self.flight) => self.land(outcome).await,
                rows = ahead::arrival(&mut self.ahead) => {
                    let ahead = self.ahead.take().expect("rows came for it");
                    let jobs = ahead.end(&self.shared, self.loaded.as_ref(), rows);
                    self.admit(jobs).await;
                }
                jobs = queue.recv(), if room => match jobs {
                    Some(jobs) => self.take(jobs, &mut queue).await,
                    None => more = false,
                },
                () = self.alarm.ring(self.loaded.is_some()), if more && self.open.is_none() => {
                    self.admit(Vec::new()).await;
                    if self.open.is_none() {
                        self.alarm.rest();
                    }
                }
            }
            self.launch();
        }
    }

    /// Takes the waiting jobs into the open batch.
    async fn take(&mut self, mut jobs: Vec<Job>, queue: &mut mpsc::Receiver<Vec<Job>>) {
        let there = self.open.as_ref().map_or(0, OpenBatch::len);
        while there + jobs.len() < self.batch_limit
            && let Ok(more) = queue.try_recv()
        {
            jobs.extend(more);
        }
        self.shared.taken(jobs.len());
        // Without a batch in flight no job is delayed.
        if let (Some(loaded), Some(_)) = (&self.loaded, &self.flight) {
            match AccountReadAhead::begin(&self.store, self.book.key, &self.shared, loaded, jobs) {
                Ok(ahead) => return self.ahead = Some(ahead),
                Err(all_known) => jobs = all_known,
            }
        }
        self.admit(jobs).await;
    }

    /// Decides jobs on top of everything decided before.
    async fn admit(&mut self, jobs: Vec<Job>) {
        if let Some(owner) = self.shared.sure_lease_owner().await {
            return refuse(jobs, || Error::NotTheWriter(owner.clone()));
        }
        if let Err(why) = self.prepare(&jobs).await {
            error!(book = self.book.name, error = %why, "the book can't be read");
            self.shared.note_format(&why);
            return match why {
                // A newer program can write the book: leave it to that process, and don't retry here.
                crate::store::Error::TooNew { .. } => refuse(jobs, || Error::TooNew(why.to_string())),
                _ => refuse(jobs, || Error::CommitFailed),
            };
        }
        let loaded = self.loaded.as_mut().expect("prepare has loaded it");
        let open = self.open.as_mut().expect("prepare has opened it");
        loaded.decided += 1;
        open.decide(&self.config, &mut self.shared.state(), &mut loaded.ids, jobs);
    }

    /// Ensures that a batch is open, and that holds due before it have ended.
    async fn begin(&mut self) -> Result<(), crate::store::Error> {
        if self.open.is_some() {
            return Ok(());
        }
        let loaded = self.loaded.as_mut().expect("prepare loads it first");
        // The chain's time never goes back, even if the clock does.
        let (now, sealed) = (self.config.clock.now(), sealed_time(loaded, self.flight.as_ref()));
        let time = now.max(sealed);
        self.skew.note(&self.book.name, Duration::from_micros(time.abs_diff(now)));
        let mut open = OpenBatch::new(&self.shared.state(), time);
        for _ in 0..expiry::ROUNDS {
            if let Err(why) = expiry::prefetch(&*self.store, self.book.key, &self.shared, time).await {
                // Holds ended so far are in the state by now, so the batch has to be committed.
                self.open = (!open.changes_nothing()).then_some(open);
                return Err(why);
            }
            if open.expire(&mut self.shared.state(), &mut loaded.ids) < expiry::DUE_MAX {
                break;
            }
        }
        self.open = Some(open);
        Ok(())
    }

    /// Loads the book if needed, and everything that the jobs name.
    async fn prepare(&mut self, jobs: &[Job]) -> Result<(), crate::store::Error> {
        if self.loaded.is_none() {
            let (loaded, mut state) = load::load(&*self.store, &self.book, &self.config, self.config.clock.now()).await?;
            info!(book = self.book.name, commit_no = loaded.head.commit_no, epoch = loaded.epoch, "book loaded");
            self.shared.note_time(loaded.head.time);
            let mut shared = self.shared.state();
            self.shared.journal.publish(&loaded.head);
            state.follow(&shared);
            *shared = state;
            drop(shared);
            self.shared.journal.tell_loaded(&loaded.head);
            self.loaded = Some(loaded);
        }
        self.begin().await?;
        let loaded = self.loaded.as_mut().expect("loaded just above");
        prefetch::prefetch(&*self.store, self.book.key, &self.shared, &mut loaded.ids, jobs).await?;
        let times = limits::DecisionTimes {
            sealed: sealed_time(loaded, self.flight.as_ref()),
            now: self.open.as_ref().map_or(loaded.head.time, OpenBatch::time),
        };
        limits::prefetch(&*self.store, self.book.key, &self.shared, times, jobs).await
    }

    /// Sends the open batch if nothing is in flight.
    fn launch(&mut self) {
        if self.flight.is_some() {
            return;
        }
        let Some(open) = self.open.take() else { return };
        let loaded = self.loaded.as_ref().expect("a batch was decided on a loaded book");
        let sealed = open.seal(&self.book, &self.config, loaded, &mut self.shared.state());
        let span = trace::BatchSpan::start("ledger", "ledger.commit", sealed.decided.iter().filter_map(|(job, _)| job.trace));
        let outcome = commit(self.store.clone(), sealed.batch.clone());
        self.flight = Some(CommitInFlight { sealed, outcome, started: Instant::now(), span });
    }

    /// Handles the end of the commit in flight.
    async fn land(&mut self, outcome: Result<(), CommitError>) {
        let Some(CommitInFlight { sealed, started, span, .. }) = self.flight.take() else { return };
        span.finish(if outcome.is_ok() { Code::Ok } else { Code::Unavailable });
        if let (Some(meters), Some(_)) = (&self.meters, &sealed.batch) {
            meters.commit(&outcome, started.elapsed(), sealed.decided.len());
        }
        let resolved = match &sealed.batch {
            Some(batch) => self.resolve(outcome, batch).await,
            None => Ok(()),
        };
        match resolved {
            Ok(()) => {
                let count = sealed.decided.len();
                self.adapt(count, started.elapsed());
                self.publish(sealed);
            }
            Err(why) => {
                // Nothing of it may become visible, and jobs decided on top of it are decided again.
                self.shared.state().restore();
                self.loaded = None;
                self.alarm.rest();
                sealed.refuse(&why);
                if let Some(open) = self.open.take() {
                    self.admit(open.into_jobs()).await;
                }
            }
        }
    }

    /// Resolves an unknown outcome: the batch was written, or it was not.
    async fn resolve(&mut self, outcome: Result<(), CommitError>, batch: &Batch) -> Result<(), Error> {
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
                warn!(book = self.book.name, commit_no = batch.commit.commit_no, "another writer committed first, reloading the book");
                Err(Error::NotTheWriter("another process".to_owned()))
            }
            Err(CommitError::Failed(why) | CommitError::Unknown(why)) => {
                error!(book = self.book.name, commit_no = batch.commit.commit_no, why, "commit failed");
                Err(Error::CommitFailed)
            }
        }
    }

    /// Makes the batch visible to readers, sends the next one, and answers the callers.
    fn publish(&mut self, sealed: SealedBatch) {
        if let Some(batch) = &sealed.batch {
            let mut state = self.shared.state();
            state.publish(batch.commit.last_seq);
            state.written(batch.commit.commit_no, &batch.logged, &batch.settled);
            self.shared.journal.publish(&batch.commit);
            drop(state);
            self.shared.set_head(&batch.commit);
        }
        self.launch();
        let (answers, replays) = {
            let mut state = self.shared.state();
            if let Some(batch) = &sealed.batch {
                self.shared.journal.tell(batch, &state);
                self.meters.iter().for_each(|meters| meters.published(&batch.events, batch.refusals.len(), &state));
            }
            let answers = sealed.answers(&state);
            state.evict(self.config.cache_max);
            answers
        };
        let next = self.flight.as_ref().and_then(|flight| flight.sealed.batch.as_ref());
        let under_way = next.map_or(0, |batch| batch.events.len() + batch.refusals.len());
        self.loaded
            .as_mut()
            .expect("a batch was decided on a loaded book")
            .ids
            .evict(under_way, u64::try_from(self.config.clock.now() / 1000).unwrap_or_default());
        for (job, outcome) in answers {
            job.reply.send(outcome);
        }
        if !replays.is_empty() {
            tokio::spawn(replay::answer(self.store.clone(), self.book.key, replays));
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

/// The decision time of the last commit that was sent.
fn sealed_time(loaded: &LoadedBook, flight: Option<&CommitInFlight>) -> Micros {
    flight.and_then(|flight| flight.sealed.batch.as_ref()).map_or(loaded.head.time, |batch| batch.commit.time)
}

/// Ready when the commit in flight has ended; pending forever if there is none.
async fn landing(flight: &mut Option<CommitInFlight>) -> Result<(), CommitError> {
    match flight {
        Some(flight) => (&mut flight.outcome).await,
        None => std::future::pending().await,
    }
}

fn commit(store: Arc<dyn Store>, batch: Option<Arc<Batch>>) -> Pin<Box<dyn Future<Output = Result<(), CommitError>> + Send>> {
    match batch {
        Some(batch) => Box::pin(async move { store.commit(&batch).await }),
        None => Box::pin(std::future::ready(Ok(()))),
    }
}

fn refuse(jobs: Vec<Job>, why: impl Fn() -> Error) {
    for job in jobs {
        job.reply.send(Err(why()));
    }
}

/// A job whose id was seen before, and what the id stands for.
pub(crate) struct ReplayJob {
    pub job: Job,
    pub known: IdMeaning,
}
