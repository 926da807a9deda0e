//! Each posting follows its kind's rule; a later generation takes the one before back.
use super::*;
use crate::{
    domain::{Leaf, NodeKind, StandardLeaf, funds::FundsClass, node::LeafState},
    postings::tests::account,
};

fn moved(draft: &PostingDraft) -> Vec<(String, String, i64)> {
    assert_eq!(draft.broken_rule(), None);
    draft.transfers().iter().map(|one| (one.debit_account.clone(), one.credit_account.clone(), one.amount)).collect()
}

fn name(entity: &str, purpose: &str, id: &str) -> String {
    format!("house/{entity}/{purpose}/{id}/USD")
}

#[test]
fn an_entry_is_booked_as_what_it_is_and_taken_back_when_it_is_not() {
    let (cash, suspense) = (name("main", "physical_cash", "bank-usd"), name("main", "virtual_account", "bank-usd-suspense"));
    let unallocated = name("main", "virtual_account", "bank-usd-unallocated");
    let debit = LeafBooking { debit: BookingSide::Leaf(StandardLeaf::Suspense), credit: BookingSide::Cash, amount: 50 };
    let credit = LeafBooking { debit: BookingSide::Cash, credit: BookingSide::Leaf(StandardLeaf::Unallocated), amount: 70 };
    let booked = |before, now| moved(&entry_booking(&account(), "entry", Uuid::from_u128(1), before, now));
    assert_eq!(booked(None, Some(debit)), [(suspense.clone(), cash.clone(), 50)]);
    assert_eq!(booked(Some(debit), None), [(cash.clone(), suspense.clone(), 50)]);
    assert_eq!(booked(Some(debit), Some(credit)), [(cash.clone(), suspense, 50), (cash, unallocated, 70)]);
}

#[test]
fn what_two_people_decided_moves_leaves_and_the_money_at_the_bank() {
    let leaf = Leaf { funds: FundsClass::Own, state: LeafState::Open, uses: std::collections::BTreeSet::new(), standard: None };
    let node = Node {
        id: "us-costs".to_owned(),
        parent: "bank-usd".to_owned(),
        name: "Costs".to_owned(),
        entity: "acme".to_owned(),
        level: None,
        kind: NodeKind::Leaf(leaf),
    };
    let (leaves, adjustment, request) = (BTreeMap::from([("us-costs", &node)]), Uuid::from_u128(1), Uuid::from_u128(2));
    let transfers = [AdjustmentTransfer { debit: "us-costs".to_owned(), credit: String::new(), amount: 25 }];
    let wanted = [(name("acme", "virtual_account", "us-costs"), name("main", "physical_cash", "bank-usd"), 25)];
    let adjusted = case_adjustment(&account(), &leaves, adjustment, request, &transfers);
    let written_off = case_write_off(&account(), &leaves, adjustment, request, &transfers);
    assert_eq!((moved(&adjusted), moved(&written_off)), (wanted.to_vec(), wanted.to_vec()));
    assert_eq!([adjusted.kind(), written_off.kind()], [PostingKind::TreasuryAdjustment, PostingKind::TreasuryWriteOff]);
}
