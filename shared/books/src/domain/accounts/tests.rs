//! Unit tests of `domain::accounts`: it is a map with two keys.
use super::*;
use crate::domain::{
    account::{AccountState, Counters},
    chart,
};
use std::collections::HashMap;

fn account(key: i64, entries: i64) -> BookAccount {
    let name = format!("viewer/u{key}/coins");
    let unit = chart::form(&name).unwrap().unit;
    let (state, counters) = (AccountState::Open, Counters::default());
    BookAccount { key, name: name.into(), unit, floor: true, state, counters, last_transfer: 0, entries, seq: 0 }
}

#[test]
fn a_key_that_is_given_out_again_leaves_nothing_of_its_first_account() {
    let mut accounts = Accounts::default();
    accounts.insert(account(1, 1));
    accounts.insert(BookAccount { name: "viewer/another/coins".into(), ..account(1, 2) });
    assert_eq!((accounts.len(), accounts.by_name("viewer/u1/coins")), (1, None));
    assert_eq!(accounts.by_name("viewer/another/coins").map(|account| account.entries), Some(2));
    accounts.remove(1);
    assert_eq!((accounts.len(), accounts.by_name("viewer/another/coins"), accounts.values().count()), (0, None, 0));
}

#[test]
fn it_holds_what_a_plain_map_holds() {
    let (mut accounts, mut plain) = (Accounts::default(), HashMap::new());
    let mut seed = 1_u64;
    for step in 0..60_000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let key = i64::try_from((seed >> 33) % 5_000).unwrap() + 1;
        match seed >> 60 {
            0..=8 => {
                accounts.insert(account(key, step));
                plain.insert(key, account(key, step));
            }
            9..=13 => {
                accounts.remove(key);
                plain.remove(&key);
            }
            _ => {
                if let Some(found) = accounts.get_mut(key) {
                    found.seq = step;
                }
                if let Some(found) = plain.get_mut(&key) {
                    found.seq = step;
                }
            }
        }
        if step % 10_000 == 9_999 {
            accounts.retain(|account| account.key % 3 != 0);
            plain.retain(|key, _| key % 3 != 0);
        }
        assert_eq!((accounts.get(key), accounts.by_name(&format!("viewer/u{key}/coins"))), (plain.get(&key), plain.get(&key)));
    }
    let mut all: Vec<BookAccount> = accounts.values().cloned().collect();
    all.sort_unstable_by_key(|account| account.key);
    let mut expected: Vec<BookAccount> = plain.into_values().collect();
    expected.sort_unstable_by_key(|account| account.key);
    assert!(!all.is_empty() && all == expected && accounts.len() == all.len());
    assert!(accounts.blocks.len() <= 5, "places are used again");
    assert_eq!((accounts.get(9_999), accounts.by_name("viewer/nobody/coins")), (None, None));
}
