//! Money between physical accounts. Each posting leaves the leaves of either account at what it has and what is on its way to it.
use crate::domain::{
    StandardLeaf,
    sweep::record::{AccountSweep, SweepPlace},
};
use chart::{Account, HouseId, PostingKind, Purpose};
use ledger_client::PostingDraft;
use money::{Currency, Money};
use uuid::Uuid;

/// What is to leave is set aside on its account.
#[must_use]
pub fn sending(id: Uuid, sweep: &AccountSweep) -> PostingDraft {
    let transit = Standard::of(StandardLeaf::InTransit, &sweep.from);
    PostingDraft::new(PostingKind::TreasurySweep, id).money(leaf(sweep, &sweep.from.leaf), transit.account(sweep.currency), amount(sweep))
}

/// What was set aside and not sent is back: on its leaf, or on the account's leaf for what nobody knows where to put, if `is_leaf_open` is false.
#[must_use]
pub fn giving_back(id: Uuid, sweep: &AccountSweep, is_leaf_open: bool) -> PostingDraft {
    let (transit, unallocated) = (Standard::of(StandardLeaf::InTransit, &sweep.from), Standard::of(StandardLeaf::Unallocated, &sweep.from));
    let back = if is_leaf_open { leaf(sweep, &sweep.from.leaf) } else { unallocated.account(sweep.currency) };
    PostingDraft::new(PostingKind::TreasurySweep, id).money(transit.account(sweep.currency), back, amount(sweep))
}

/// The money left the one account, and is on its way to the other.
#[must_use]
pub fn debiting(id: Uuid, sweep: &AccountSweep) -> PostingDraft {
    let (transit, incoming) = (Standard::of(StandardLeaf::InTransit, &sweep.from), Standard::of(StandardLeaf::Incoming, &sweep.to));
    PostingDraft::new(PostingKind::TreasurySweepDebit, id)
        .money(transit.account(sweep.currency), at_bank(sweep, &sweep.from, Purpose::PhysicalCash), amount(sweep))
        .money(at_bank(sweep, &sweep.to, Purpose::BetweenAccounts), incoming.account(sweep.currency), amount(sweep))
}

/// The money arrived: on its leaf, or on the account's leaf for what nobody knows where to put, if `is_leaf_open` is false.
#[must_use]
pub fn crediting(id: Uuid, sweep: &AccountSweep, is_leaf_open: bool) -> PostingDraft {
    let (incoming, unallocated) = (Standard::of(StandardLeaf::Incoming, &sweep.to), Standard::of(StandardLeaf::Unallocated, &sweep.to));
    let arrived = if is_leaf_open { leaf(sweep, &sweep.to.leaf) } else { unallocated.account(sweep.currency) };
    PostingDraft::new(PostingKind::TreasurySweepCredit, id)
        .money(at_bank(sweep, &sweep.to, Purpose::PhysicalCash), at_bank(sweep, &sweep.to, Purpose::BetweenAccounts), amount(sweep))
        .money(incoming.account(sweep.currency), arrived, amount(sweep))
}

/// A standard leaf of a physical account.
struct Standard<'a> {
    id: String,
    entity: &'a str,
}

impl<'a> Standard<'a> {
    fn of(standard: StandardLeaf, place: &'a SweepPlace) -> Self {
        Self { id: standard.id(&place.account), entity: &place.account_entity }
    }

    fn account(&self, currency: Currency) -> Account<'_> {
        Account::of_bank_account(house(self.entity), house(&self.id), Purpose::VirtualAccount, currency)
    }
}

fn leaf<'a>(sweep: &'a AccountSweep, leaf: &'a str) -> Account<'a> {
    Account::of_bank_account(house(&sweep.entity), house(leaf), Purpose::VirtualAccount, sweep.currency)
}

fn at_bank<'a>(sweep: &AccountSweep, place: &'a SweepPlace, purpose: Purpose) -> Account<'a> {
    Account::of_bank_account(house(&place.account_entity), house(&place.account), purpose, sweep.currency)
}

fn amount(sweep: &AccountSweep) -> Money {
    Money::try_new(sweep.currency, sweep.amount).expect("what a leaf has is an amount")
}

fn house(id: &str) -> HouseId<'_> {
    HouseId::try_new(id).expect("the structure takes nothing else as an id")
}

#[cfg(test)]
mod tests;
