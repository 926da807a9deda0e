//! A twin follows its kind's rule, balances leaf with cash and cover with claim, and says what it accounts for.
use super::*;
use crate::domain::plan::tests::{TREE, made};
use money::BookName;

#[test]
fn a_twin_moves_leaf_and_cash_together_with_claim_and_cover() {
    let structure = made(TREE);
    let app = BookName::try_new("app").unwrap();
    let claim = ClaimAccount { app, name: "house/bank_cash/USD".to_owned(), physical: structure.accounts["bank-usd"].clone() };
    let moved = |amount| ClaimMove {
        posting: Uuid::from_u128(7),
        seq: 12,
        kind: "payout.settle".to_owned(),
        amount,
        claimed: 0,
        booked_ms: 1_000,
        effective_ms: 900,
    };
    let (cash, leaf) = ("house/main/physical_cash/bank-usd/USD", "house/main/virtual_account/us-creators/USD");
    let (claimed, cover) = ("house/app/app_claim/bank-usd/USD", "house/main/claim_cover/us-creators/USD");
    for (amount, wanted) in [(250, [(cash, leaf), (claimed, cover)]), (-250, [(leaf, cash), (cover, claimed)])] {
        let moved = moved(amount);
        let draft =
            twin(&Twin { id: Uuid::from_u128(1), claim: &claim, moved: &moved, leaf: &structure.nodes["us-creators"], after_seq: 4 });
        assert_eq!(draft.broken_rule(), None);
        let transfers: Vec<_> =
            draft.transfers().iter().map(|one| (one.debit_account.as_str(), one.credit_account.as_str(), one.amount)).collect();
        assert_eq!(transfers, wanted.map(|(debit, credit)| (debit, credit, 250)));
        let request = draft.in_batch();
        let fields: Vec<_> = request.request_fields.iter().map(|field| field.value.as_str()).collect();
        assert_eq!(fields, ["app", "house/bank_cash/USD", "00000000-0000-0000-0000-000000000007", "12", "1000"]);
        assert_eq!(request.guards[0].key, "twin/app/house/bank_cash/USD");
    }
}
