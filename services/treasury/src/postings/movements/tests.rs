//! Each posting follows its kind's rule, and what was recorded makes the same posting again.
use super::*;
use crate::{
    postings::tests::{account, sums, usd},
    store::MovementTransfer,
};
use std::collections::BTreeMap;

fn named<const N: usize>(amounts: [(&str, i64); N]) -> BTreeMap<String, i64> {
    amounts.map(|(name, amount)| (format!("house/{name}/USD"), amount)).into()
}

#[test]
fn a_move_takes_from_one_leaf_gives_to_the_other_and_books_what_is_lent_and_repaid() {
    let asked = AskedMove { from: "us-costs".to_owned(), to: "us-ads".to_owned(), amount: 100, currency: usd() };
    let allowed = |receiver: &str, lent, repaid| AllowedMove { giver: "acme".to_owned(), receiver: receiver.to_owned(), lent, repaid };
    let within = leaf_move(Uuid::from_u128(1), &asked, &allowed("acme", 0, 0));
    assert_eq!(sums(&within), named([("acme/virtual_account/us-costs", -100), ("acme/virtual_account/us-ads", 100)]));
    let between = leaf_move(Uuid::from_u128(1), &asked, &allowed("beta", 70, 30));
    let wanted = [
        ("acme/virtual_account/us-costs", -100),
        ("beta/virtual_account/us-ads", 100),
        ("acme/due_from/beta", -70),
        ("beta/due_to/acme", 70),
        ("acme/due_to/beta", -30),
        ("beta/due_from/acme", 30),
    ];
    assert_eq!(sums(&between), named(wanted));
}

#[test]
fn interest_is_owed_by_the_borrower() {
    let pair = Pair { lender: "acme".to_owned(), borrower: "beta".to_owned(), currency: usd() };
    let draft = position_interest(Uuid::from_u128(1), &pair, 7);
    assert_eq!(sums(&draft), named([("acme/due_from/beta", -7), ("beta/due_to/acme", 7)]));
}

#[test]
fn what_a_bank_booked_is_divided_whichever_way_it_goes() {
    let portions = [("main", "us-costs", 60), ("acme", "us-ads", 40), ("main", "bank-usd-rounding", -1)];
    let portions = portions.map(|(entity, leaf, amount)| Portion { entity, leaf, amount });
    let draft = allocation(Uuid::from_u128(1), &account(), &portions);
    let wanted = [
        ("main/virtual_account/us-costs", 60),
        ("acme/virtual_account/us-ads", 40),
        ("main/virtual_account/bank-usd-rounding", -1),
        ("main/virtual_account/bank-usd-fees", -99),
    ];
    assert_eq!(sums(&draft), named(wanted));
}

#[test]
fn what_was_recorded_makes_the_same_posting() {
    let leaf = |id: &str| format!("house/main/virtual_account/{id}/USD");
    let transfer = MovementTransfer { debit: leaf("us-costs"), credit: leaf("us-ads"), currency: usd(), minor_units: 100 };
    for (kind, pending) in [(PostingKind::TreasuryLeafMove, false), (PostingKind::TreasuryReserve, true)] {
        let movement = NewMovement {
            request_key: "move/1".to_owned(),
            part: 0,
            kind,
            asked: String::new(),
            posting_key: Uuid::from_u128(1),
            decided_at_ms: 0,
            decided_by: "fay".to_owned(),
            effective_at_ms: 5,
            calculation: String::new(),
            transfers: vec![transfer.clone()],
        };
        let draft = recorded(&movement);
        assert_eq!((draft.broken_rule(), draft.kind()), (None, kind));
        let made: Vec<_> = draft.transfers().iter().map(|one| (one.amount, one.pending)).collect();
        assert_eq!((made, draft.in_batch().request_id), (vec![(100, pending)], Uuid::from_u128(1).to_string()));
    }
}
