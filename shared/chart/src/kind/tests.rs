//! Names of kinds parse back, and a kind allows its own transfers only.
use super::*;
use crate::{Account, Purpose};
use money::{Currency, UserKey};

#[test]
fn every_kind_reads_back_from_its_name() {
    for kind in PostingKind::ALL {
        assert_eq!(PostingKind::parse(kind.name()), Some(kind));
    }
    assert_eq!(PostingKind::parse("bonus"), None);
}

#[test]
fn a_kind_allows_its_own_transfers_only() {
    let (user, usd) = (UserKey::try_new("USD").unwrap(), Currency::try_new("USD").unwrap());
    let (payable, transit) = (Account::creator_payable(&user, usd), Account::house(Purpose::InTransit, usd));
    assert!(PostingKind::PayoutHold.allows(&payable, &transit));
    assert!(!PostingKind::PayoutHold.allows(&transit, &payable));
    assert!(PostingKind::PayoutReject.allows(&transit, &payable));
    assert!(!PostingKind::Gift.allows(&payable, &transit));
    assert!(PostingKind::Adjustment.allows(&payable, &transit), "people decide");
    assert!(!PostingKind::ReceiptWait.allows(&payable, &transit), "it moves nothing");
}
