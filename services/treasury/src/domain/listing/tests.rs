//! The order of trees, and the sums in them.
use super::*;
use crate::domain::{
    Change,
    plan::tests::{TREE, planned},
};

fn structure() -> Structure {
    let mut structure = Structure::default();
    planned(&structure, TREE).changes.iter().for_each(|change| structure.make(change));
    structure
}

fn sums(booked: i64, pending_debits: i64, pending_credits: i64) -> LeafSums {
    LeafSums { booked, pending_debits, pending_credits }
}

#[test]
fn a_tree_is_listed_from_its_root_down_and_every_sum_is_that_of_the_leaves_below() {
    let structure = structure();
    let own = BTreeMap::from([
        ("us-creators".to_owned(), sums(700, 50, 5)),
        ("us-costs".to_owned(), sums(-200, 0, 0)),
        ("bank-usd-unallocated".to_owned(), sums(30, 0, 1)),
        // No leaf of the structure.
        ("elsewhere".to_owned(), sums(1_000, 0, 0)),
    ]);
    let listed = list(&structure, &own).unwrap();
    let seen: Vec<_> = listed.iter().map(|one| (one.node.map_or(one.account.id.as_str(), |node| &node.id), one.depth, one.sums)).collect();
    let none = LeafSums::default();
    assert_eq!(
        seen,
        [
            ("bank-usd", 0, sums(530, 50, 6)),
            ("app", 1, sums(500, 50, 5)),
            ("us", 2, sums(500, 50, 5)),
            ("us-costs", 3, sums(-200, 0, 0)),
            ("us-creators", 3, sums(700, 50, 5)),
            ("bank-usd-blocked", 1, none),
            ("bank-usd-fees", 1, none),
            ("bank-usd-in-transit", 1, none),
            ("bank-usd-incoming", 1, none),
            ("bank-usd-rounding", 1, none),
            ("bank-usd-suspense", 1, none),
            ("bank-usd-unallocated", 1, sums(30, 0, 1)),
        ]
    );
}

#[test]
fn sums_beyond_what_can_be_counted_are_no_list() {
    let structure = structure();
    let own = BTreeMap::from([("us-creators".to_owned(), sums(i64::MAX, 0, 0)), ("us-costs".to_owned(), sums(1, 0, 0))]);
    assert!(list(&structure, &own).is_none());
}

#[test]
fn a_node_that_moves_takes_what_is_below_it_along() {
    let mut structure = structure();
    structure.make(&Change::Move { id: "us".to_owned(), before: "app".to_owned(), parent: "bank-usd".to_owned() });
    let own = BTreeMap::from([("us-creators".to_owned(), sums(700, 0, 0))]);
    let listed = list(&structure, &own).unwrap();
    let of = |id: &str| listed.iter().find(|one| one.node.is_some_and(|node| node.id == id)).map(|one| (one.depth, one.sums.booked));
    assert_eq!((of("app"), of("us"), of("us-creators")), (Some((1, 0)), Some((1, 700)), Some((2, 700))));
}
