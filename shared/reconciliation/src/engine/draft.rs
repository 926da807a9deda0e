//! Cases out of lines and items.

use super::{OpenLine, Run, StepResult, sums_key};
use crate::{
    age::AgeBucket,
    case::{Case, ProposedItem},
    class::ExceptionClass,
    item::ItemKind,
    posting::{self, CaseAmounts},
    rule::{Evidence, ReconciliationRule},
    store::{ItemStatus, PackedPlace, is_in_books},
};
use jiff::civil::Date;
use matching::{BankLine, LinePlace};
use money::Money;

/// A case before its age and its postings are known.
pub(super) struct CaseDraft<'l> {
    pub(super) class: ExceptionClass,
    /// The lines that it is about; of several, the first says account and day.
    pub(super) lines: Vec<&'l BankLine>,
    pub(super) items: Vec<u32>,
    pub(super) detail: String,
    pub(super) rule: Option<ReconciliationRule>,
    pub(super) evidence: Vec<Evidence>,
    pub(super) proposal: Option<ProposedItem>,
    /// Whether the lines are what the items were expected as: then the items are not missing.
    pub(super) takes_items: bool,
    /// Whether the lines settled the items, so that nothing is missing in the books.
    pub(super) is_settled: bool,
}

impl<'l> CaseDraft<'l> {
    pub(super) fn new(class: ExceptionClass, line: &'l BankLine, items: &[u32], detail: impl Into<String>) -> Self {
        Self {
            class,
            lines: vec![line],
            items: items.to_vec(),
            detail: detail.into(),
            rule: None,
            evidence: Vec::new(),
            proposal: None,
            takes_items: false,
            is_settled: false,
        }
    }

    /// With the rule and the evidence that named the items.
    pub(super) fn by(mut self, open: &OpenLine) -> Self {
        if let Some(target) = &open.target {
            self.rule = Some(target.rule);
            self.evidence.clone_from(&target.evidence);
        }
        self
    }

    pub(super) fn taking_items(mut self) -> Self {
        self.takes_items = true;
        self
    }
}

impl Run<'_, '_, '_> {
    /// Opens a case about lines, and says at which place of the list it is.
    pub(super) fn open_case(&mut self, draft: CaseDraft<'_>) -> StepResult<usize> {
        let Some(first) = draft.lines.first() else { return Ok(self.cases.len()) };
        let booked: i64 = draft.lines.iter().map(|line| line.amount.minor_units()).sum();
        let amount = Money::try_new(first.amount.currency(), booked).unwrap_or(first.amount);
        let comparable: Vec<u32> = draft.items.iter().copied().filter(|item| self.store.currency(*item) == amount.currency()).collect();
        let expected: Option<i64> = comparable.iter().map(|item| self.expected(*item, booked)).reduce(|one, other| one + other);
        let expected = expected.and_then(|minor| Money::try_new(amount.currency(), minor).ok());
        let mut difference: i128 = -draft.lines.iter().map(|line| line.direction.signed(line.amount)).sum::<i128>();
        if draft.is_settled {
            difference = 0;
        }
        let kind = draft.items.first().map_or(ItemKind::default(), |item| self.store.get(*item).kind);
        if draft.takes_items {
            for item in draft.items.iter().copied() {
                let is_here = comparable.contains(&item) && first.account.as_deref() == Some(self.store.account(item));
                if is_here && is_in_books(self.store.get(item)) {
                    difference += self.store.direction(item).signed(self.store.least(item));
                }
                let status = if is_here { ItemStatus::InCase } else { ItemStatus::InCaseElsewhere };
                self.store.set(item, status, PackedPlace::from(first.place));
            }
        }
        let amounts = CaseAmounts { booked: amount, direction: first.direction, expected, kind };
        let since = first.booked.or(first.value_date);
        let account = first.account.clone();
        let age = self.age(account.as_deref(), since)?;
        self.sums.entry(sums_key(first)).or_default();
        self.cases.push(Case {
            class: draft.class,
            account,
            amount: Some(amount),
            difference,
            statement: None,
            places: draft.lines.iter().map(|line| line.place).collect(),
            items: draft.items.iter().map(|item| self.store.key(*item).to_owned()).collect(),
            since,
            age_banking_days: age,
            age: AgeBucket::of(age),
            owner: draft.class.owner(),
            next_step: draft.class.next_step(),
            detail: draft.detail,
            rule: draft.rule,
            evidence: draft.evidence,
            proposal: draft.proposal,
            postings: posting::of_case(draft.class, amounts),
            undone_by: None,
            is_noted_only: false,
        });
        Ok(self.cases.len() - 1)
    }

    /// What an item is expected as, given what was booked.
    pub(super) fn expected(&self, item: u32, booked: i64) -> i64 {
        let packed = self.store.get(item);
        booked.clamp(packed.least, packed.most)
    }

    /// Banking days since a day.
    pub(super) fn age(&self, account: Option<&str>, since: Option<Date>) -> StepResult<u32> {
        Ok(since.map_or(Ok(0), |since| self.terms.days(account).between(since, self.terms.today))?)
    }

    /// Records a booking beyond the first one, so that a reversal can undo it.
    pub(super) fn note_duplicate(&mut self, item: u32, case: usize) {
        self.duplicates.entry(item).or_default().push(case);
    }

    /// Marks a case as undone by a line.
    pub(super) fn undo(&mut self, case: usize, by: LinePlace) -> Option<LinePlace> {
        let case = self.cases.get_mut(case)?;
        case.undone_by = Some(by);
        case.places.first().copied()
    }
}
