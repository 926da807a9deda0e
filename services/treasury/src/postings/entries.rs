//! Entries of banks' statements, and what two people approved of a case.
use crate::domain::{
    Node, PhysicalAccount,
    bank::{AdjustmentTransfer, BookingSide, LeafBooking},
};
use chart::{Account, HouseId, PostingKind, Purpose};
use ledger_client::PostingDraft;
use money::Money;
use std::collections::BTreeMap;
use uuid::Uuid;

const IDS: &str = "the ids of a structure are ids";
/// The field that names the row of what two people decided.
const ADJUSTMENT: &str = "adjustment_id";

/// Books an entry of a statement as what it is now: takes back what it was booked as before, if anything.
#[must_use]
pub fn entry_booking(
    account: &PhysicalAccount,
    entry_key: &str,
    id: Uuid,
    before: Option<LeafBooking>,
    now: Option<LeafBooking>,
) -> PostingDraft {
    let mut draft = PostingDraft::new(PostingKind::TreasuryEntry, id).field("account", &account.id).field("entry", entry_key);
    for booking in before.map(LeafBooking::reversed).into_iter().chain(now) {
        let amount = Money::try_new(account.currency, booking.amount).expect("it was an entry's amount");
        let [debit, credit] = [booking.debit, booking.credit].map(|side| leaf_id(account, side));
        draft = draft.money(ledger_account(account, &debit, &account.entity), ledger_account(account, &credit, &account.entity), amount);
    }
    draft
}

/// What two people approved of a case: an adjustment of this id, posted by the request with the other.
#[must_use]
pub fn case_adjustment(
    account: &PhysicalAccount,
    leaves: &BTreeMap<&str, &Node>,
    adjustment: Uuid,
    request: Uuid,
    transfers: &[AdjustmentTransfer],
) -> PostingDraft {
    decided(PostingDraft::new(PostingKind::TreasuryAdjustment, request).field(ADJUSTMENT, adjustment.simple()), account, leaves, transfers)
}

/// A loss that two people approved, as [`case_adjustment`].
#[must_use]
pub fn case_write_off(
    account: &PhysicalAccount,
    leaves: &BTreeMap<&str, &Node>,
    adjustment: Uuid,
    request: Uuid,
    transfers: &[AdjustmentTransfer],
) -> PostingDraft {
    decided(PostingDraft::new(PostingKind::TreasuryWriteOff, request).field(ADJUSTMENT, adjustment.simple()), account, leaves, transfers)
}

fn decided(
    draft: PostingDraft,
    account: &PhysicalAccount,
    leaves: &BTreeMap<&str, &Node>,
    transfers: &[AdjustmentTransfer],
) -> PostingDraft {
    let entity = |leaf: &String| leaves.get(leaf.as_str()).map_or(account.entity.as_str(), |leaf| leaf.entity.as_str());
    transfers.iter().fold(draft, |draft, transfer| {
        let amount = Money::try_new(account.currency, transfer.amount).expect("it was checked when it was proposed");
        let debit = ledger_account(account, &transfer.debit, entity(&transfer.debit));
        draft.money(debit, ledger_account(account, &transfer.credit, entity(&transfer.credit)), amount)
    })
}

/// The id of a side's leaf; empty: the money at the bank.
fn leaf_id(account: &PhysicalAccount, side: BookingSide) -> String {
    match side {
        BookingSide::Cash => String::new(),
        BookingSide::Leaf(leaf) => leaf.id(&account.id),
    }
}

/// The ledger's account of a leaf, or of the money at the bank where the leaf is empty.
fn ledger_account<'a>(account: &'a PhysicalAccount, leaf: &'a str, entity: &'a str) -> Account<'a> {
    let id = |text| HouseId::try_new(text).expect(IDS);
    if leaf.is_empty() {
        return Account::of_bank_account(id(&account.entity), id(&account.id), Purpose::PhysicalCash, account.currency);
    }
    Account::of_bank_account(id(entity), id(leaf), Purpose::VirtualAccount, account.currency)
}

#[cfg(test)]
mod tests;
