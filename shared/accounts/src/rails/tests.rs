//! Unit tests of `rails`.
use super::*;
use crate::AddressRules;

fn rails(kind: AddressKind, given: &[(AddressField, &str)]) -> Vec<&'static str> {
    let address = PayoutAddress::parse(kind, given, &AddressRules::default()).unwrap();
    satisfied(&DEFAULT_RAIL_NEEDS, &address).map(|needs| needs.rail).collect()
}

#[test]
fn us_accounts_need_a_type_for_ach_only() {
    let mut given = vec![(AddressField::RoutingNumber, "021000021"), (AddressField::AccountNumber, "12345678")];
    assert_eq!(rails(AddressKind::UsAccount, &given), ["us-rtp", "us-fednow", "us-fedwire"]);
    let address = PayoutAddress::parse(AddressKind::UsAccount, &given, &AddressRules::default()).unwrap();
    let ach = DEFAULT_RAIL_NEEDS.iter().find(|needs| needs.rail == "us-ach").unwrap();
    assert_eq!(ach.missing(&address), Some(vec![AddressField::AccountType]));
    assert_eq!(ach.besides(&address), Some([AddressField::HolderName].as_slice()));
    given.push((AddressField::AccountType, "checking"));
    assert_eq!(rails(AddressKind::UsAccount, &given), ["us-rtp", "us-fednow", "us-ach-same-day", "us-ach", "us-fedwire"]);
}

#[test]
fn sepa_reaches_its_countries_and_gb_ibans_are_uk_accounts() {
    assert_eq!(rails(AddressKind::Iban, &[(AddressField::Iban, "DE89370400440532013000")]), ["sepa-instant", "sepa-ct"]);
    let gb = [(AddressField::Iban, "GB29NWBK60161331926819")];
    assert_eq!(rails(AddressKind::Iban, &gb), ["sepa-instant", "sepa-ct", "gb-fps", "gb-bacs"]);
    assert!(rails(AddressKind::Iban, &[(AddressField::Iban, "BR1800360305000010009795493C1")]).is_empty());
}

#[test]
fn every_kind_has_a_rail_and_every_optional_field_is_of_its_kind() {
    for kind in AddressKind::ALL {
        assert!(DEFAULT_RAIL_NEEDS.iter().any(|needs| needs.takes.iter().any(|take| take.kind == kind)), "{}", kind.name());
    }
    for take in DEFAULT_RAIL_NEEDS.iter().flat_map(|needs| needs.takes) {
        assert!(take.fields.iter().all(|field| take.kind.optional_fields().contains(field)));
        assert!(take.besides.iter().all(|field| !take.kind.takes(*field)));
    }
}
