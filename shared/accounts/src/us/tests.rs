//! Unit tests of `us`.
use super::*;

fn parse(given: &[(AddressField, &str)]) -> Result<UsAccount, String> {
    let mut reader = FieldReader::new(given, |_| true);
    let read = UsAccount::parse(&mut reader, &AddressRules::default());
    reader.finish(read).map_err(|faults| faults.to_string())
}

#[test]
fn numbers_keep_letters_signs_and_leading_zeros() {
    let given =
        [(AddressField::RoutingNumber, "0210-0002 1"), (AddressField::AccountNumber, "00 12-ab/7"), (AddressField::AccountType, "Savings")];
    let account = parse(&given).unwrap();
    assert_eq!((account.routing_number(), account.account_number()), ("021000021", "0012-ab/7"));
    assert_eq!((account.account_type(), account.canonical_number().as_str()), (Some(AccountType::Savings), "0012AB/7"));
    assert_eq!(parse(&given[..2]).unwrap().account_type(), None);
}

#[test]
fn every_wrong_field_is_named() {
    let given = [
        (AddressField::RoutingNumber, "021000022"),
        (AddressField::AccountNumber, "123456789012345678"),
        (AddressField::AccountType, "current"),
    ];
    assert_eq!(
        parse(&given).unwrap_err(),
        "routing_number must be nine digits with a valid ABA check digit and a range in use; account_type must be checking or savings; \
         account_number must be 1 to 17 digits, letters or signs of ASCII, with one digit or letter at least"
    );
    for bad in ["---", "12é", "12\u{7f}"] {
        assert!(parse(&[given[0], (AddressField::AccountNumber, bad)]).unwrap_err().contains("account_number"), "{bad}");
    }
}
