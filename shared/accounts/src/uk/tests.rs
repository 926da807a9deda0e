//! Unit tests of `uk`.
use super::*;
use jiff::civil::date;

fn parse(sort_code: &str, number: &str, modulus: &ModulusTable) -> Result<UkAccount, String> {
    let given = [(AddressField::SortCode, sort_code), (AddressField::AccountNumber, number)];
    let mut reader = FieldReader::new(&given, |_| true);
    let read = UkAccount::parse(&mut reader, modulus);
    reader.finish(read).map_err(|faults| faults.to_string())
}

#[test]
fn other_lengths_become_eight_digits() {
    let cases = [
        ("12-34-56", "1234 5678", "123456", "12345678"),
        ("123456", "234567", "123456", "00234567"),
        ("123456", "1234567", "123456", "01234567"),
        ("09-01-20", "912345678", "090129", "12345678"),
        ("600001", "0112345678", "600001", "12345678"),
        ("080001", "12345678-01", "080001", "12345678"),
    ];
    for (sort_code, number, want_code, want_number) in cases {
        let account = parse(sort_code, number, &ModulusTable::default()).unwrap();
        assert_eq!((account.sort_code(), account.account_number()), (want_code, want_number));
    }
}

#[test]
fn lengths_that_the_bank_does_not_use_are_refused() {
    for (sort_code, number) in
        [("123456", "12345"), ("123456", "123456789"), ("123456", "1234567890"), ("123456", "1234567x"), ("090001", "1234567890")]
    {
        assert!(parse(sort_code, number, &ModulusTable::default()).unwrap_err().starts_with("account_number must be 8 digits"), "{number}");
    }
    let both = parse("12345", "", &ModulusTable::default()).unwrap_err();
    assert!(both.contains("sort_code must be six digits") && both.contains("account_number must be given"), "{both}");
}

#[test]
fn the_modulus_check_refuses_listed_sort_codes_only() {
    let table = ModulusTable::read("100000 100999 MOD10 0 0 0 0 0 0 7 1 3 7 1 3 7 1", "", date(2026, 1, 1)).unwrap();
    // 7*1 + 1*3 = 10.
    assert!(parse("100500", "10000030", &table).is_err());
    assert!(parse("100500", "10000003", &table).is_ok());
    assert!(parse("101500", "10000030", &table).is_ok());
}

#[test]
fn gb_ibans_name_a_sort_code_and_number() {
    let account = UkAccount::of_iban("GB29NWBK60161331926819").unwrap();
    assert_eq!((account.sort_code(), account.account_number()), ("601613", "31926819"));
    assert_eq!(UkAccount::of_iban("DE89370400440532013000"), None);
}
