//! What a line names, by the rules 2 to 5. Nothing is decided here about whether it agrees.

use crate::{
    rule::{Evidence, ReconciliationRule},
    store::{ItemStore, ReferenceKind},
};
use matching::{BankLine, FoundReference, ReferenceStrength, folded, reference_words};

/// Fewest characters of an id's beginning that are compared, as in matching.
const CUT_CHARS_MIN: usize = 14;

/// Items that a line names, ascending; usually one.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) rule: ReconciliationRule,
    pub(super) items: Vec<u32>,
    pub(super) evidence: Vec<Evidence>,
}

/// The first rule that names anything.
pub(super) fn search(store: &ItemStore, line: &BankLine) -> Option<Target> {
    let by = LineSearch { store, line };
    let steps: [&dyn Fn() -> Option<Target>; 7] = [
        &|| by.ids(ReferenceStrength::Stated),
        &|| by.ids(ReferenceStrength::Mentioned),
        &|| by.short_references(),
        &|| by.beginnings(),
        &|| by.payment_ids(),
        &|| by.traces(),
        &|| by.settlements(),
    ];
    steps.iter().find_map(|step| step())
}

struct LineSearch<'s, 'l> {
    store: &'s ItemStore,
    line: &'l BankLine,
}

#[derive(Default)]
struct Named {
    items: Vec<u32>,
    evidence: Vec<Evidence>,
}

impl Named {
    fn add(&mut self, items: Vec<u32>, field: &'static str, text: &str) {
        if !items.is_empty() {
            self.items.extend(items);
            self.evidence.push(Evidence::new(field, text));
        }
    }
}

impl LineSearch<'_, '_> {
    fn of_strength(&self, strength: ReferenceStrength) -> impl Iterator<Item = &FoundReference> {
        self.line.end_to_end.iter().filter(move |found| found.strength == strength)
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        self.line.texts.iter().flat_map(|text| reference_words(text))
    }

    fn is_on_account(&self, item: u32) -> bool {
        self.line.account.as_deref().is_none_or(|account| account == self.store.account(item))
    }

    fn target(&self, named: Named, rule: ReconciliationRule) -> Option<Target> {
        let Named { mut items, evidence } = named;
        items.sort_unstable();
        items.dedup();
        // A transfer between two of our accounts has one id and is expected on both.
        if items.iter().any(|item| self.is_on_account(*item)) {
            items.retain(|item| self.is_on_account(*item));
        }
        (!items.is_empty()).then_some(Target { rule, items, evidence })
    }

    fn ids(&self, strength: ReferenceStrength) -> Option<Target> {
        let mut named = Named::default();
        for found in self.of_strength(strength) {
            named.add(self.store.named(ReferenceKind::EndToEnd, &found.text), found.field, &found.text);
        }
        self.target(named, ReconciliationRule::EndToEndId)
    }

    /// Our short reference is unique for an account only.
    fn short_references(&self) -> Option<Target> {
        let mut named = Named::default();
        let mut add = |text: &str, field| {
            let mut items = self.store.named(ReferenceKind::Short, text);
            items.retain(|item| self.is_on_account(*item));
            named.add(items, field, text);
        };
        self.line.end_to_end.iter().for_each(|found| add(&found.text, found.field));
        self.words().for_each(|word| add(&word.to_ascii_lowercase(), "text"));
        self.target(named, ReconciliationRule::EndToEndId)
    }

    /// The only item whose id begins like this, if nothing about it disagrees: the beginning of an id proves nothing against other facts.
    fn beginnings(&self) -> Option<Target> {
        let mut named = Named::default();
        for found in self.of_strength(ReferenceStrength::Cut).filter(|found| found.text.chars().count() >= CUT_CHARS_MIN) {
            let items = self.store.beginning_with(&found.text);
            if let [only] = items.as_slice() {
                let item = self.store.get(*only);
                let is_of_side = (self.line.direction == self.store.direction(*only)) != self.line.is_money_back();
                let amount = self.line.amount;
                let is_amount = amount.currency() == self.store.currency(*only) && (item.least..=item.most).contains(&amount.minor_units());
                if !is_of_side || !is_amount || !self.is_on_account(*only) {
                    continue;
                }
            }
            named.add(items, found.field, &found.text);
        }
        self.target(named, ReconciliationRule::EndToEndId)
    }

    fn payment_ids(&self) -> Option<Target> {
        let mut named = Named::default();
        for found in self.line.payment_ids.iter().chain(&self.line.end_to_end) {
            named.add(self.store.named(ReferenceKind::PaymentId, &folded(&found.text)), found.field, &found.text);
        }
        if named.items.is_empty() {
            for word in self.words() {
                named.add(self.store.named(ReferenceKind::PaymentId, &folded(word)), "text", word);
            }
        }
        self.target(named, ReconciliationRule::PaymentId)
    }

    fn traces(&self) -> Option<Target> {
        let mut named = Named::default();
        for trace in self.line.returned.iter().flat_map(|returned| &returned.original_traces) {
            named.add(self.store.named(ReferenceKind::Trace, trace), "original trace number", trace);
        }
        self.target(named, ReconciliationRule::AchBatch)
    }

    /// The id of a processor's or store's payout, wherever it stands.
    fn settlements(&self) -> Option<Target> {
        let mut named = Named::default();
        let stated = self.line.end_to_end.iter().map(|found| (found.field, found.text.as_str()));
        for (field, text) in stated.chain(self.words().map(|word| ("text: payout id", word))) {
            named.add(self.store.named(ReferenceKind::Settlement, &folded(text)), field, text);
        }
        self.target(named, ReconciliationRule::Settlement)
    }
}
