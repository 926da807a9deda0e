//! What is left without a reference: agreed charges, receipts of processors and stores (rule 5), and proposals (rule 7). Each needs exactly one candidate on each
//! side; an amount alone is never enough.

use super::{OpenLine, Run, StepResult, draft::CaseDraft, named::unknown, search::Target};
use crate::{
    case::ProposedItem,
    class::ExceptionClass,
    item::ItemKind,
    rule::{Evidence, ReconciliationRule},
    store::{ItemStatus, PackedDay, ReferenceKind},
};
use iso20022::camt053::Direction;
use jiff::civil::Date;
use matching::{BankLine, ReferenceStrength};
use money::Currency;
use std::collections::{HashMap, HashSet};

/// Banking days between an expected and a booked receipt of a processor or store.
const SETTLEMENT_BANKING_DAYS: u32 = 3;
/// Banking days between the value dates of a proposal.
const PROPOSAL_BANKING_DAYS: u32 = 2;
/// Shortest word of a name that is compared.
const NAME_WORD_CHARS_MIN: usize = 2;

/// The most items of one amount and one word of a name that a line is compared with. With more, none of them could be proposed alone.
const ALIKE_MAX: usize = 1_000;

/// Account, direction and amount of lines that are looked for among items.
type AmountKey = (String, bool, Currency, i64);

impl Run<'_, '_, '_> {
    /// Charges of the bank that were agreed: by the bank's code, within the agreed amounts and days.
    pub(super) fn charges(&mut self, open: Vec<OpenLine>) -> StepResult<Vec<OpenLine>> {
        if open.iter().all(|open| !open.line.is_charge) {
            return Ok(open);
        }
        let agreed: Vec<u32> = self.store.numbers().filter(|item| self.store.get(*item).kind == ItemKind::Charge).collect();
        let mut rest = Vec::new();
        for mut open in open {
            let fits = |item: &&u32| {
                let [first, last] = self.store.get(**item).window.map(PackedDay::day);
                let day = open.line.booked.or(open.line.value_date);
                let in_window = day.is_none_or(|day| first.is_none_or(|first| first <= day) && last.is_none_or(|last| day <= last));
                open.line.is_charge && in_window && self.agrees(&open.line, **item) && self.beyond(&open.line, **item) == 0
            };
            let fitting: Vec<u32> = agreed.iter().filter(fits).copied().collect();
            if let [item] = *fitting.as_slice() {
                let evidence =
                    vec![Evidence::new("bank's code", "a charge or interest"), Evidence::new("amount", open.line.amount.to_string())];
                self.settle(&open.line, &[item], ReconciliationRule::Settlement, evidence);
            } else {
                // The references of a charge are those of a payment, and lead nowhere from here.
                open.target = None;
                rest.push(open);
            }
        }
        Ok(rest)
    }

    /// Receipts of processors and stores without the id of their payout: by amount, days and what the payer writes.
    pub(super) fn settlements(&mut self, open: Vec<OpenLine>) -> StepResult<Vec<OpenLine>> {
        let pairs = self.pairs(&open, ReferenceKind::Descriptor, SETTLEMENT_BANKING_DAYS)?;
        let mut rest = Vec::new();
        for (at, mut open) in open.into_iter().enumerate() {
            let Some((item, evidence)) = pairs.get(&at) else {
                rest.push(open);
                continue;
            };
            open.target = Some(Target { rule: ReconciliationRule::Settlement, items: vec![*item], evidence: evidence.clone() });
            self.settle_with_case(&open, *item)?;
        }
        Ok(rest)
    }

    /// Opens a case for every line that is left, with a proposal where exactly one item fits.
    pub(super) fn proposed_or_unknown(&mut self, open: Vec<OpenLine>) -> StepResult<()> {
        let pairs = self.pairs(&open, ReferenceKind::Counterparty, PROPOSAL_BANKING_DAYS)?;
        for (at, open) in open.iter().enumerate() {
            let line = &open.line;
            let Some((item, evidence)) = pairs.get(&at) else {
                let detail = match (line.is_charge, line.direction) {
                    (false, _) => "nothing says what it is for",
                    (true, Direction::Debit) => "a charge of the bank that was not agreed",
                    (true, Direction::Credit) => "interest, or a charge given back, that was not agreed",
                };
                self.open_case(CaseDraft::new(unknown(line), line, &[], detail))?;
                continue;
            };
            // Another reference than ours contradicts the item; no reference at all only leaves it open.
            let other = line.end_to_end.iter().find(|found| found.strength == ReferenceStrength::Stated);
            let (class, detail) = match other {
                Some(_) => (ExceptionClass::ReferenceMismatch, "amount, party and day are those of one item, the reference is another"),
                None => (unknown(line), "it has no reference; amount, party and day are those of one item"),
            };
            let proposal = ProposedItem { item: self.store.key(*item).to_owned(), evidence: evidence.clone() };
            let mut draft = CaseDraft::new(class, line, &[*item], detail).taking_items();
            (draft.rule, draft.evidence, draft.proposal) = (Some(ReconciliationRule::Proposal), evidence.clone(), Some(proposal));
            self.open_case(draft)?;
        }
        Ok(())
    }

    /// Lines and items that fit each other and nothing else, by place of the line in the list: account, direction and amount, a name that the line has, and days that
    /// are near.
    fn pairs(&self, open: &[OpenLine], name: ReferenceKind, days: u32) -> StepResult<HashMap<usize, (u32, Vec<Evidence>)>> {
        let lines: Vec<usize> = (0..open.len()).filter(|at| open[*at].target.is_none() && !open[*at].line.is_charge).collect();
        let wanted: HashSet<AmountKey> = lines.iter().filter_map(|at| amount_key(&open[*at].line)).collect();
        // By the longest word of their names too: many items have the same amount.
        let mut items: HashMap<(AmountKey, String), Vec<u32>> = HashMap::new();
        if !wanted.is_empty() {
            for item in self.store.numbers() {
                let packed = self.store.get(item);
                if packed.status != ItemStatus::Free || packed.least != packed.most {
                    continue;
                }
                let key = (self.store.account(item).to_owned(), packed.is_credit, self.store.currency(item), packed.least);
                let named = self.store.reference(item, name).filter(|_| wanted.contains(&key));
                if let Some(word) = named.and_then(|name| name_words(name).max_by_key(String::len)) {
                    items.entry((key, word)).or_default().push(item);
                }
            }
        }
        let mut fitting: Vec<(usize, Vec<u32>)> = Vec::new();
        let mut lines_of: HashMap<u32, usize> = HashMap::new();
        for at in lines {
            let line = &open[at].line;
            let mut fits = Vec::new();
            let said = words_of(line);
            let key = amount_key(line);
            let alike = key.iter().flat_map(|key| said.iter().filter_map(|word| items.get(&(key.clone(), word.clone()))));
            for item in alike.filter(|alike| alike.len() <= ALIKE_MAX).flatten().copied() {
                if self.has_name(&said, item, name) && self.is_near(line, item, days)? {
                    fits.push(item);
                    *lines_of.entry(item).or_default() += 1;
                }
            }
            fitting.push((at, fits));
        }
        let only = |items: &[u32]| match *items {
            [item] if lines_of.get(&item) == Some(&1) => Some(item),
            _ => None,
        };
        let pairs = fitting.into_iter().filter_map(|(at, items)| Some((at, only(&items)?)));
        Ok(pairs.map(|(at, item)| (at, (item, self.evidence_of(&open[at].line, item, name)))).collect())
    }

    fn has_name(&self, said: &HashSet<String>, item: u32, name: ReferenceKind) -> bool {
        let mut wanted = name_words(self.store.reference(item, name).unwrap_or_default()).peekable();
        wanted.peek().is_some() && wanted.all(|word| said.contains(&word))
    }

    /// Whether a day of the line is near the item's; a line or an item without a day is near nothing.
    fn is_near(&self, line: &BankLine, item: u32, days: u32) -> StepResult<bool> {
        let [first, last] = self.store.get(item).window.map(PackedDay::day);
        let found: Option<Date> = line.value_date.or(line.booked);
        let Some((found, likely)) = found.zip(self.store.get(item).likely_day()) else { return Ok(false) };
        if first.zip(last).is_some_and(|(first, last)| (first..=last).contains(&found)) {
            return Ok(true);
        }
        let calendar = self.terms.days(line.account.as_deref());
        let end = last.map_or(Ok(false), |last| calendar.apart(last, found).map(|apart| apart <= days))?;
        Ok(end || calendar.apart(likely, found)? <= days)
    }

    fn evidence_of(&self, line: &BankLine, item: u32, name: ReferenceKind) -> Vec<Evidence> {
        let field = if name == ReferenceKind::Descriptor { "descriptor" } else { "other party" };
        let day = line.value_date.or(line.booked).map(|day| day.to_string()).unwrap_or_default();
        let name = self.store.reference(item, name).unwrap_or_default();
        vec![Evidence::new("amount", line.amount.to_string()), Evidence::new(field, name), Evidence::new("day", day)]
    }
}

fn amount_key(line: &BankLine) -> Option<AmountKey> {
    let is_credit = line.direction == iso20022::camt053::Direction::Credit;
    Some((line.account.clone()?, is_credit, line.amount.currency(), line.amount.minor_units()))
}

/// Every word that a line may name a party with.
fn words_of(line: &BankLine) -> HashSet<String> {
    line.texts.iter().chain(&line.counterparty).flat_map(|text| name_words(text)).collect()
}

fn name_words(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() >= NAME_WORD_CHARS_MIN);
    words.map(str::to_lowercase)
}
