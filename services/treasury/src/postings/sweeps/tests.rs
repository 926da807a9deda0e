//! Each posting follows its kind's rule, and leaves at both accounts what they have and what is on its way to them.
use super::*;
use crate::{domain::sweep::record::SweepState, postings::tests::sums};
use std::collections::BTreeMap;

fn sweep() -> AccountSweep {
    let place =
        |account: &str, leaf: &str| SweepPlace { account: account.to_owned(), account_entity: "main".to_owned(), leaf: leaf.to_owned() };
    AccountSweep {
        id: Uuid::from_u128(1),
        number: 1,
        request_key: "sweep/daily/2026-11-27".to_owned(),
        rule: "daily".to_owned(),
        day: jiff::civil::date(2026, 11, 27),
        from: place("rail", "prefund"),
        to: place("pool", "reserve"),
        entity: "acme".to_owned(),
        currency: Currency::try_new("EUR").unwrap(),
        amount: 900,
        return_day: None,
        returns: None,
        state: SweepState::Planned,
        planned_at_ms: 0,
        planned_by: "treasury".to_owned(),
        evidence: String::new(),
        is_by_hand: false,
    }
}

fn named<const N: usize>(amounts: [(&str, i64); N]) -> BTreeMap<String, i64> {
    amounts.map(|(name, amount)| (format!("house/{name}/EUR"), amount)).into()
}

#[test]
fn money_is_set_aside_debited_and_credited() {
    let (sweep, id) = (sweep(), Uuid::from_u128(2));
    let (leaf, transit) = ("acme/virtual_account/prefund", "main/virtual_account/rail-in-transit");
    assert_eq!(sums(&sending(id, &sweep)), named([(leaf, -900), (transit, 900)]));
    assert_eq!(sums(&giving_back(id, &sweep, true)), named([(leaf, 900), (transit, -900)]));
    let (cash, between, incoming) = ("main/physical_cash/rail", "main/between_accounts/pool", "main/virtual_account/pool-incoming");
    assert_eq!(sums(&debiting(id, &sweep)), named([(transit, -900), (cash, 900), (between, -900), (incoming, 900)]));
    let (arrived, cash) = ("acme/virtual_account/reserve", "main/physical_cash/pool");
    assert_eq!(sums(&crediting(id, &sweep, true)), named([(cash, -900), (between, 900), (incoming, -900), (arrived, 900)]));
}

#[test]
fn nothing_comes_to_a_leaf_that_is_not_open() {
    let (sweep, id) = (sweep(), Uuid::from_u128(2));
    let back = sums(&giving_back(id, &sweep, false));
    assert_eq!(back, named([("main/virtual_account/rail-in-transit", -900), ("main/virtual_account/rail-unallocated", 900)]));
    let arrived = sums(&crediting(id, &sweep, false));
    assert_eq!(arrived["house/main/virtual_account/pool-unallocated/EUR"], 900);
    assert!(!arrived.contains_key("house/acme/virtual_account/reserve/EUR"), "{arrived:?}");
}
