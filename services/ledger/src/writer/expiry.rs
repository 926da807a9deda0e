//! Holds that expire: read ahead from an index, ended by the writer before it decides anything else.

use crate::{
    book::SharedBook,
    clock::LedgerClock,
    domain::{Micros, decide::expire, event::Event, state::BookState},
    store::{Error, Store},
};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use tracing::warn;

/// Holds ended in one round, and rounds per commit. Other due holds end in the next commit, and can't be posted meanwhile.
pub(super) const DUE_MAX: usize = 500;
pub(super) const ROUNDS: usize = 8;

/// Ends read ahead; later ones are read when the known ones are used up. Far more than one commit takes, so that their holds are long since written.
const AHEAD: i64 = 10_000;

/// The next ends, for a book that is being loaded, or whose known ends are used up.
pub(super) async fn load(store: &dyn Store, book: i64) -> Result<(Vec<(Micros, i64)>, Option<Micros>), Error> {
    let ends = store.hold_ends(book, AHEAD).await?;
    let more = i64::try_from(ends.len()).expect("bounded") >= AHEAD;
    let horizon = ends.last().filter(|_| more).map(|(time, _)| *time);
    Ok((ends, horizon))
}

/// Reads what [`due`] needs: the ends themselves, if not in memory, and the holds and accounts of those that are due.
pub(super) async fn prefetch(store: &dyn Store, book: i64, shared: &SharedBook, now: Micros) -> Result<(), Error> {
    let lacks = shared.state().lacks_ends(now);
    if lacks {
        let (ends, horizon) = load(store, book).await?;
        shared.state().load_ends(ends, horizon);
    }
    let missing: Vec<i64> = {
        let state = shared.state();
        state.due(now, DUE_MAX).map(|(_, no)| no).filter(|no| !state.knows_hold(*no)).collect()
    };
    if !missing.is_empty() {
        let holds = store.holds(book, &missing).await?;
        let mut state = shared.state();
        holds.into_iter().for_each(|hold| state.load_hold(hold));
    }
    let keys: Vec<i64> = {
        let state = shared.state();
        let due = state.due(now, DUE_MAX).filter_map(|(_, no)| state.hold(no));
        let mut keys: Vec<i64> = due.flat_map(|hold| [hold.debit, hold.credit]).filter(|key| !state.knows_account_key(*key)).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    };
    if !keys.is_empty() {
        let accounts = store.accounts_by_key(book, &keys).await?;
        let mut state = shared.state();
        accounts.into_iter().for_each(|account| state.load_account(account));
    }
    Ok(())
}

/// Ends up to `max` due holds, the earliest first. Returns the events, and how many holds were examined.
pub(super) fn due(state: &mut BookState, now: Micros, max: usize) -> (Vec<Event>, usize) {
    let due: Vec<(Micros, i64)> = state.due(now, max).collect();
    let count = due.len();
    let mut events = Vec::with_capacity(count);
    for (time, no) in due {
        match state.hold(no).copied() {
            Some(hold) if hold.resolved_seq == 0 => events.push(expire(state, now, hold)),
            // Resolved since it was read.
            Some(_) | None => state.forget_end(time, no),
        }
    }
    (events, count)
}

/// The time at which the writer has to wake for a hold, if it is idle until then.
pub(super) fn next_due(state: &BookState) -> Option<Micros> {
    state.next_end()
}

/// How long the alarm pauses after a failed attempt, and how often it checks whether this process may write.
const REST: Duration = Duration::from_secs(1);

/// How often an unused book is checked: another process may have added holds while it was the writer.
const LOOK: Duration = Duration::from_secs(60);

/// Wakes the writer for holds that expire while no requests arrive.
pub(super) struct ExpiryAlarm {
    store: Arc<dyn Store>,
    book: i64,
    shared: Arc<SharedBook>,
    clock: LedgerClock,
    rest_until: Instant,
}

impl ExpiryAlarm {
    pub(super) fn new(store: Arc<dyn Store>, book: i64, shared: Arc<SharedBook>, clock: LedgerClock) -> Self {
        Self { store, book, shared, clock, rest_until: Instant::now() }
    }

    /// Pauses the alarm for a while.
    pub(super) fn rest(&mut self) {
        self.rest_until = Instant::now() + REST;
    }

    /// Returns when a hold is due.
    pub(super) async fn ring(&self, loaded: bool) {
        tokio::time::sleep_until(self.rest_until).await;
        loop {
            if self.shared.lease_owner().is_some() {
                tokio::time::sleep(REST).await;
                continue;
            }
            let next = if loaded { Ok(next_due(&self.shared.state())) } else { self.next_stored().await };
            match next {
                Ok(Some(time)) => return self.clock.until(time).await,
                Ok(None) if loaded => std::future::pending().await,
                Ok(None) => tokio::time::sleep(LOOK).await,
                Err(why) => {
                    warn!(book = self.book, %why, "can't read which hold ends next");
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }

    async fn next_stored(&self) -> Result<Option<Micros>, Error> {
        Ok(self.store.hold_ends(self.book, 1).await?.first().map(|(time, _)| *time))
    }
}
