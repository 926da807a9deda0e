//! The postings of a reservation follow their kinds' rules, and move the cover of the claim with the money.
use super::*;
use crate::domain::reservation::{AskedReservation, LeafReservationState};
use money::Money;

#[test]
fn what_is_submitted_goes_into_transit_with_its_cover_and_comes_back_with_it() {
    let usd = Currency::try_new("USD").unwrap();
    let row = LeafReservation {
        asked: AskedReservation {
            app: BookName::try_new("app").unwrap(),
            reservation_id: Uuid::from_u128(1),
            payout_id: Uuid::from_u128(2),
            entity: "main".to_owned(),
            bank_account: "bank-usd".to_owned(),
            amount: Money::try_new(usd, 250).unwrap(),
            intent: Uuid::from_u128(3),
        },
        account: "bank-usd".to_owned(),
        account_entity: "main".to_owned(),
        leaf: "us-costs".to_owned(),
        leaf_entity: "acme".to_owned(),
        hold_key: Uuid::from_u128(4),
        state: LeafReservationState::Reserved,
        expires_at_ms: 0,
        changed_at_ms: 0,
        tries: 0,
        settled_by: None,
        back_on_unallocated: false,
    };
    let (leaf, transit) = ("house/acme/virtual_account/us-costs/USD", "house/main/virtual_account/bank-usd-in-transit/USD");
    let (cover, covered) = ("house/acme/claim_cover/us-costs/USD", "house/main/claim_cover/bank-usd-in-transit/USD");
    let id = Uuid::from_u128(5);
    let transit_id = "bank-usd-in-transit";
    for (draft, wanted) in [
        (reservation_hold(id, &row, transit_id), vec![(leaf, transit, true)]),
        (submitted(id, &row, transit_id), vec![(leaf, transit, false), (cover, covered, false)]),
        (rejected(id, &row, transit_id), vec![(transit, leaf, false), (covered, cover, false)]),
    ] {
        assert_eq!(draft.broken_rule(), None);
        let transfers = draft.transfers().iter();
        let transfers: Vec<_> = transfers.map(|one| (one.debit_account.as_str(), one.credit_account.as_str(), one.pending)).collect();
        assert_eq!(transfers, wanted);
        assert!(draft.transfers().iter().all(|one| one.amount == 250));
    }
}
