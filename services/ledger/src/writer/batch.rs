//! The decide stage: jobs, decided in order, grow into a batch. Its rows are encoded and digested as they are decided, while the batch before it
//! commits; sealing only links it to the chain.

use super::{
    LoadedBook, Micros, expiry,
    recent_ids::{IdLookup, RecentIds},
};
use crate::{
    answer::{AnswerResult, BookAnswer},
    book::submission::Job,
    codec,
    config::Config,
    domain::{
        account::BookAccount,
        decide::{decide, try_out},
        event::{Body, Event, seq_of, transfer_no},
        limit::Limit,
        request::BookRequest,
        state::BookState,
    },
    error::Error,
    read::named_posting,
    store::{Batch, Book, Commit, IdMeaning, RefusalRow, StoredEvent},
};
use money::IdTimeBounds;
use std::sync::Arc;

/// What was decided about a job.
pub(super) enum JobDecision {
    /// It made the event at this index of the batch.
    Event(usize),
    /// This answer is valid once the batch is written.
    Settled(AnswerResult),
    /// Its id was seen before: answered from the store once the batch is written, because the batch may contain the first request.
    Replay(IdMeaning),
}

/// A batch that is being decided.
pub(super) struct OpenBatch {
    /// The time of every decision in it.
    time: Micros,
    first_seq: i64,
    decided: Vec<(Job, JobDecision)>,
    events: Vec<StoredEvent>,
    digests: Vec<[u8; 32]>,
    refusals: Vec<RefusalRow>,
}

/// A batch in flight to the store, and the jobs it answers.
pub(super) struct SealedBatch {
    pub decided: Vec<(Job, JobDecision)>,
    /// `None` when its jobs changed nothing.
    pub batch: Option<Arc<Batch>>,
}

impl OpenBatch {
    /// An empty batch on top of `state`.
    pub(super) fn new(state: &BookState, time: Micros) -> Self {
        let (decided, events, digests, refusals) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { time, first_seq: state.last_seq() + 1, decided, events, digests, refusals }
    }

    /// The time at which everything in it is decided.
    pub(super) fn time(&self) -> Micros {
        self.time
    }

    /// How many jobs it contains.
    pub(super) fn len(&self) -> usize {
        self.decided.len()
    }

    /// Whether it has nothing to write.
    pub(super) fn changes_nothing(&self) -> bool {
        self.events.is_empty() && self.refusals.is_empty()
    }

    /// Its jobs, to be decided again.
    pub(super) fn into_jobs(self) -> Vec<Job> {
        self.decided.into_iter().map(|(job, _)| job).collect()
    }

    /// Decides jobs for which everything needed is in `state` and `ids`.
    pub(super) fn decide(&mut self, config: &Config, state: &mut BookState, ids: &mut RecentIds, jobs: Vec<Job>) {
        self.decided.reserve(jobs.len());
        for job in jobs {
            let decision = self.decision(config, state, ids, &job.request);
            self.decided.push((job, decision));
        }
        state.forget_sources();
    }

    fn decision(&mut self, config: &Config, state: &mut BookState, ids: &mut RecentIds, request: &BookRequest) -> JobDecision {
        if let IdLookup::Known(known) = ids.get(request.id) {
            return JobDecision::Replay(known.clone());
        }
        if let Err(error) = check_time(config, self.time, request) {
            return JobDecision::Settled(Err(error));
        }
        if request.dry_run {
            return JobDecision::Settled(self.trial(state, request));
        }
        match decide(state, self.time, request) {
            Ok(decided) if decided.is_empty() => JobDecision::Settled(Ok(BookAnswer::Done)),
            Ok(decided) => {
                for event in decided {
                    ids.insert(event.id, IdMeaning::Event(event.seq));
                    self.append(event);
                }
                JobDecision::Event(self.events.len() - 1)
            }
            // A refused import is retried once its cause is gone; a kept refusal would block it for a week.
            Err(refusal) if request.historical => JobDecision::Settled(Err(Error::Refused(refusal.kept()))),
            Err(refusal) => {
                let row = RefusalRow { id: request.id, time: self.time, told: refusal.kept(), fields: request.fields.clone() };
                ids.insert(request.id, IdMeaning::Refusal(Box::new(row.clone())));
                let told = row.told.clone();
                self.refusals.push(row);
                JobDecision::Settled(Err(Error::Refused(told)))
            }
        }
    }

    /// The outcome of a dry run, on the state that a real request would have here.
    fn trial(&self, state: &BookState, request: &BookRequest) -> AnswerResult {
        let tried = try_out(state, self.time, request).map_err(|refusal| Error::Refused(refusal.kept()))?;
        let Some((event, accounts)) = tried else { return Ok(BookAnswer::Done) };
        let posted = named_posting(event, self.time, |key| {
            let account = accounts.iter().find(|account| account.key == key).expect("a trial names the accounts of its transfers");
            (account.name.clone(), account.unit)
        });
        Ok(posted.map_or(BookAnswer::Done, |posted| BookAnswer::Posted { posted: Box::new(posted), replayed: false }))
    }

    /// Ends holds that are due, before anything else is decided. Returns how many were due.
    pub(super) fn expire(&mut self, state: &mut BookState, ids: &mut RecentIds) -> usize {
        let due = expiry::due(state, self.time, expiry::DUE_MAX);
        for event in due.0 {
            ids.insert(event.id, IdMeaning::Event(event.seq));
            self.append(event);
        }
        due.1
    }

    fn append(&mut self, event: Event) {
        let body = codec::encode(&event.body);
        let digest = codec::digest(&event, &body);
        self.digests.push(digest);
        self.events.push(StoredEvent { event, body, checksum: codec::checksum(&digest) });
    }

    /// Seals the batch as the next commit after the head of the loaded book. The state is used for the batch after it.
    pub(super) fn seal(self, book: &Book, config: &Config, loaded: &LoadedBook, state: &mut BookState) -> SealedBatch {
        let (head, epoch) = (&loaded.head, loaded.epoch);
        if self.changes_nothing() {
            state.seal();
            return SealedBatch { decided: self.decided, batch: None };
        }
        state.note_dirty(transfer_no(self.first_seq, 0));
        let mut logged = state.take_dirty(log_count(config, state, self.events.len()));
        let mut flushed: Vec<BookAccount> = Vec::new();
        let mut limits: Vec<Limit> = Vec::new();
        for stored in &self.events {
            if let Body::LimitSet { key, window, ref zone, max, .. } = stored.event.body {
                // Each limit once: the last in a batch counts.
                limits.retain(|other| (other.account, other.window) != (key, window));
                limits.push(Limit { account: key, window, zone: zone.clone(), max, seq: stored.event.seq });
            }
            // Only an account's row says that the account is frozen, so the row is written in the same commit.
            if let Body::AccountStateSet { key, .. } = stored.event.body
                && flushed.iter().all(|account| account.key != key)
            {
                flushed.push(state.snapshot(key));
            }
        }
        let opened = state.opened_accounts();
        if !opened.is_empty() {
            let from = opened.iter().map(|account| account.key).min().unwrap_or(i64::MAX);
            // New accounts have the highest keys, and rows of their own.
            flushed.retain(|account| account.key < from);
            logged.retain(|standing| standing.key < from);
        }
        logged.sort_unstable_by_key(|standing| standing.key);
        let (last_seq, commit_no) = (state.last_seq(), head.commit_no + 1);
        let fields = codec::CommitFields { book: &book.name, commit_no, epoch, last_seq, time: self.time };
        let commit = Commit {
            commit_no,
            epoch,
            last_seq,
            last_key: opened.last().map_or(head.last_key, |account| account.key),
            time: self.time,
            format: codec::FORMAT,
            hash: codec::commit_hash(&head.hash, &fields, &self.digests),
            replay_from: state.oldest_dirty().unwrap_or_else(|| transfer_no(last_seq + 1, 0)),
        };
        let mut settled = state.settling(commit_no, config.logged_max, logged.len());
        // A row in this batch is newer than what would be logged or settled for its account.
        for keys in [&mut logged, &mut settled.standings] {
            keys.retain(|standing| flushed.iter().all(|account| account.key != standing.key));
        }
        let (guards, holds) = (state.changed_guards(), state.changed_holds());
        let checkpoints = state.take_checkpoints(self.time);
        state.seal();
        let batch = Batch {
            book: book.key,
            commit,
            events: self.events,
            refusals: self.refusals,
            guards,
            holds,
            opened,
            checkpoints,
            limits,
            flushed,
            logged,
            settled,
        };
        SealedBatch { decided: self.decided, batch: Some(Arc::new(batch)) }
    }
}

impl SealedBatch {
    /// The batch was not written: no job gets an answer that builds on it.
    pub(super) fn refuse(self, why: &Error) {
        for (job, _) in self.decided {
            job.reply.send(Err(match why {
                Error::NotTheWriter(owner) => Error::NotTheWriter(owner.clone()),
                _ => Error::CommitFailed,
            }));
        }
    }

    /// The batch was written: the answer of each job. Jobs whose answer has to be read from the store are returned separately.
    pub(super) fn answers(self, state: &BookState) -> (Vec<(Job, AnswerResult)>, Vec<super::ReplayJob>) {
        let (mut answers, mut replays) = (Vec::with_capacity(self.decided.len()), Vec::new());
        let (events, time) = match self.batch {
            Some(batch) => {
                let batch = Arc::unwrap_or_clone(batch);
                (batch.events, batch.commit.time)
            }
            None => (Vec::new(), 0),
        };
        let mut events = events.into_iter().enumerate();
        let named = |key| {
            let account = state.account(key).expect("accounts of a batch in flight are not forgotten");
            (account.name.clone(), account.unit)
        };
        for (job, decision) in self.decided {
            match decision {
                JobDecision::Settled(outcome) => answers.push((job, outcome)),
                JobDecision::Replay(known) => replays.push(super::ReplayJob { job, known }),
                JobDecision::Event(index) => {
                    let (_, stored) = events.by_ref().find(|(at, _)| *at == index).expect("jobs are answered in the order of their events");
                    let answer = named_posting(stored.event, time, named)
                        .map_or(BookAnswer::Done, |posted| BookAnswer::Posted { posted: Box::new(posted), replayed: false });
                    answers.push((job, Ok(answer)));
                }
            }
        }
        (answers, replays)
    }
}

/// An id from the future would stay "new" for too long; one older than the retention may have been answered and deleted.
fn check_time(config: &Config, now: Micros, request: &BookRequest) -> Result<(), Error> {
    let now_ms = u64::try_from(now / 1000).expect("the clock is past 1970");
    let age_max_ms = if request.historical { u64::MAX } else { config.refusal_retention_ms };
    let bounds = IdTimeBounds { ahead_max_ms: config.clock_ahead_max_ms, age_max_ms };
    bounds.check(request.id, now_ms).map_err(Error::RequestIdTime)
}

/// How many old accounts the commit logs: none while few are dirty and a restart has little to replay.
fn log_count(config: &Config, state: &BookState, events: usize) -> usize {
    let lag = state.oldest_dirty().map_or(0, |no| state.last_seq() - seq_of(no));
    if state.dirty_count() > config.dirty_max || lag > config.replay_max { 64 + events * 3 } else { 0 }
}
