//! Items by everything that a bank may call them.

use crate::{
    expected::ExpectedItem,
    references::{end_to_end_key, folded},
};
use iso20022::camt053::Direction;
use jiff::civil::Date;
use money::{Currency, Money};
use std::collections::{BTreeMap, HashMap};

/// Items, sorted by key, and where to find them. Numbers are places in `items`.
pub(super) struct ItemIndex<'a> {
    pub(super) items: Vec<&'a ExpectedItem>,
    pub(super) by_end_to_end: HashMap<String, Vec<usize>>,
    /// Ids in ascending order, so that those with one beginning stand together.
    beginnings: Vec<(String, usize)>,
    pub(super) by_short_reference: HashMap<String, Vec<usize>>,
    pub(super) by_payment_id: HashMap<String, Vec<usize>>,
    pub(super) by_trace: HashMap<&'a str, Vec<usize>>,
    pub(super) batches: Vec<ItemBatch<'a>>,
    /// By [`batch_key`].
    pub(super) by_batch_id: HashMap<String, Vec<usize>>,
    /// By what an ACH batch is recognised by if the bank does not name it.
    pub(super) by_company: HashMap<CompanyKey<'a>, Vec<usize>>,
}

/// Account, company, effective date, direction and total.
pub(super) type CompanyKey<'a> = (&'a str, &'a str, Date, Direction, Money);

/// The items of a batch.
pub(super) struct ItemBatch<'a> {
    pub(super) id: &'a str,
    pub(super) direction: Direction,
    pub(super) total: Money,
    pub(super) items: Vec<usize>,
}

/// Everything that the items of a batch have in common: items that disagree are several batches, of which none is the only one. Debits come first.
type BatchKey<'a> = (&'a str, &'a str, bool, Currency, i64, Option<&'a str>, Option<Date>);

impl<'a> ItemIndex<'a> {
    pub(super) fn new(expected: &'a [ExpectedItem]) -> Self {
        let mut items: Vec<&ExpectedItem> = expected.iter().collect();
        items.sort_by(|one, other| one.key.cmp(&other.key));
        let mut index = Self {
            items,
            by_end_to_end: HashMap::new(),
            beginnings: Vec::new(),
            by_short_reference: HashMap::new(),
            by_payment_id: HashMap::new(),
            by_trace: HashMap::new(),
            batches: Vec::new(),
            by_batch_id: HashMap::new(),
            by_company: HashMap::new(),
        };
        for (at, item) in index.items.iter().copied().enumerate() {
            if let Some(id) = item.end_to_end_id.as_deref().and_then(end_to_end_key) {
                index.by_end_to_end.entry(id.clone()).or_default().push(at);
                index.beginnings.push((id, at));
            }
            if let Some(reference) = item.short_reference.as_deref().and_then(end_to_end_key) {
                index.by_short_reference.entry(reference).or_default().push(at);
            }
            for id in item.payment_ids.iter().map(|id| folded(id)).filter(|id| !id.is_empty()) {
                index.by_payment_id.entry(id).or_default().push(at);
            }
            if let Some(trace) = item.trace.as_deref() {
                index.by_trace.entry(trace.trim()).or_default().push(at);
            }
        }
        index.beginnings.sort_unstable();
        index.add_batches();
        index
    }

    fn add_batches(&mut self) {
        let mut batches: BTreeMap<BatchKey<'a>, Vec<usize>> = BTreeMap::new();
        for (at, item) in self.items.iter().copied().enumerate() {
            let Some(batch) = &item.batch else { continue };
            let key: BatchKey<'a> = (
                &item.account,
                batch.id.trim(),
                item.direction == Direction::Credit,
                batch.total.currency(),
                batch.total.minor_units(),
                batch.company_id.as_deref().map(str::trim),
                batch.effective_date,
            );
            batches.entry(key).or_default().push(at);
        }
        for ((account, id, is_credit, _, _, company, date), items) in batches {
            let Some(batch) = items.first().and_then(|first| self.items[*first].batch.as_ref()) else { continue };
            let direction = if is_credit { Direction::Credit } else { Direction::Debit };
            let at = self.batches.len();
            self.by_batch_id.entry(batch_key(account, id)).or_default().push(at);
            if let (Some(company), Some(date)) = (company, date) {
                self.by_company.entry((account, company, date, direction, batch.total)).or_default().push(at);
            }
            self.batches.push(ItemBatch { id, direction, total: batch.total, items });
        }
    }

    /// Items whose id begins with a text: none, one, or the first two, which is enough to know that it is not the only one.
    pub(super) fn beginning_with(&self, beginning: &str) -> Vec<usize> {
        let first = self.beginnings.partition_point(|(id, _)| id.as_str() < beginning);
        self.beginnings[first..].iter().take_while(|(id, _)| id.starts_with(beginning)).take(2).map(|(_, at)| *at).collect()
    }
}

/// A batch's account and declared id.
pub(super) fn batch_key(account: &str, id: &str) -> String {
    format!("{account}/{}", folded(id))
}
