//! What the entries of an account come to, counted as they are read.

use super::super::{Bai2CodeLevel, Bai2Entry, type_code};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Sum and number of the entries of one side.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bai2SideSum {
    /// Without those whose amount can't be read, which is a problem of its own.
    pub(super) sum: i128,
    pub(super) count: usize,
}

/// The entries of an account without the entries.
#[derive(Debug)]
pub(in super::super) struct Bai2Tally {
    pub(super) entries: usize,
    /// A total among the entries has a problem of its own and is on no side.
    pub(super) credits: Bai2SideSum,
    pub(super) debits: Bai2SideSum,
    /// Hash of what all of them say.
    pub(super) content: DefaultHasher,
    /// Hashes of code, amount and bank's reference of those that have a reference.
    pub(super) keys: Vec<u64>,
}

impl Bai2Tally {
    pub(super) fn new(content: DefaultHasher) -> Self {
        Self { entries: 0, credits: Bai2SideSum::default(), debits: Bai2SideSum::default(), content, keys: Vec::new() }
    }

    /// Counts an entry; `key` begins the hash by which it is recognised.
    pub(super) fn count(&mut self, entry: &Bai2Entry, mut key: DefaultHasher) {
        self.entries += 1;
        let is_total = type_code(&entry.code).is_some_and(|known| known.level != Bai2CodeLevel::Detail);
        if let Some(side) = entry.side.filter(|_| !is_total) {
            let sum = if side.adds() { &mut self.credits } else { &mut self.debits };
            sum.sum += i128::from(entry.amount_minor.unwrap_or(0));
            sum.count += 1;
        }
        let about = (&entry.code, entry.amount_minor, &entry.bank_reference);
        (about, &entry.customer_reference, &entry.text, entry.value_date).hash(&mut self.content);
        if !entry.bank_reference.is_empty() {
            about.hash(&mut key);
            self.keys.push(key.finish());
        }
    }
}
