//! Which request ids have been answered: exact without a read for ids that are newer than a floor.

use crate::store::IdMeaning;
use money::id_time_ms;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use uuid::Uuid;

/// One in this many ids in memory may be kept although it is due for eviction, because its own time is ahead of the clock.
const AHEAD_SHARE: usize = 4;

/// Ids of answered requests. Every answered id whose own time is at or above `floor_ms` is in here; so one that is not in here is certainly new. Ids
/// below the floor, or without a time, have to be looked up in the store.
#[derive(Debug, Default)]
pub struct RecentIds {
    known: FxHashMap<Uuid, IdMeaning>,
    order: VecDeque<Uuid>,
    /// Ids due for eviction whose own time was still in the future. In no order.
    ahead: VecDeque<Uuid>,
    floor_ms: u64,
    max: usize,
}

/// What memory knows of an id.
#[derive(Debug, PartialEq, Eq)]
pub enum IdLookup<'a> {
    /// It was answered with this.
    Known(&'a IdMeaning),
    /// It was certainly never answered.
    New,
    /// Only the store knows.
    Ask,
}

impl RecentIds {
    /// Starts with all ids that the store has from `floor_ms` on. `complete` is false where it had more: then the lowest of `loaded` marks the floor.
    #[must_use]
    pub fn new(loaded: Vec<(Uuid, IdMeaning)>, floor_ms: u64, complete: bool, max: usize) -> Self {
        let lowest = loaded.first().and_then(|(id, _)| id_time_ms(*id));
        let floor_ms = if complete { floor_ms } else { lowest.map_or(u64::MAX, |lowest| lowest + 1) };
        let mut ids = Self { floor_ms, max, ..Self::default() };
        for (id, known) in loaded {
            ids.insert(id, known);
        }
        ids
    }

    /// What memory knows of the id.
    #[must_use]
    pub fn get(&self, id: Uuid) -> IdLookup<'_> {
        match self.known.get(&id) {
            Some(known) => IdLookup::Known(known),
            None if id_time_ms(id).is_some_and(|time| time >= self.floor_ms) => IdLookup::New,
            None => IdLookup::Ask,
        }
    }

    /// Adds an id that was answered.
    pub fn insert(&mut self, id: Uuid, known: IdMeaning) {
        if self.known.insert(id, known).is_none() {
            self.order.push_back(id);
        }
    }

    /// Evicts the oldest ids, and raises the floor above them. The last `in_flight` stay: the store can't be asked for them yet. Ids of callers whose
    /// clock is ahead of `now_ms` are set aside while there is room: evicting them would raise the floor above everybody else's ids for minutes, and
    /// every one of those would have to be looked up.
    pub fn evict(&mut self, under_way: usize, now_ms: u64) {
        // They are below the floor by now, so memory need not know them any more.
        while self.ahead.front().and_then(|id| id_time_ms(*id)).is_some_and(|time| time < self.floor_ms) {
            self.ahead.pop_front().iter().for_each(|id| drop(self.known.remove(id)));
        }
        while self.order.len() + self.ahead.len() > self.max.max(under_way) && self.order.len() > under_way {
            let Some(oldest) = self.order.pop_front() else { return };
            let time = id_time_ms(oldest);
            if time.is_some_and(|time| time > now_ms) && self.ahead.len() < self.max / AHEAD_SHARE {
                self.ahead.push_back(oldest);
                continue;
            }
            self.known.remove(&oldest);
            if let Some(time) = time {
                self.floor_ms = self.floor_ms.max(time + 1);
            }
        }
    }
}

#[cfg(test)]
mod tests;
