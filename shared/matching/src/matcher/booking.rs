//! Which line an item is settled by, and what comes after that. Lines come in the order in which they are decided.

use super::{index::ItemIndex, search::LineTarget};
use crate::{
    expected::{ExpectedItem, ItemStanding},
    line::{BankLine, LinePlace, LineStanding, direction_word},
    outcome::{DifferingField, EarlierEntry, Match, MatchEvidence, MatchOutcome, MatchRule, UnmatchedKind},
};
use iso20022::camt053::Direction;
use money::Money;
use std::collections::{HashMap, VecDeque};

/// What lines of this run did to an item.
#[derive(Default)]
struct ItemBooking {
    settled_by: Option<LinePlace>,
    /// How often it was booked beyond the first time, with earlier runs, less what undid that.
    duplicates: u32,
    /// What came back of the payment itself, in minor units, with earlier runs.
    returned: i128,
    /// Booked returns by amount, which information may tell of once more.
    booked_returns: HashMap<i64, VecDeque<LinePlace>>,
}

impl ItemBooking {
    fn of(item: &ExpectedItem) -> Self {
        Self { duplicates: item.duplicates, returned: i128::from(item.returned_minor_units), ..Self::default() }
    }
}

/// The items of a run.
pub(super) struct Bookings<'i, 'a> {
    index: &'i ItemIndex<'a>,
    items: Vec<ItemBooking>,
}

impl<'i, 'a> Bookings<'i, 'a> {
    pub(super) fn new(index: &'i ItemIndex<'a>) -> Self {
        Self { index, items: index.items.iter().copied().map(ItemBooking::of).collect() }
    }

    /// Decides about the next line.
    pub(super) fn decide(&mut self, line: &BankLine, target: &LineTarget) -> Match {
        let of = |outcome, rule, evidence: &[MatchEvidence]| Match {
            place: line.place,
            standing: line.standing,
            outcome,
            rule,
            evidence: evidence.to_vec(),
        };
        match target {
            LineTarget::Items { rule, evidence, items } => {
                let outcome = match items.as_slice() {
                    [one] => self.of_item(line, *one),
                    several => MatchOutcome::Ambiguous { candidates: several.iter().map(|at| self.index.items[*at].key.clone()).collect() },
                };
                of(outcome, Some(*rule), evidence)
            }
            LineTarget::Batches { evidence, batches } => {
                let outcome = match batches.as_slice() {
                    [one] => self.of_batch(line, *one),
                    several => {
                        MatchOutcome::Ambiguous { candidates: several.iter().map(|at| self.index.batches[*at].id.to_owned()).collect() }
                    }
                };
                of(outcome, Some(MatchRule::AchBatch), evidence)
            }
            LineTarget::Nothing => of(MatchOutcome::Unmatched { kind: unknown(line), item: None }, None, &[]),
        }
    }

    fn of_item(&mut self, line: &BankLine, at: usize) -> MatchOutcome {
        let item = self.index.items[at];
        // Banks put the payment's references on its charge. Its amount says nothing about the payment.
        if line.is_charge {
            return MatchOutcome::Unmatched { kind: UnmatchedKind::BankCharge, item: Some(item.key.clone()) };
        }
        if line.is_money_back() {
            return self.back(line, at);
        }
        if let Some(differs) = difference(line, item) {
            return differs;
        }
        let unmatched = |kind| MatchOutcome::Unmatched { kind, item: Some(item.key.clone()) };
        let is_booked = line.standing == LineStanding::Booked;
        let booking = &mut self.items[at];
        if let Some(first) = booking.settled_by {
            // Information may come after its booking under a reference of its own.
            if !is_booked {
                return MatchOutcome::SameEntryAgain { of: EarlierEntry::Line(first) };
            }
            booking.duplicates = booking.duplicates.saturating_add(1);
            return unmatched(duplicate(item.direction));
        }
        match item.standing {
            ItemStanding::Open => {
                booking.settled_by = Some(line.place);
                MatchOutcome::Settles { item: item.key.clone() }
            }
            ItemStanding::Settled if is_booked => {
                booking.duplicates = booking.duplicates.saturating_add(1);
                unmatched(duplicate(item.direction))
            }
            ItemStanding::Settled => MatchOutcome::SameEntryAgain { of: EarlierEntry::SettlementOf(item.key.clone()) },
            ItemStanding::Rejected => unmatched(UnmatchedKind::RejectedButDebited),
        }
    }

    /// A line that brings money back, or takes it back again.
    fn back(&mut self, line: &BankLine, at: usize) -> MatchOutcome {
        let item = self.index.items[at];
        let unmatched = |kind| MatchOutcome::Unmatched { kind, item: Some(item.key.clone()) };
        if let Some(account) = &line.account
            && *account != item.account
        {
            return differs(item, DifferingField::Account, item.account.clone(), account.clone());
        }
        if line.amount.currency() != item.amount.currency() {
            return differs(item, DifferingField::Currency, item.amount.to_string(), line.amount.to_string());
        }
        if line.direction == item.direction {
            return unmatched(UnmatchedKind::ReturnTakenBack);
        }
        let booking = &mut self.items[at];
        let is_booked = line.standing == LineStanding::Booked;
        let minor_units = line.amount.minor_units();
        if !is_booked && let Some(told) = booking.booked_returns.get_mut(&minor_units).and_then(VecDeque::pop_front) {
            return MatchOutcome::SameEntryAgain { of: EarlierEntry::Line(told) };
        }
        // While a payment is out twice, money that comes back undoes the second booking: the payee still has the first.
        let undoes_duplicate = booking.duplicates > 0 && line.amount == item.amount;
        if undoes_duplicate {
            booking.duplicates -= 1;
        } else {
            let sum = booking.returned + i128::from(minor_units);
            if sum > i128::from(item.amount.minor_units()) {
                return unmatched(UnmatchedKind::ReturnAbovePayment);
            }
            booking.returned = sum;
        }
        if is_booked {
            booking.booked_returns.entry(minor_units).or_default().push_back(line.place);
        }
        MatchOutcome::ReturnOf {
            item: item.key.clone(),
            amount: line.amount,
            charge: kept(line),
            code: line.returned.as_ref().and_then(|returned| returned.code.clone()),
            is_reversal: line.is_reversal,
            undoes_duplicate,
        }
    }

    fn of_batch(&mut self, line: &BankLine, at: usize) -> MatchOutcome {
        let batch = &self.index.batches[at];
        if line.amount.currency() != batch.total.currency() {
            let (expected, found) = (batch.total.to_string(), line.amount.to_string());
            return MatchOutcome::Differs { item: batch.id.to_owned(), field: DifferingField::Currency, expected, found };
        }
        let first = batch.items.iter().find_map(|item| self.items[*item].settled_by);
        let is_taken = batch.items.iter().any(|item| self.index.items[*item].standing != ItemStanding::Open);
        match first {
            Some(first) if line.standing == LineStanding::Information => {
                return MatchOutcome::SameEntryAgain { of: EarlierEntry::Line(first) };
            }
            None if !is_taken => {}
            _ => return MatchOutcome::Unmatched { kind: duplicate(batch.direction), item: Some(batch.id.to_owned()) },
        }
        let sum: i128 = batch.items.iter().map(|item| i128::from(self.index.items[*item].amount.minor_units())).sum();
        for item in &batch.items {
            self.items[*item].settled_by = Some(line.place);
        }
        MatchOutcome::BatchSettles {
            batch: batch.id.to_owned(),
            items: batch.items.iter().map(|item| self.index.items[*item].key.clone()).collect(),
            difference: i128::from(line.amount.minor_units()) - sum,
        }
    }
}

fn unknown(line: &BankLine) -> UnmatchedKind {
    if line.is_charge {
        UnmatchedKind::BankCharge
    } else if line.is_money_back() {
        UnmatchedKind::ReturnOfUnknown
    } else if line.direction == Direction::Debit {
        UnmatchedKind::UnknownDebit
    } else {
        UnmatchedKind::UnknownCredit
    }
}

const fn duplicate(direction: Direction) -> UnmatchedKind {
    match direction {
        Direction::Debit => UnmatchedKind::DuplicateDebit,
        Direction::Credit => UnmatchedKind::DuplicateCredit,
    }
}

/// The first thing that does not agree.
fn difference(line: &BankLine, item: &ExpectedItem) -> Option<MatchOutcome> {
    if let Some(account) = &line.account
        && *account != item.account
    {
        return Some(differs(item, DifferingField::Account, item.account.clone(), account.clone()));
    }
    let amounts = || (item.amount.to_string(), line.amount.to_string());
    let field = if line.amount.currency() != item.amount.currency() {
        DifferingField::Currency
    } else if line.direction != item.direction {
        let [expected, found] = [item.direction, line.direction].map(|direction| direction_word(direction).to_owned());
        return Some(differs(item, DifferingField::Direction, expected, found));
    } else if line.amount != item.amount {
        DifferingField::Amount
    } else {
        return None;
    };
    let (expected, found) = amounts();
    Some(differs(item, field, expected, found))
}

fn differs(item: &ExpectedItem, field: DifferingField, expected: String, found: String) -> MatchOutcome {
    MatchOutcome::Differs { item: item.key.clone(), field, expected, found }
}

/// What was kept of the payment: what the bank states as charges, else what it says left less what came.
fn kept(line: &BankLine) -> Option<Money> {
    let in_currency = line.charges.iter().map(|charge| charge.amount).filter(|amount| amount.currency() == line.amount.currency());
    let stated = in_currency.map(Some).reduce(|sum, charge| sum?.checked_add(charge?)).flatten();
    let original = line.returned.as_ref().and_then(|returned| returned.original_amount);
    stated.or_else(|| original?.checked_sub(line.amount)).filter(|kept| kept.minor_units() > 0)
}
