//! Rule 1: entries by what the bank calls them, in little memory.

use crate::store::PackedPlace;
use matching::{BankLine, EarlierEntry, EntryIdentity, LinePlace, SeenEntry};
use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{BuildHasher, Hash, RandomState},
};

/// An identity without its end-to-end id, as 128 bits of two hashes: two different ones are alike once in a trillion runs of a million entries.
type BareKey = [u64; 2];

/// An entry with an identity.
#[derive(Debug, Clone, Copy)]
struct KnownEntry {
    /// Hash of its end-to-end id; 0 if it has none.
    id: u64,
    /// Its place, or if it was recorded before, its number among those.
    place: PackedPlace,
    is_recorded: bool,
}

/// What an entry repeats.
pub(super) enum Repeated {
    /// A line of this run.
    Line(LinePlace),
    /// What the caller recorded.
    Recorded(String),
}

impl From<Repeated> for EarlierEntry {
    fn from(repeated: Repeated) -> Self {
        match repeated {
            Repeated::Line(place) => Self::Line(place),
            Repeated::Recorded(id) => Self::Recorded(id),
        }
    }
}

/// Booked entries of this run and of earlier ones.
#[derive(Debug)]
pub(super) struct SeenEntries {
    hashers: [RandomState; 2],
    known: HashMap<BareKey, KnownEntry>,
    /// Further entries with the same reference and other end-to-end ids: banks give one reference to several payments of a file.
    further: HashMap<(BareKey, u64), KnownEntry>,
    recorded: Vec<String>,
}

impl SeenEntries {
    pub(super) fn with_room_for(lines: usize) -> Self {
        Self {
            hashers: [RandomState::new(), RandomState::new()],
            known: HashMap::with_capacity(lines),
            further: HashMap::new(),
            recorded: Vec::new(),
        }
    }

    /// Remembers an entry that was booked in an earlier run.
    pub(super) fn remember(&mut self, entry: &SeenEntry) {
        let (key, id) = self.keys(&entry.identity);
        let number = self.recorded.len();
        self.recorded.push(entry.id.clone());
        let place = LinePlace { file: 0, statement: 0, entry: number, detail: 0 }.into();
        self.insert(key, KnownEntry { id, place, is_recorded: true });
    }

    /// What a line repeats; a line that repeats nothing is remembered if it is booked.
    pub(super) fn again(&mut self, line: &BankLine, is_booked: bool) -> Option<Repeated> {
        let (key, id) = self.keys(&line.identity()?);
        // A line without an id may be any of those with one; a line with an id may be one that came without.
        let first = self.known.get(&key).filter(|known| id == 0 || known.id == 0 || known.id == id);
        if let Some(known) = first.or_else(|| self.further.get(&(key, id))).or_else(|| self.further.get(&(key, 0))) {
            let place = known.place.place();
            return Some(match known.is_recorded {
                true => Repeated::Recorded(self.recorded.get(place.entry).cloned().unwrap_or_default()),
                false => Repeated::Line(place),
            });
        }
        if is_booked {
            self.insert(key, KnownEntry { id, place: line.place.into(), is_recorded: false });
        }
        None
    }

    fn insert(&mut self, key: BareKey, entry: KnownEntry) {
        match self.known.entry(key) {
            Entry::Vacant(first) => drop(first.insert(entry)),
            Entry::Occupied(_) => drop(self.further.insert((key, entry.id), entry)),
        }
    }

    fn keys(&self, identity: &EntryIdentity) -> (BareKey, u64) {
        let bare = Bare { identity };
        let key = [self.hashers[0].hash_one(&bare), self.hashers[1].hash_one(&bare)];
        (key, identity.end_to_end.as_ref().map_or(0, |id| self.hashers[0].hash_one(id).max(1)))
    }
}

/// An identity without its end-to-end id.
struct Bare<'a> {
    identity: &'a EntryIdentity,
}

impl Hash for Bare<'_> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        let EntryIdentity { account, reference, part, amount, direction, end_to_end: _ } = self.identity;
        (account, reference, part, amount.currency().code(), amount.minor_units(), direction).hash(state);
    }
}
