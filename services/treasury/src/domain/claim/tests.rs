//! What a claim's entries come to, and which leaf covers it.
use super::*;
use crate::domain::plan::tests::{TREE, made};
use proptest::prelude::*;

fn entry(seq: i64, balance_after: i64) -> ListedEntry {
    ListedEntry {
        posting: Uuid::from_u128(seq.unsigned_abs().into()),
        seq,
        kind: "k".to_owned(),
        balance_after,
        booked_ms: seq,
        effective_ms: seq,
    }
}

#[test]
fn a_posting_is_one_move_and_one_that_leaves_the_claim_as_it_was_is_none() {
    // A hold, two transfers of one posting, a posting in and out again, and one that was accounted for.
    let entries = [entry(1, -100), entry(2, -100), entry(3, -130), entry(3, -150), entry(4, -140), entry(4, -150), entry(5, 20)];
    let seen: Vec<_> = moves(TwinPosition::default(), &entries).unwrap().iter().map(|one| (one.seq, one.amount, one.claimed)).collect();
    assert_eq!(seen, [(1, 100, 100), (3, 50, 150), (5, -170, -20)]);
    let from = TwinPosition { seq: 3, claimed: 150, booked_ms: 3 };
    let seen: Vec<_> = moves(from, &entries).unwrap().iter().map(|one| (one.seq, one.amount)).collect();
    assert_eq!(seen, [(5, -170)]);
    assert_eq!(moves(TwinPosition::default(), &[entry(1, i64::MIN)]), None);
}

proptest! {
    #[test]
    fn moves_add_up_to_the_claim_wherever_they_begin(balances in proptest::collection::vec(-500_i64..500, 1..40), at in 0_usize..40) {
        let entries: Vec<ListedEntry> = balances.iter().zip(1..).map(|(balance, seq)| entry(seq, *balance)).collect();
        let position = entries.get(at).map_or_else(TwinPosition::default, |entry| TwinPosition { seq: entry.seq, claimed: -entry.balance_after, booked_ms: 0 });
        let found = moves(position, &entries).unwrap();
        prop_assert_eq!(position.claimed + found.iter().map(|one| one.amount).sum::<i64>(), -balances.last().unwrap());
    }
}

#[test]
fn a_bank_account_is_a_physical_account_by_its_id_with_or_without_the_currency() {
    let structure = made(TREE);
    let names: Vec<String> = structure.claim_accounts().into_keys().collect();
    assert_eq!(names, ["house/main/bank_cash/bank-usd/USD", "house/main/bank_cash/bank/USD"]);
    let main = PhysicalAccount { id: "main-usd".to_owned(), ..structure.accounts["bank-usd"].clone() };
    assert_eq!(claim_names(&main), ["house/main/bank_cash/main-usd/USD", "house/bank_cash/USD"]);
}

#[test]
fn claims_are_covered_by_the_named_leaf_while_it_is_in_use_and_otherwise_by_the_unallocated_one() {
    let mut structure = made(&TREE.replace("funds = \"client\"", "funds = \"client\"\nclaims = [\"app\"]"));
    let key = |app: &str| ClaimKey { account: "bank-usd".to_owned(), app: app.to_owned() };
    let leaf = |structure: &Structure, app: &str| structure.covering_leaf(&key(app)).unwrap().id.clone();
    assert_eq!((leaf(&structure, "app"), leaf(&structure, "other")), ("us-creators".to_owned(), "bank-usd-unallocated".to_owned()));
    structure.claims.insert(key("other"), "no-such-leaf".to_owned());
    assert_eq!(leaf(&structure, "other"), "bank-usd-unallocated");
}
