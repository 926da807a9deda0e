//! Turns of whole calls: first come first served, at most so many at once, of one address and of all.
use super::CallRefusal;
use rustc_hash::FxHashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

/// Addresses above which those without calls are dropped.
const ADDRESSES: usize = 1_024;

/// Who has a turn.
pub(super) struct CallTurns {
    all: Arc<Semaphore>,
    /// 0: no limit.
    per_address_max: usize,
    by_address: Mutex<FxHashMap<u64, Weak<Semaphore>>>,
}

/// A turn, until this is dropped.
pub(super) struct TurnTaken {
    _all: OwnedSemaphorePermit,
    _of_address: Option<OwnedSemaphorePermit>,
}

impl CallTurns {
    pub(super) fn new(max: usize, per_address_max: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(max)), per_address_max, by_address: Mutex::default() }
    }

    fn of(&self, address: u64) -> Arc<Semaphore> {
        let mut by_address = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = by_address.get(&address).and_then(Weak::upgrade) {
            return known;
        }
        if by_address.len() >= ADDRESSES {
            by_address.retain(|_, turns| turns.strong_count() > 0);
        }
        let turns = Arc::new(Semaphore::new(self.per_address_max));
        by_address.insert(address, Arc::downgrade(&turns));
        turns
    }

    /// Waits for the turn of a call from this address. The address first: one that has many calls keeps nobody else waiting.
    pub(super) async fn take(&self, address: u64, until: Instant) -> Result<TurnTaken, CallRefusal> {
        let wait = async |turns: Arc<Semaphore>, late| match timeout_at(until, turns.acquire_owned()).await {
            Ok(turn) => Ok(turn.expect("it is never closed")),
            Err(_) => Err(late),
        };
        let of_address = match self.per_address_max {
            0 => None,
            _ => Some(wait(self.of(address), CallRefusal::AddressBusy).await?),
        };
        Ok(TurnTaken { _all: wait(self.all.clone(), CallRefusal::Busy).await?, _of_address: of_address })
    }
}
