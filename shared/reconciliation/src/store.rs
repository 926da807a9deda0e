//! Items in little memory: a million of them with their references take about 200 MiB.

mod index;
mod packed;

pub(crate) use index::ReferenceKind;
pub(crate) use packed::{ItemStatus, PackedDay, PackedItem, PackedPlace};

use crate::item::{BooksState, Item};
use index::ReferenceIndex;
use iso20022::camt053::Direction;
use jiff::civil::Date;
use matching::{ItemStanding, end_to_end_key, folded};
use money::{Currency, Money};
use std::collections::HashMap;

/// The most items of a run; a store counts them in 32 bits, and memory grows with each.
pub const ITEMS_MAX: usize = 5_000_000;

/// Why items can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// More items than a run takes.
    #[error("there are more than {ITEMS_MAX} items; nothing was matched; reconcile fewer days at once")]
    TooMany,
    /// Two items have one key.
    #[error("the key {0} is there twice; nothing was matched; an item must have one key")]
    RepeatedKey(String),
    /// An item's text is beyond any bank's field.
    #[error("the item {0} has a text that is too long; nothing was matched")]
    TooLong(String),
}

/// Items, found by everything that a bank may call them.
#[derive(Debug, Default)]
pub struct ItemStore {
    items: Vec<PackedItem>,
    /// Key and references of each item, one after the other.
    text: String,
    /// Accounts with their currencies.
    series: Vec<(String, Currency)>,
    series_of: HashMap<(String, Currency), u16>,
    /// What was recorded of earlier runs, where that is anything: money that came back in minor units, and bookings beyond the first.
    earlier: HashMap<u32, (i64, u32)>,
    index: ReferenceIndex,
    /// Items with an end-to-end id, in its order.
    by_id: Vec<u32>,
}

impl ItemStore {
    /// No items yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Adds an item.
    ///
    /// # Errors
    /// [`StoreError::TooMany`] and [`StoreError::TooLong`].
    pub fn push(&mut self, item: &Item) -> Result<(), StoreError> {
        let expected = &item.expected;
        let too_long = || StoreError::TooLong(expected.key.chars().take(40).collect());
        let number = u32::try_from(self.items.len()).ok().filter(|number| (*number as usize) < ITEMS_MAX).ok_or(StoreError::TooMany)?;
        let start = u32::try_from(self.text.len()).map_err(|_| StoreError::TooMany)?;
        let series = self.series(&expected.account, expected.amount.currency()).ok_or(StoreError::TooMany)?;
        self.text.push_str(&expected.key);
        for (kind, text) in references(item) {
            // The end of a line ends a reference.
            let text = text.replace('\n', " ");
            self.index.add(kind, &text, number);
            self.text.push(kind.mark());
            self.text.push_str(&text);
            self.text.push('\n');
        }
        let key_bytes = u16::try_from(expected.key.len()).map_err(|_| too_long())?;
        let text_bytes = u16::try_from(self.text.len() - start as usize).map_err(|_| too_long())?;
        if expected.returned_minor_units != 0 || expected.duplicates != 0 {
            self.earlier.insert(number, (expected.returned_minor_units, expected.duplicates));
        }
        let day = PackedDay::of;
        self.items.push(PackedItem {
            start,
            key_bytes,
            text_bytes,
            series,
            least: expected.amount.minor_units(),
            most: item.amount_most.unwrap_or(expected.amount).minor_units(),
            window: expected.window.map_or([day(None); 2], |(first, last)| [day(Some(first)), day(Some(last))]),
            since: day(item.since),
            final_day: day(item.final_day),
            value_date: day(item.value_date),
            is_credit: expected.direction == Direction::Credit,
            kind: item.kind,
            state: item.state,
            standing: expected.standing,
            status: ItemStatus::of(expected.standing),
            taken_by: PackedPlace::NONE,
        });
        Ok(())
    }

    /// Makes what was added findable.
    ///
    /// # Errors
    /// [`StoreError::RepeatedKey`].
    pub fn ready(mut self) -> Result<Self, StoreError> {
        let mut order: Vec<u32> = (0..u32::try_from(self.items.len()).unwrap_or(u32::MAX)).collect();
        order.sort_unstable_by(|one, other| self.key(*one).cmp(self.key(*other)));
        if let Some(pair) = order.windows(2).find(|pair| self.key(pair[0]) == self.key(pair[1])) {
            return Err(StoreError::RepeatedKey(self.key(pair[0]).to_owned()));
        }
        order.retain(|number| self.reference(*number, ReferenceKind::EndToEnd).is_some());
        order.sort_unstable_by(|one, other| {
            let id = |number| self.reference(number, ReferenceKind::EndToEnd);
            id(*one).cmp(&id(*other))
        });
        self.by_id = order;
        self.index.sort();
        self.text.shrink_to_fit();
        self.items.shrink_to_fit();
        Ok(self)
    }

    fn series(&mut self, account: &str, currency: Currency) -> Option<u16> {
        if let Some(found) = self.series_of.get(&(account.to_owned(), currency)) {
            return Some(*found);
        }
        let number = u16::try_from(self.series.len()).ok()?;
        self.series.push((account.to_owned(), currency));
        self.series_of.insert((account.to_owned(), currency), number);
        Some(number)
    }

    /// Accounts with their currencies, as items have them.
    #[must_use]
    pub fn accounts(&self) -> &[(String, Currency)] {
        &self.series
    }

    pub(crate) fn get(&self, number: u32) -> &PackedItem {
        &self.items[number as usize]
    }

    pub(crate) fn set(&mut self, number: u32, status: ItemStatus, by: PackedPlace) {
        let item = &mut self.items[number as usize];
        item.status = status;
        if !by.is_none() {
            item.taken_by = by;
        }
    }

    pub(crate) fn numbers(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.items.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn account(&self, number: u32) -> &str {
        &self.series[usize::from(self.get(number).series)].0
    }

    pub(crate) fn currency(&self, number: u32) -> Currency {
        self.series[usize::from(self.get(number).series)].1
    }

    pub(crate) fn key(&self, number: u32) -> &str {
        let item = self.get(number);
        &self.text[item.start as usize..][..usize::from(item.key_bytes)]
    }

    /// The smallest amount that is expected.
    pub(crate) fn least(&self, number: u32) -> Money {
        Money::try_new(self.currency(number), self.get(number).least).expect("it was a money's")
    }

    /// What was recorded of earlier runs: money that came back in minor units, and bookings beyond the first.
    pub(crate) fn earlier(&self, number: u32) -> (i64, u32) {
        self.earlier.get(&number).copied().unwrap_or_default()
    }

    pub(crate) fn direction(&self, number: u32) -> Direction {
        if self.get(number).is_credit { Direction::Credit } else { Direction::Debit }
    }

    /// An item's first reference of a kind.
    pub(crate) fn reference(&self, number: u32, kind: ReferenceKind) -> Option<&str> {
        self.references_of(number).find(|(mark, _)| *mark == kind.mark()).map(|(_, text)| text)
    }

    fn references_of(&self, number: u32) -> impl Iterator<Item = (char, &str)> {
        let item = self.get(number);
        let all = &self.text[item.start as usize..][..usize::from(item.text_bytes)];
        let lines = all[usize::from(item.key_bytes)..].split_terminator('\n');
        lines.filter_map(|line| {
            let mark = line.chars().next()?;
            Some((mark, &line[mark.len_utf8()..]))
        })
    }

    /// Items that have a reference, ascending.
    pub(crate) fn named(&self, kind: ReferenceKind, text: &str) -> Vec<u32> {
        let has = |number: &u32| self.references_of(*number).any(|(mark, found)| mark == kind.mark() && found == text);
        self.index.candidates(kind, text).filter(has).collect()
    }

    /// Items whose end-to-end id begins with a text: none, one, or the first two, which is enough to know that it is not the only one.
    pub(crate) fn beginning_with(&self, beginning: &str) -> Vec<u32> {
        let id = |number: u32| self.reference(number, ReferenceKind::EndToEnd).unwrap_or_default();
        let first = self.by_id.partition_point(|number| id(*number) < beginning);
        self.by_id[first..].iter().copied().take_while(|number| id(*number).starts_with(beginning)).take(2).collect()
    }
}

/// Everything that an item may be called by.
fn references(item: &Item) -> Vec<(ReferenceKind, String)> {
    let expected = &item.expected;
    let mut found = Vec::new();
    let mut add = |kind, text: Option<String>| found.extend(text.filter(|text| !text.is_empty()).map(|text| (kind, text)));
    add(ReferenceKind::EndToEnd, expected.end_to_end_id.as_deref().and_then(end_to_end_key));
    add(ReferenceKind::Short, expected.short_reference.as_deref().and_then(end_to_end_key));
    expected.payment_ids.iter().for_each(|id| add(ReferenceKind::PaymentId, Some(folded(id))));
    add(ReferenceKind::Trace, expected.trace.as_deref().map(|trace| trace.trim().to_owned()));
    if let Some(batch) = &expected.batch {
        add(ReferenceKind::Batch, Some(folded(&batch.id)));
        if let (Some(company), Some(day)) = (&batch.company_id, batch.effective_date) {
            add(ReferenceKind::AchBatch, Some(ach_batch(&folded(company), day, batch.total)));
        }
    }
    add(ReferenceKind::Settlement, item.settlement.as_deref().map(folded));
    add(ReferenceKind::Descriptor, item.descriptor.as_deref().map(folded));
    add(ReferenceKind::Counterparty, item.counterparty.as_deref().map(folded));
    found
}

/// What an ACH batch is recognised by if the bank does not name it.
pub(crate) fn ach_batch(company: &str, day: Date, total: Money) -> String {
    format!("{company} {day} {total}")
}

/// Whether the books have an item on the bank account already, although no booking was seen.
pub(crate) fn is_in_books(item: &PackedItem) -> bool {
    item.state == BooksState::Settled || item.standing == ItemStanding::Settled
}
