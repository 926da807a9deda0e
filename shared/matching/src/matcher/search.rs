//! What a line names, by the rules 2 to 4. Nothing is decided here about whether it agrees.

use super::{
    distinct,
    index::{ItemIndex, batch_key},
};
use crate::{
    line::BankLine,
    outcome::{MatchEvidence, MatchRule},
    references::{FoundReference, ReferenceStrength, folded, words},
};
use jiff::civil::Date;

/// What a line names.
pub(super) enum LineTarget {
    /// Items, ascending; usually one.
    Items { rule: MatchRule, evidence: Vec<MatchEvidence>, items: Vec<usize> },
    /// Batches, ascending; usually one.
    Batches { evidence: Vec<MatchEvidence>, batches: Vec<usize> },
    /// Nothing that is expected.
    Nothing,
}

/// Items and the fields that name them.
#[derive(Default)]
struct NamedItems {
    items: Vec<usize>,
    evidence: Vec<MatchEvidence>,
}

impl NamedItems {
    fn add(&mut self, items: Option<&Vec<usize>>, field: &'static str, text: &str) {
        let Some(items) = items else { return };
        self.items.extend(items);
        self.evidence.push(MatchEvidence { field, text: text.to_owned() });
    }

    fn target(self, rule: MatchRule, line: &BankLine, index: &ItemIndex<'_>) -> Option<LineTarget> {
        let Self { mut items, evidence } = self;
        // A transfer between two of our accounts has one id and is expected on both.
        let on_account = |at: &usize| line.account.as_ref().is_some_and(|account| *account == index.items[*at].account);
        if items.iter().any(on_account) {
            items.retain(on_account);
        }
        (!items.is_empty()).then(|| LineTarget::Items { rule, evidence, items: distinct(items) })
    }
}

impl ItemIndex<'_> {
    /// The first rule that names anything.
    pub(super) fn search(&self, line: &BankLine) -> LineTarget {
        let of_strength = |strength| line.end_to_end.iter().filter(move |found: &&FoundReference| found.strength == strength);
        let steps: [&dyn Fn() -> Option<LineTarget>; 7] = [
            &|| self.ids(line, of_strength(ReferenceStrength::Stated)),
            &|| self.ids(line, of_strength(ReferenceStrength::Mentioned)),
            &|| self.short_references(line),
            &|| self.beginning(line, of_strength(ReferenceStrength::Cut)),
            &|| self.payment_ids(line),
            &|| self.traces(line),
            &|| self.batches_of(line),
        ];
        steps.iter().find_map(|step| step()).unwrap_or(LineTarget::Nothing)
    }

    fn ids<'l>(&self, line: &BankLine, references: impl Iterator<Item = &'l FoundReference>) -> Option<LineTarget> {
        let mut named = NamedItems::default();
        references.for_each(|found| named.add(self.by_end_to_end.get(&found.text), found.field, &found.text));
        named.target(MatchRule::EndToEndId, line, self)
    }

    /// Our short reference is unique for an account only.
    fn short_references(&self, line: &BankLine) -> Option<LineTarget> {
        let mut named = NamedItems::default();
        let mut add = |text: &str, field| {
            let is_on = |at: &usize| line.account.as_ref().is_none_or(|account| *account == self.items[*at].account);
            let on_account = |items: &Vec<usize>| -> Vec<usize> { items.iter().copied().filter(is_on).collect() };
            let items = self.by_short_reference.get(text).map(on_account).filter(|items| !items.is_empty());
            named.add(items.as_ref(), field, text);
        };
        line.end_to_end.iter().for_each(|found| add(&found.text, found.field));
        line.texts.iter().flat_map(|text| words(text)).for_each(|word| add(&word.to_ascii_lowercase(), "text"));
        named.target(MatchRule::EndToEndId, line, self)
    }

    /// The only item whose id begins like this, if nothing about it disagrees: the beginning of an id proves nothing against other facts.
    fn beginning<'l>(&self, line: &BankLine, references: impl Iterator<Item = &'l FoundReference>) -> Option<LineTarget> {
        let mut named = NamedItems::default();
        for found in references {
            if found.text.chars().count() < crate::references::CUT_CHARS_MIN {
                continue;
            }
            let items = self.beginning_with(&found.text);
            if let [only] = items.as_slice() {
                let item = self.items[*only];
                let is_of_side = (line.direction == item.direction) != line.is_money_back();
                let on_account = line.account.as_ref().is_none_or(|account| *account == item.account);
                if !is_of_side
                    || !on_account
                    || line.amount != item.amount
                    || item.window.is_some_and(|(first, last)| !in_window(line, first, last))
                {
                    continue;
                }
            }
            named.add(Some(&items).filter(|items| !items.is_empty()), found.field, &found.text);
        }
        named.target(MatchRule::EndToEndId, line, self)
    }

    fn payment_ids(&self, line: &BankLine) -> Option<LineTarget> {
        let mut named = NamedItems::default();
        for found in line.payment_ids.iter().chain(&line.end_to_end) {
            named.add(self.by_payment_id.get(&folded(&found.text)), found.field, &found.text);
        }
        if named.items.is_empty() {
            for word in line.texts.iter().flat_map(|text| words(text)) {
                named.add(self.by_payment_id.get(&folded(word)), "text", word);
            }
        }
        named.target(MatchRule::PaymentId, line, self)
    }

    fn traces(&self, line: &BankLine) -> Option<LineTarget> {
        let mut named = NamedItems::default();
        for trace in line.returned.iter().flat_map(|returned| &returned.original_traces) {
            named.add(self.by_trace.get(trace.as_str()), "original trace number", trace);
        }
        named.target(MatchRule::AchBatch, line, self)
    }

    /// A batch by its declared id; else an ACH batch by company id, effective date and sum, all three.
    fn batches_of(&self, line: &BankLine) -> Option<LineTarget> {
        // A payment that is listed in its batch is not the batch.
        if line.place.detail > 0 || line.is_money_back() {
            return None;
        }
        let account = line.account.as_deref()?;
        let texts = || line.texts.iter().flat_map(|text| words(text)).chain(line.end_to_end.iter().map(|found| found.text.as_str()));
        let stated = line.batch.iter().flat_map(|batch| &batch.ids).map(|id| ("batch id", id.as_str()));
        let ids = stated.chain(texts().map(|word| ("text: batch id", word)));
        let mut found: Vec<(&Vec<usize>, MatchEvidence)> = ids
            .filter_map(|(field, id)| Some((self.by_batch_id.get(&batch_key(account, id))?, MatchEvidence { field, text: id.to_owned() })))
            .collect();
        if found.is_empty() {
            let mut days: Vec<Date> = line.booked.into_iter().chain(line.value_date).collect();
            days.dedup();
            for (day, word) in days.iter().flat_map(|day| texts().map(|word| (*day, word))) {
                let text = || format!("{word} {day} {}", line.amount);
                let of_company = self.by_company.get(&(account, word, day, line.direction, line.amount));
                found.extend(of_company.map(|of| (of, MatchEvidence { field: "text: company id, with day and amount", text: text() })));
            }
        }
        let batches = found.iter().flat_map(|(batches, _)| batches.iter().copied());
        let batches = distinct(batches.filter(|at| self.batches[*at].direction == line.direction).collect());
        (!batches.is_empty()).then(|| LineTarget::Batches { evidence: found.into_iter().map(|(_, evidence)| evidence).collect(), batches })
    }
}

fn in_window(line: &BankLine, first: Date, last: Date) -> bool {
    line.booked.or(line.value_date).is_none_or(|day| (first..=last).contains(&day))
}
