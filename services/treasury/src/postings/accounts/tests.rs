//! Each posting keeps every account's leaves equal to its cash, follows its kind's rule, and has an id of its own.
use super::*;
use crate::domain::{FundsClass, receipt::Allocation};
use std::collections::BTreeMap;
use uuid::Uuid;

fn book() -> BookName {
    BookName::try_new("treasury").unwrap()
}

fn usd(minor_units: i64) -> Money {
    Money::try_new(Currency::try_new("USD").unwrap(), minor_units).unwrap()
}

fn account() -> OldAccount {
    OldAccount {
        id: "paris-1".to_owned(),
        number: "1234".to_owned(),
        bank: "A bank".to_owned(),
        branch: "TESTFRPP".to_owned(),
        currency: usd(1).currency(),
        entity: "acme".to_owned(),
        name: "Paris".to_owned(),
        funds: FundsClass::Own,
        leaf: "fr-costs".to_owned(),
        balance: 1_250,
        statement: "S-1".to_owned(),
        statement_day: jiff::civil::date(2026, 11, 27),
        monthly_cost: 0,
        cost_source: "a price list".to_owned(),
        mandates: Vec::new(),
    }
}

fn moved() -> OldMove {
    OldMove {
        request_id: Uuid::now_v7(),
        account_id: "paris-1".to_owned(),
        entity: "acme".to_owned(),
        amount: usd(1_250),
        leaf: "fr-costs".to_owned(),
        cash_account: "bank".to_owned(),
        cash_entity: "main".to_owned(),
        decided_at_ms: 0,
    }
}

fn came() -> BankReceipt {
    BankReceipt {
        receipt_id: Uuid::now_v7(),
        account: "bank".to_owned(),
        cash_entity: "main".to_owned(),
        booked_on: "fr-costs".to_owned(),
        leaf_entity: "acme".to_owned(),
        leaf: "fr-costs".to_owned(),
        allocation: Allocation::Number,
        old_account: String::new(),
        number: "7001".to_owned(),
        amount: usd(500),
        value_date: jiff::civil::date(2026, 11, 27),
        payer: String::new(),
        bank_reference: String::new(),
        expected_id: String::new(),
        is_booked: false,
        decided_at_ms: 0,
    }
}

/// What each ledger account has after a posting: credits minus debits.
fn sums(draft: PostingDraft) -> BTreeMap<String, i64> {
    assert_eq!(draft.broken_rule(), None);
    let mut sums = BTreeMap::new();
    for transfer in draft.in_batch().transfers {
        *sums.entry(transfer.debit_account).or_default() -= transfer.amount;
        *sums.entry(transfer.credit_account).or_default() += transfer.amount;
    }
    sums
}

#[test]
fn every_posting_leaves_an_account_s_leaves_equal_to_its_cash() {
    let name = |entity: &str, purpose: &str, id: &str| format!("house/{entity}/{purpose}/{id}/USD");
    let (old_cash, old_leaf) = (name("acme", "physical_cash", "paris-1"), name("acme", "virtual_account", "paris-1"));
    let (cash, leaf) = (name("main", "physical_cash", "bank"), name("acme", "virtual_account", "fr-costs"));
    let opened = sums(opening(&book(), &account(), usd(1_250), 0));
    assert_eq!(opened, BTreeMap::from([(old_cash.clone(), -1_250), (old_leaf.clone(), 1_250)]));
    let arrived = sums(arrival(&book(), &moved()));
    assert_eq!(arrived, BTreeMap::from([(old_cash, 1_250), (old_leaf, -1_250), (cash.clone(), -1_250), (leaf.clone(), 1_250)]));
    assert_eq!(sums(receipt(&book(), &came())), BTreeMap::from([(cash, -500), (leaf, 500)]));
}

#[test]
fn a_retry_has_the_id_of_the_first_and_another_account_or_attempt_another() {
    let id = |draft: PostingDraft| draft.in_batch().request_id;
    let opened = |account: &OldAccount, at_ms| id(opening(&book(), account, usd(1), at_ms));
    let other = OldAccount { id: "paris-2".to_owned(), ..account() };
    assert_eq!(opened(&account(), 5), opened(&account(), 5));
    assert_ne!(opened(&account(), 5), opened(&account(), 6));
    assert_ne!(opened(&account(), 5), opened(&other, 5));
    let one = moved();
    let second = OldMove { account_id: "paris-2".to_owned(), ..one.clone() };
    assert_eq!(id(arrival(&book(), &one)), id(arrival(&book(), &one)));
    assert_ne!(id(arrival(&book(), &one)), id(arrival(&book(), &second)), "two accounts of one request");
}
