//! Which request ids have been answered: exact without a read for ids that are younger than a floor.

use crate::store::IdMeaning;
use money::id_time_ms;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use uuid::Uuid;

/// Of the ids in memory one in so many may be ahead of the clock when its turn to go comes, and stay.
const AHEAD_SHARE: usize = 4;

/// Ids of answered requests. Every id whose own time is at or above `floor_ms` and which stands for something is in here; so one that is not
/// in here is new, exactly. Ids below the floor, or without a time, have to be looked up.
#[derive(Debug, Default)]
pub struct RecentIds {
    known: FxHashMap<Uuid, IdMeaning>,
    order: VecDeque<Uuid>,
    /// Ids whose turn to go came while their own time had not come yet. In no order.
    ahead: VecDeque<Uuid>,
    floor_ms: u64,
    max: usize,
}

/// What memory says of an id.
#[derive(Debug, PartialEq, Eq)]
pub enum IdLookup<'a> {
    /// It stands for this.
    Known(&'a IdMeaning),
    /// It stands for nothing, for certain.
    New,
    /// Only the store can say.
    Ask,
}

impl RecentIds {
    /// Starts with all that the store has from `floor_ms` on. `complete` is false where it had more: then the lowest of `loaded` marks the floor.
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

    /// What memory says.
    #[must_use]
    pub fn get(&self, id: Uuid) -> IdLookup<'_> {
        match self.known.get(&id) {
            Some(known) => IdLookup::Known(known),
            None if id_time_ms(id).is_some_and(|time| time >= self.floor_ms) => IdLookup::New,
            None => IdLookup::Ask,
        }
    }

    /// An id that now stands for something.
    pub fn insert(&mut self, id: Uuid, known: IdMeaning) {
        if self.known.insert(id, known).is_none() {
            self.order.push_back(id);
        }
    }

    /// The oldest make room, and the floor rises above them. The last `under_way` stay: the store can't be asked for them yet. Ids of callers whose
    /// clock is ahead of `now_ms` are set aside while there is room: the floor would rise above everybody else's ids with them, for minutes, and every
    /// one of those would have to be looked up.
    pub fn evict(&mut self, under_way: usize, now_ms: u64) {
        // The floor has passed them, so nothing is claimed of them any more.
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
