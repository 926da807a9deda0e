//! Unit tests of `kinds`.
use super::*;

#[test]
fn rows_are_in_the_order_of_kinds_and_names_lead_back() {
    for (kind, row) in AddressKind::ALL.into_iter().zip(&KINDS) {
        assert_eq!((row.kind, AddressKind::from_name(kind.name())), (kind, Some(kind)));
        assert!(kind.takes(kind.number_field()) && !kind.name().contains(':'));
    }
    assert_eq!(AddressKind::from_name("cash"), None);
}
