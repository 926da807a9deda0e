//! Exact counts and sums of postings, by kind and unit.
use api::ledger::Posting;
use std::{collections::BTreeMap, sync::Arc};

/// What postings of one kind did in one unit. No sum overflows: the ledger refuses a posting that would overflow the sums of an account, and each kind of posting moves money from or
/// to accounts of the company.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UnitSums {
    /// Moved from one account to another.
    pub moved: i64,
    /// Held.
    pub held: i64,
    /// Held before, and released in full.
    pub released: i64,
}

impl UnitSums {
    fn add(&mut self, other: Self) {
        self.moved = self.moved.saturating_add(other.moved);
        self.held = self.held.saturating_add(other.held);
        self.released = self.released.saturating_add(other.released);
    }
}

/// Postings of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KindCount {
    /// How many there are.
    pub postings: i64,
    /// What they did, by unit.
    pub units: BTreeMap<Arc<str>, UnitSums>,
}

/// Postings by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaymentTally(BTreeMap<Arc<str>, KindCount>);

impl PaymentTally {
    /// Counts a posting, and says the how many-th of its kind it is here.
    pub fn count(&mut self, posting: &Posting) -> i64 {
        let of_kind = entry(&mut self.0, &posting.kind);
        of_kind.postings = of_kind.postings.saturating_add(1);
        for transfer in &posting.transfers {
            let sums = match (transfer.pending, transfer.released) {
                (true, _) => UnitSums { held: transfer.amount, ..UnitSums::default() },
                (false, true) => UnitSums { released: transfer.amount, ..UnitSums::default() },
                (false, false) => UnitSums { moved: transfer.amount, ..UnitSums::default() },
            };
            entry(&mut of_kind.units, &transfer.unit).add(sums);
        }
        of_kind.postings
    }

    /// Adds all that another one counts.
    pub fn add(&mut self, other: &Self) {
        for (kind, count) in &other.0 {
            self.add_postings(kind, count.postings);
            for (unit, sums) in &count.units {
                self.add_sums(kind, unit, *sums);
            }
        }
    }

    /// Adds a number of postings of a kind.
    pub fn add_postings(&mut self, kind: &str, postings: i64) {
        let of_kind = entry(&mut self.0, kind);
        of_kind.postings = of_kind.postings.saturating_add(postings);
    }

    /// Adds what postings of a kind did in a unit.
    pub fn add_sums(&mut self, kind: &str, unit: &str, sums: UnitSums) {
        entry(&mut entry(&mut self.0, kind).units, unit).add(sums);
    }

    /// The counts by kind, in the order of kinds.
    pub fn kinds(&self) -> impl Iterator<Item = (&str, &KindCount)> {
        self.0.iter().map(|(kind, count)| (&**kind, count))
    }
}

/// The value of a name, which is stored only where it is new.
fn entry<'a, V: Default>(map: &'a mut BTreeMap<Arc<str>, V>, name: &str) -> &'a mut V {
    if !map.contains_key(name) {
        map.insert(name.into(), V::default());
    }
    map.get_mut(name).expect("it is there, or was just inserted")
}
