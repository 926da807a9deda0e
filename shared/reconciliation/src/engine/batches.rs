//! Rules 4 and 6: batches. Sums are compared of declared batches only; no sum of freely chosen items is ever tried.

use super::{OpenLine, Run, StepResult, draft::CaseDraft, sums_key};
use crate::{
    class::ExceptionClass,
    posting,
    rule::{Evidence, Explained, ReconciliationRule},
    store::{ItemStatus, PackedPlace, ReferenceKind, ach_batch, is_in_books},
};
use iso20022::camt053::Direction;
use matching::{BankLine, folded, reference_words};
use std::collections::BTreeMap;

/// What a line says of a batch.
struct BatchNamed {
    kind: ReferenceKind,
    text: String,
    evidence: Evidence,
}

impl Run<'_, '_, '_> {
    /// Decides about lines that name a batch, and leaves the others.
    pub(super) fn batches(&mut self, open: Vec<OpenLine>) -> StepResult<Vec<OpenLine>> {
        let (mut rest, mut groups) = (Vec::new(), BTreeMap::<(String, bool, String), (BatchNamed, Vec<OpenLine>)>::new());
        for open in open {
            match self.batch_named(&open.line) {
                Some(named) if open.target.is_none() && !open.line.is_charge => {
                    let key = (open.line.account.clone().unwrap_or_default(), open.line.direction == Direction::Debit, named.text.clone());
                    groups.entry(key).or_insert_with(|| (named, Vec::new())).1.push(open);
                }
                _ => rest.push(open),
            }
        }
        for (named, lines) in groups.into_values() {
            self.batch(&named, &lines)?;
        }
        Ok(rest)
    }

    /// An ACH batch by company id, effective date and sum, all three; else a batch by its declared id.
    fn batch_named(&self, line: &BankLine) -> Option<BatchNamed> {
        let words: Vec<String> = line
            .texts
            .iter()
            .flat_map(|text| reference_words(text))
            .chain(line.end_to_end.iter().map(|found| found.text.as_str()))
            .map(folded)
            .collect();
        let has = |kind, text: &str| self.store.named(kind, text).into_iter().any(|item| self.is_beside(line, item));
        let mut days: Vec<_> = line.booked.into_iter().chain(line.value_date).collect();
        days.dedup();
        for (day, word) in days.iter().flat_map(|day| words.iter().map(move |word| (*day, word))) {
            let text = ach_batch(word, day, line.amount);
            if has(ReferenceKind::AchBatch, &text) {
                let evidence = Evidence::new("text: company id, with day and amount", text.clone());
                return Some(BatchNamed { kind: ReferenceKind::AchBatch, text, evidence });
            }
        }
        let stated = line.batch.iter().flat_map(|batch| &batch.ids).map(|id| ("batch id", folded(id)));
        let found = stated.chain(words.into_iter().map(|word| ("text: batch id", word))).find(|(_, id)| has(ReferenceKind::Batch, id));
        found.map(|(field, id)| BatchNamed { kind: ReferenceKind::Batch, text: id.clone(), evidence: Evidence::new(field, id) })
    }

    /// Whether an item is of a line's account, currency and direction, whatever happened to it.
    fn is_beside(&self, line: &BankLine, item: u32) -> bool {
        line.account.as_deref() == Some(self.store.account(item))
            && line.amount.currency() == self.store.currency(item)
            && line.direction == self.store.direction(item)
    }

    fn batch(&mut self, named: &BatchNamed, lines: &[OpenLine]) -> StepResult<()> {
        let Some(first) = lines.first() else { return Ok(()) };
        let rule = if named.kind == ReferenceKind::AchBatch { ReconciliationRule::AchBatch } else { ReconciliationRule::DeclaredBatch };
        let mut items = self.store.named(named.kind, &named.text);
        items.retain(|item| self.is_beside(&first.line, *item));
        let (free, taken): (Vec<u32>, Vec<u32>) = items.into_iter().partition(|item| self.store.get(*item).status == ItemStatus::Free);
        let draft = |class, items: &[u32], detail: String| {
            let mut draft = CaseDraft::new(class, &first.line, items, detail);
            (draft.rule, draft.evidence) = (Some(rule), vec![named.evidence.clone()]);
            draft.lines = lines.iter().map(|open| &open.line).collect();
            draft
        };
        if free.is_empty() {
            let class = match first.line.direction {
                Direction::Debit => ExceptionClass::DuplicateDebit,
                Direction::Credit => ExceptionClass::UnknownCredit,
            };
            return self.open_case(draft(class, &taken, "all items of the batch were booked before".to_owned())).map(drop);
        }
        let booked: i64 = lines.iter().map(|open| open.line.amount.minor_units()).sum();
        let expected: i64 = free.iter().map(|item| self.store.get(*item).least).sum();
        let difference = booked - expected;
        let is_even = difference.abs() <= self.tolerance(&first.line, rule);
        match (lines, free.as_slice()) {
            ([one], items) if is_even => self.settle(&one.line, items, rule, vec![named.evidence.clone()]),
            (lines, [item]) if is_even => self.settle_in_parts(lines, *item, rule, &named.evidence),
            (lines, items) => {
                let class = match difference {
                    0 => ExceptionClass::SplitMismatch,
                    ..0 => ExceptionClass::UnderAmount,
                    1.. => ExceptionClass::OverAmount,
                };
                let numbers = format!("{} items come to {expected} minor units, {} entries to {booked}", items.len(), lines.len());
                self.open_case(draft(class, items, numbers).taking_items())?;
            }
        }
        Ok(())
    }

    /// Several bookings settle one item.
    fn settle_in_parts(&mut self, lines: &[OpenLine], item: u32, rule: ReconciliationRule, evidence: &Evidence) {
        let packed = self.store.get(item);
        let (kind, in_books) = (packed.kind, is_in_books(packed));
        let key = self.store.key(item).to_owned();
        let of_item = self.store.direction(item).signed(self.store.least(item));
        for (at, open) in lines.iter().enumerate() {
            let line = &open.line;
            let sums = self.sums.entry(sums_key(line)).or_default();
            sums.to_post += line.direction.signed(line.amount);
            if at == 0 {
                self.store.set(item, ItemStatus::Settled, PackedPlace::from(line.place));
                if in_books {
                    sums.to_post -= of_item;
                }
            }
            let postings = if in_books { Vec::new() } else { posting::settled(kind, line.direction, line.amount, 0) };
            let explained = Explained::Settles { items: vec![key.clone()], difference: 0 };
            self.explain(line, explained, Some(rule), vec![evidence.clone()], postings);
        }
    }
}
