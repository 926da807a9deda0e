//! Every kind has one rule, and rules name accounts that there are.
use super::*;
use crate::Account;
use money::{Currency, UserKey};

#[test]
fn every_kind_has_one_rule_and_reads_back_from_its_name() {
    for kind in PostingKind::ALL {
        assert_eq!(POSTING_RULES.iter().filter(|rule| rule.kind == kind).count(), 1, "{kind:?}");
        assert_eq!(PostingKind::parse(kind.name()), Some(kind));
    }
    assert_eq!(PostingKind::parse("bench.coins"), None);
}

#[test]
fn rules_move_between_accounts_of_the_chart_and_of_one_unit() {
    let read = |line: &str| line.replace('*', "u1").replace('¤', "USD");
    for (debit, credit) in POSTING_RULES.iter().flat_map(|rule| rule.transfers) {
        let (debit, credit) = (read(debit), read(credit));
        let unit = |name: &str| Account::parse(name).unwrap_or_else(|| panic!("{name}")).unit();
        assert_eq!(unit(&debit), unit(&credit), "{debit} | {credit}");
        assert_ne!(debit, credit);
    }
}

#[test]
fn a_kind_allows_its_own_transfers_only() {
    let (user, usd) = (UserKey::try_new("USD").unwrap(), Currency::try_new("USD").unwrap());
    let (payable, transit) = (Account::creator_payable(&user, usd), Account::house(crate::Purpose::InTransit, usd));
    assert!(PostingKind::PayoutHold.allows(&payable, &transit));
    assert!(!PostingKind::PayoutHold.allows(&transit, &payable));
    assert!(PostingKind::PayoutReject.allows(&transit, &payable));
    assert!(!PostingKind::Gift.allows(&payable, &transit));
    assert!(PostingKind::Adjustment.allows(&payable, &transit), "people decide");
    assert!(!PostingKind::ReceiptWait.allows(&payable, &transit), "it moves nothing");
}
