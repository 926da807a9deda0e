//! Incomplete requests, oldest first, and how many bytes of them are buffered.
use rustc_hash::FxHashMap;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

/// There is no room for more, and no older request to push out.
#[derive(Debug)]
pub(crate) struct NoRoom {
    pub(super) bytes_max: usize,
    pub(super) bytes: usize,
}

pub(crate) struct WaitingBodies {
    per_address_max: usize,
    bytes_max: usize,
    list: Mutex<WaitList>,
}

#[derive(Default)]
struct WaitList {
    next: u64,
    bytes: usize,
    all: BTreeMap<u64, WaitEntry>,
    by_address: FxHashMap<u64, VecDeque<u64>>,
}

struct WaitEntry {
    /// Its address, if requests from one address push out each other.
    crowd: Option<u64>,
    bytes: usize,
    pushed_out: CancellationToken,
}

impl WaitList {
    /// Removes one from the list; its bytes are not counted any more.
    fn remove(&mut self, id: u64) -> Option<WaitEntry> {
        let entry = self.all.remove(&id)?;
        self.bytes -= entry.bytes;
        if let Some(crowd) = entry.crowd
            && let Some(own) = self.by_address.get_mut(&crowd)
        {
            own.retain(|other| *other != id);
            if own.is_empty() {
                self.by_address.remove(&crowd);
            }
        }
        Some(entry)
    }

    fn push_out(&mut self, id: u64) {
        if let Some(entry) = self.remove(id) {
            entry.pushed_out.cancel();
        }
    }
}

impl WaitingBodies {
    pub(crate) fn new(per_address_max: usize, bytes_max: usize) -> Arc<Self> {
        Arc::new(Self { per_address_max, bytes_max, list: Mutex::default() })
    }

    fn lock(&self) -> MutexGuard<'_, WaitList> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers an incomplete request or message. If a `crowd` has too many, its oldest is pushed out.
    pub(crate) fn enter(self: &Arc<Self>, crowd: Option<u64>) -> BodyWait {
        let mut list = self.lock();
        let (id, pushed_out) = (list.next, CancellationToken::new());
        list.next += 1;
        list.all.insert(id, WaitEntry { crowd, bytes: 0, pushed_out: pushed_out.clone() });
        if let Some(crowd) = crowd {
            let own = list.by_address.entry(crowd).or_default();
            own.push_back(id);
            if own.len() > self.per_address_max
                && let Some(oldest) = own.front().copied()
            {
                list.push_out(oldest);
            }
        }
        BodyWait { list: self.clone(), id, pushed_out }
    }

    /// How many are registered, and their bytes.
    #[cfg(test)]
    pub(crate) fn count(&self) -> (usize, usize) {
        let list = self.lock();
        (list.all.len(), list.bytes)
    }
}

/// An entry of the list, removed when it is dropped.
pub(crate) struct BodyWait {
    list: Arc<WaitingBodies>,
    id: u64,
    pushed_out: CancellationToken,
}

impl BodyWait {
    /// Completes when this entry was pushed out by a newer one.
    pub(crate) fn pushed_out(&self) -> WaitForCancellationFuture<'_> {
        self.pushed_out.cancelled()
    }

    /// The token behind [`BodyWait::pushed_out`], which may outlive the borrow.
    pub(super) fn push(&self) -> CancellationToken {
        self.pushed_out.clone()
    }

    pub(super) fn is_pushed_out(&self) -> bool {
        self.pushed_out.is_cancelled()
    }

    /// Counts more bytes. If there are too many in total, the oldest entries with bytes are pushed out.
    pub(crate) fn grow(&self, more: usize) -> Result<(), NoRoom> {
        let mut list = self.list.lock();
        let Some(entry) = list.all.get_mut(&self.id) else { return Ok(()) };
        entry.bytes += more;
        list.bytes += more;
        while list.bytes > self.list.bytes_max {
            let oldest = list.all.iter().find(|(id, entry)| **id != self.id && entry.bytes > 0).map(|(id, _)| *id);
            let Some(oldest) = oldest else {
                return Err(NoRoom { bytes_max: self.list.bytes_max, bytes: list.bytes });
            };
            list.push_out(oldest);
        }
        Ok(())
    }
}

impl Drop for BodyWait {
    fn drop(&mut self) {
        self.list.lock().remove(self.id);
    }
}
