//! Which items may have a reference, by its hash.

use std::hash::{BuildHasher, RandomState};

/// What a reference is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ReferenceKind {
    EndToEnd,
    Short,
    PaymentId,
    Trace,
    Batch,
    /// Company, day and sum of an ACH batch.
    AchBatch,
    Settlement,
    Descriptor,
    Counterparty,
}

impl ReferenceKind {
    pub(super) const fn mark(self) -> char {
        match self {
            Self::EndToEnd => 'e',
            Self::Short => 's',
            Self::PaymentId => 'p',
            Self::Trace => 't',
            Self::Batch => 'b',
            Self::AchBatch => 'a',
            Self::Settlement => 'x',
            Self::Descriptor => 'd',
            Self::Counterparty => 'n',
        }
    }

    /// Whether items are looked for by it. The others are only compared with what was found otherwise.
    const fn is_indexed(self) -> bool {
        !matches!(self, Self::Descriptor | Self::Counterparty)
    }
}

/// Hashes of references in ascending order, and beside each its item. Several references may have one hash, so what is found must be compared.
#[derive(Debug, Default)]
pub(super) struct ReferenceIndex {
    hasher: RandomState,
    added: Vec<(u64, u32)>,
    hashes: Vec<u64>,
    items: Vec<u32>,
}

impl ReferenceIndex {
    pub(super) fn add(&mut self, kind: ReferenceKind, text: &str, item: u32) {
        if kind.is_indexed() {
            self.added.push((self.hasher.hash_one((kind, text)), item));
        }
    }

    pub(super) fn sort(&mut self) {
        let mut added = std::mem::take(&mut self.added);
        added.sort_unstable();
        (self.hashes, self.items) = added.into_iter().unzip();
        self.hashes.shrink_to_fit();
        self.items.shrink_to_fit();
    }

    pub(super) fn candidates(&self, kind: ReferenceKind, text: &str) -> impl Iterator<Item = u32> {
        let hash = self.hasher.hash_one((kind, text));
        let first = self.hashes.partition_point(|found| *found < hash);
        let of_hash = self.hashes[first..].iter().zip(&self.items[first..]).take_while(move |(found, _)| **found == hash);
        of_hash.map(|(_, item)| *item)
    }
}
