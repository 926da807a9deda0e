//! The decide stage: a batch's jobs, decided in order, become one commit.

use super::{Micros, Replay};
use crate::{
    answer::{Answer, Job, Outcome, Reply},
    codec,
    config::Config,
    domain::{
        decide::decide,
        event::{Body, Event, transfer_no},
        request::Request,
        state::State,
    },
    error::Error,
    ids::{Memory, RecentIds},
    store::{Batch, Book, Commit, Known, RefusalRow, StoredEvent},
};
use money::id_time_ms;

/// What a batch comes to.
#[derive(Default)]
pub(super) struct Plan {
    /// To be written; `None` when the jobs change nothing.
    pub batch: Option<Batch>,
    /// Index of the event in the batch, and whom it answers.
    pub accepted: Vec<(usize, Reply)>,
    /// Answers that hold once the batch is written.
    pub settled: Vec<(Reply, Outcome)>,
    /// Ids seen before: answered from the store once the batch is written, for their first may be in it.
    pub replays: Vec<Replay>,
}

impl Plan {
    /// The batch was not written: nobody gets an answer that builds on it.
    pub(super) fn refuse(self, why: Error) {
        let told = |why: &Error| match why {
            Error::NotTheWriter(owner) => Error::NotTheWriter(owner.clone()),
            _ => Error::CommitFailed,
        };
        let replies = self.accepted.into_iter().map(|(_, reply)| reply);
        let replies = replies.chain(self.settled.into_iter().map(|(reply, _)| reply));
        for reply in replies.chain(self.replays.into_iter().map(|replay| replay.job.reply)) {
            reply.send(Err(told(&why)));
        }
    }
}

/// What every decision of a batch shares.
pub(super) struct Decider<'a> {
    pub book: &'a Book,
    pub config: &'a Config,
    pub head: &'a Commit,
    pub epoch: i64,
    pub time: Micros,
}

impl Decider<'_> {
    pub(super) fn plan(&mut self, state: &mut State, ids: &mut RecentIds, jobs: Vec<Job>) -> Plan {
        let mut plan = Plan::default();
        let (mut events, mut refusals) = (Vec::with_capacity(jobs.len()), Vec::new());
        let first_seq = state.last_seq() + 1;
        for job in jobs {
            let id = job.request.id;
            if let Memory::Known(known) = ids.get(id) {
                let known = known.clone();
                plan.replays.push(Replay { job, known });
                continue;
            }
            if let Err(error) = self.check_time(&job.request) {
                plan.settled.push((job.reply, Err(error)));
                continue;
            }
            match decide(state, &job.request) {
                Ok(decided) if decided.is_empty() => plan.settled.push((job.reply, Ok(Answer::Done))),
                Ok(decided) => {
                    for event in decided {
                        ids.insert(event.id, Known::Event(event.seq));
                        events.push(event);
                    }
                    plan.accepted.push((events.len() - 1, job.reply));
                }
                Err(refusal) => {
                    let row = RefusalRow { id, time: self.time, told: refusal.told(), fields: job.request.fields };
                    ids.insert(id, Known::Refusal(Box::new(row.clone())));
                    plan.settled.push((job.reply, Err(Error::Refused(row.told.clone()))));
                    refusals.push(row);
                }
            }
        }
        if !events.is_empty() || !refusals.is_empty() {
            plan.batch = Some(self.seal(state, first_seq, events, refusals));
        }
        plan
    }

    /// An id from the future would stay "new" for too long; one older than what is remembered may have been answered and forgotten.
    fn check_time(&self, request: &Request) -> Result<(), Error> {
        let Some(time) = id_time_ms(request.id) else { return Ok(()) };
        let now = u64::try_from(self.time / 1000).expect("the clock is past 1970");
        if time > now.saturating_add(self.config.clock_ahead_max_ms) {
            return Err(Error::RequestIdTime("ahead of the clock"));
        }
        if time < now.saturating_sub(self.config.refusal_retention_ms) {
            return Err(Error::RequestIdTime("older than answers are kept for"));
        }
        Ok(())
    }

    fn seal(&self, state: &mut State, first_seq: i64, events: Vec<Event>, refusals: Vec<RefusalRow>) -> Batch {
        state.note_dirty(transfer_no(first_seq, 0));
        let mut flushed = state.take_dirty(self.flush_count(state, events.len()));
        for event in &events {
            // Nothing but its row says that an account is frozen, so that row is not written behind.
            if let Body::AccountStateSet { key, .. } = event.body
                && flushed.iter().all(|account| account.key != key)
            {
                flushed.push(state.snapshot(key));
            }
        }
        let opened = state.opened_accounts();
        flushed.retain(|account| opened.iter().all(|new| new.key != account.key));
        let last_seq = state.last_seq();
        let mut digests = Vec::with_capacity(events.len());
        let events: Vec<StoredEvent> = events
            .into_iter()
            .map(|event| {
                let body = codec::encode(&event.body);
                let digest = codec::digest(&event, &body);
                digests.push(digest);
                StoredEvent { event, body, checksum: codec::checksum(&digest) }
            })
            .collect();
        let commit_no = self.head.commit_no + 1;
        let fields = codec::CommitFields { book: &self.book.name, commit_no, epoch: self.epoch, last_seq, time: self.time };
        let commit = Commit {
            commit_no,
            epoch: self.epoch,
            last_seq,
            last_key: opened.last().map_or(self.head.last_key, |account| account.key),
            time: self.time,
            format: codec::FORMAT,
            hash: codec::commit_hash(&self.head.hash, &fields, &digests),
            replay_from: state.oldest_dirty().unwrap_or_else(|| transfer_no(last_seq + 1, 0)),
        };
        let (guards, holds) = (state.changed_guards(), state.changed_holds());
        Batch { book: self.book.key, commit, events, refusals, guards, holds, opened, flushed }
    }

    /// How many old accounts the commit carries along: none while little is dirty and a restart has little to replay.
    fn flush_count(&self, state: &State, events: usize) -> usize {
        let lag = state.oldest_dirty().map_or(0, |no| state.last_seq() - crate::domain::event::seq_of(no));
        if state.dirty_count() > self.config.dirty_max || lag > self.config.replay_max { 64 + events * 3 } else { 0 }
    }
}
