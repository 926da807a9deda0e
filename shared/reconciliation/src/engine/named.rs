//! Lines that name an item: those that agree after a second look settle it, the others are cases. Of what may be wrong with a line, the first by precedence is said.

use super::{OpenLine, Run, StepResult, draft::CaseDraft};
use crate::{
    class::ExceptionClass,
    item::{BooksState, ItemKind},
    store::ItemStatus,
};
use iso20022::camt053::Direction;
use matching::BankLine;
use std::collections::BTreeMap;

/// Banking days by which money may count later than agreed before interest is claimed.
const LATE_BANKING_DAYS: u32 = 2;

impl Run<'_, '_, '_> {
    /// Settles items by lines that agree with them and could not settle them at once: exact amounts first, then those within the tolerance.
    pub(super) fn settle_late(&mut self, open: Vec<OpenLine>) -> StepResult<Vec<OpenLine>> {
        let open = self.settle_within(open, |_, _| 0)?;
        self.settle_within(open, |run, open| open.target.as_ref().map_or(0, |target| run.tolerance(&open.line, target.rule)))
    }

    fn settle_within(&mut self, open: Vec<OpenLine>, tolerance: impl Fn(&Self, &OpenLine) -> i64) -> StepResult<Vec<OpenLine>> {
        let mut rest = Vec::new();
        for open in open {
            let single = open.target.as_ref().filter(|target| target.items.len() == 1 && open.repeats.is_none());
            let agreed = single.map(|target| target.items[0]).filter(|item| {
                self.agrees(&open.line, *item)
                    && self.beyond(&open.line, *item).abs() <= tolerance(self, &open)
                    && open.line.is_charge == (self.store.get(*item).kind == ItemKind::Charge)
            });
            match agreed {
                Some(item) => self.settle_with_case(&open, item)?,
                None => rest.push(open),
            }
        }
        Ok(rest)
    }

    /// Settles an item, or leaves that to a case where the books must learn of it first; late money settles it, and interest is claimed.
    pub(super) fn settle_with_case(&mut self, open: &OpenLine, item: u32) -> StepResult<()> {
        let packed = self.store.get(item);
        let line = &open.line;
        if !packed.is_credit && matches!(packed.state, BooksState::Accepted | BooksState::Unknown) {
            let detail = "it was debited, and the books do not know that it was settled";
            let draft = CaseDraft::new(ExceptionClass::DebitedNotKnownSettled, line, &[item], detail).by(open).taking_items();
            return self.open_case(draft).map(drop);
        }
        let days = packed.value_date.day().zip(line.value_date).filter(|_| packed.is_credit);
        if let Some(target) = &open.target {
            self.settle(line, &[item], target.rule, target.evidence.clone());
        }
        if let Some((agreed, found)) = days {
            let late = self.terms.days(line.account.as_deref()).between(agreed, found)?;
            if late >= LATE_BANKING_DAYS {
                let detail = format!("it counts from {found}, {late} banking days after {agreed} as agreed");
                let draft = CaseDraft { is_settled: true, ..CaseDraft::new(ExceptionClass::LateValue, line, &[item], detail).by(open) };
                self.open_case(draft)?;
            }
        }
        Ok(())
    }

    /// Opens cases for lines that name an item and disagree. What names nothing is left.
    pub(super) fn named(&mut self, open: Vec<OpenLine>) -> StepResult<Vec<OpenLine>> {
        let mut rest = Vec::new();
        for open in self.splits(open)? {
            let is_of_charge = |item: &u32| self.store.get(*item).kind == ItemKind::Charge;
            let names_payment = |open: &OpenLine| open.target.iter().flat_map(|target| &target.items).any(|item| !is_of_charge(item));
            match &open.target {
                _ if open.repeats.is_some() => self.repeated(&open)?,
                // Banks put a payment's references on its charge, whose amount says nothing about the payment.
                Some(_) if open.line.is_charge && names_payment(&open) => rest.push(open),
                Some(target) => match *target.items.as_slice() {
                    [item] => self.disagrees(&open, item)?,
                    _ => {
                        let detail = format!("{} items have the reference that it has", target.items.len());
                        let draft = CaseDraft::new(ExceptionClass::ReferenceMismatch, &open.line, &target.items.clone(), detail).by(&open);
                        self.open_case(draft)?;
                    }
                },
                None => rest.push(open),
            }
        }
        Ok(rest)
    }

    /// One statement has an entry twice under one reference of the bank.
    fn repeated(&mut self, open: &OpenLine) -> StepResult<()> {
        let items = open.target.as_ref().filter(|target| target.items.len() == 1).map(|target| target.items.clone()).unwrap_or_default();
        let detail = "one statement has the entry twice under one reference of the bank, and its balance counts both";
        let draft = CaseDraft::new(twice(open.line.direction), &open.line, &items, detail).by(open);
        let case = self.open_case(draft)?;
        items.iter().for_each(|item| self.note_duplicate(*item, case));
        Ok(())
    }

    fn disagrees(&mut self, open: &OpenLine, item: u32) -> StepResult<()> {
        let line = &open.line;
        let (booked, expected) = (line.amount, self.store.least(item));
        let draft = |class, detail: String| CaseDraft::new(class, line, &[item], detail).by(open);
        if line.direction != self.store.direction(item) {
            let [found, expected] = [line.direction, self.store.direction(item)].map(word);
            let detail = format!("it is a {found} and the item a {expected}, and the bank does not call it a return");
            return self.open_case(draft(unknown(line), detail)).map(drop);
        }
        if self.is_taken(item) {
            let first = self.store.get(item).taken_by;
            let by = if first.is_none() { "an earlier statement".to_owned() } else { format!("entry {} of this run", first.place().entry) };
            let case = self.open_case(draft(twice(line.direction), format!("the item was booked before, by {by}")))?;
            self.note_duplicate(item, case);
            return Ok(());
        }
        if self.store.get(item).status == ItemStatus::Rejected {
            let class = if line.direction == Direction::Debit { ExceptionClass::RejectedButDebited } else { ExceptionClass::UnknownCredit };
            return self.open_case(draft(class, "the bank refused the item, and booked it".to_owned())).map(drop);
        }
        let (class, detail) = if line.account.as_deref() != Some(self.store.account(item)) {
            (ExceptionClass::ReferenceMismatch, "it was booked on another account than the item is expected on".to_owned())
        } else if booked.currency() != expected.currency() {
            (ExceptionClass::CurrencyMismatch, format!("{expected} was expected, {booked} was booked"))
        } else {
            let beyond = self.beyond(line, item);
            let class = match beyond {
                _ if is_stated_fee(line, beyond) => ExceptionClass::FeeNetted,
                ..=0 => ExceptionClass::UnderAmount,
                1.. => ExceptionClass::OverAmount,
            };
            (class, format!("{expected} was expected, {booked} was booked"))
        };
        self.open_case(draft(class, detail).taking_items()).map(drop)
    }

    /// Takes out lines whose amounts differ from the items that they name, while their sum is that of the items: of one declared batch, or of one entry.
    fn splits(&mut self, open: Vec<OpenLine>) -> StepResult<Vec<OpenLine>> {
        let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, open) in open.iter().enumerate() {
            let Some(item) = self.differs_in_amount(open) else { continue };
            let place = open.line.place;
            let key = match self.batch_of(item) {
                Some(batch) => format!("{}/{batch}", self.store.account(item)),
                None if place.detail > 0 => format!("entry {} {} {}", place.file, place.statement, place.entry),
                None => continue,
            };
            groups.entry(key).or_default().push(at);
        }
        let mut taken = vec![false; open.len()];
        for group in groups.values().filter(|group| group.len() > 1) {
            let mut items: Vec<u32> = group.iter().filter_map(|at| self.differs_in_amount(&open[*at])).collect();
            items.sort_unstable();
            items.dedup();
            let booked: i64 = group.iter().map(|at| open[*at].line.amount.minor_units()).sum();
            let expected: i64 = items.iter().map(|item| self.store.get(*item).least).sum();
            if booked != expected || items.len() != group.len() {
                continue;
            }
            let Some(first) = group.first().map(|at| &open[*at]) else { continue };
            let detail = format!("{} parts come to what was expected, and are divided differently", group.len());
            let mut draft = CaseDraft::new(ExceptionClass::SplitMismatch, &first.line, &items, detail).by(first).taking_items();
            draft.lines = group.iter().map(|at| &open[*at].line).collect();
            self.open_case(draft)?;
            group.iter().for_each(|at| taken[*at] = true);
        }
        Ok(open.into_iter().zip(taken).filter(|(_, taken)| !taken).map(|(open, _)| open).collect())
    }

    /// The free item that a line names, if only its amount disagrees.
    fn differs_in_amount(&self, open: &OpenLine) -> Option<u32> {
        let [item] = *open.target.as_ref()?.items.as_slice() else { return None };
        (open.repeats.is_none() && !open.line.is_charge && self.agrees(&open.line, item)).then_some(item)
    }
}

/// Whether the bank states charges that are exactly what differs: more out, or less in.
fn is_stated_fee(line: &BankLine, beyond: i64) -> bool {
    let of_currency = line.charges.iter().filter(|charge| charge.amount.currency() == line.amount.currency());
    let charges: i64 = of_currency.map(|charge| charge.amount.minor_units()).sum();
    let fee = if line.direction == Direction::Debit { beyond } else { -beyond };
    charges > 0 && charges == fee
}

/// The class of a line that nothing explains.
pub(super) fn unknown(line: &BankLine) -> ExceptionClass {
    match line.direction {
        Direction::Debit => ExceptionClass::UnknownDebit,
        Direction::Credit => ExceptionClass::UnknownCredit,
    }
}

/// The class of a second booking. A receipt that came twice is somebody's money that has to be allocated or sent back.
const fn twice(direction: Direction) -> ExceptionClass {
    match direction {
        Direction::Debit => ExceptionClass::DuplicateDebit,
        Direction::Credit => ExceptionClass::UnknownCredit,
    }
}

const fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::Debit => "debit",
        Direction::Credit => "credit",
    }
}
