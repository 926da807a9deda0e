//! Unit tests of `fields`.
use super::*;

#[test]
fn names_are_unique_and_lead_back() {
    for (field, name) in AddressField::ALL.map(|field| (field, field.name())) {
        assert_eq!((field.name(), AddressField::from_name(name)), (name, Some(field)));
    }
    assert_eq!(AddressField::from_name("ibans"), None);
}

#[test]
fn texts_are_folded_and_compacted() {
    assert_eq!(folded("\u{3000}１２－ａ\u{a0}b\t"), "12-a b");
    assert_eq!(folded("12\u{2013}34\u{2212}5"), "12-34-5");
    assert_eq!(compacted("12-3 a", &['-']), "123A");
}

#[test]
fn every_fault_is_reported_in_the_order_of_fields() {
    use AddressField::{AccountNumber, Bsb, Iban, SortCode};
    let long = "1".repeat(FIELD_BYTES_MAX + 1);
    let given = [(AccountNumber, "1"), (AccountNumber, "2"), (Bsb, "1"), (SortCode, "1\u{200b}2"), (Iban, long.as_str())];
    let mut reader = FieldReader::new(&given, |field| field != Bsb);
    assert_eq!(reader.required(SortCode), None);
    let faults = reader.finish(Some(())).unwrap_err();
    assert_eq!(
        faults.to_string(),
        "iban must have at most 512 bytes; sort_code must have no hidden or control characters; bsb must be left out for this \
         kind of address; account_number must be given once"
    );
    assert!(faults.names(Bsb) && !faults.names(AddressField::Bic));
    assert_eq!(faults.faults().len(), 4);
}

#[test]
fn blanks_count_as_absent() {
    let mut reader = FieldReader::new(&[(AddressField::Iban, " \u{3000}")], |_| true);
    assert_eq!(reader.required(AddressField::Iban), None);
    assert_eq!(reader.finish(None::<()>).unwrap_err().to_string(), "iban must be given");
}

#[test]
fn too_many_values_are_a_fault() {
    let given = vec![(AddressField::Iban, ""); VALUES_MAX + 1];
    assert!(FieldReader::new(&given, |_| true).finish(Some(())).is_err());
    assert!(FieldReader::new(&given[1..], |_| true).finish(Some(())).is_ok());
}
