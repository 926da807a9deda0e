//! Unit tests of `account`.
use super::*;
use proptest::prelude::*;

#[test]
fn ibans_are_taken_with_blanks_and_shown_masked() {
    let iban = Iban::try_new("de46 9105 7923 4762 3497 24").unwrap();
    assert_eq!((iban.as_str(), iban.country()), ("DE46910579234762349724", "DE"));
    assert_eq!(BankAccount::Iban(iban.clone()).masked(), "******************9724");
    assert!(!format!("{iban:?}").contains("91057923"));
}

#[test]
fn wrong_ibans_are_refused() {
    for text in
        ["", "DE46910579234762349725", "DE4691057923476234972", "XX46910579234762349724", "DE46 9105-7923", "GB00WEST12345698765432"]
    {
        assert!(Iban::try_new(text).is_err(), "{text}");
    }
}

#[test]
fn routing_numbers_are_checked() {
    for good in ["021000021", "121000248", "011000015", "026009593"] {
        assert!(check_routing_number(good).is_ok(), "{good}");
    }
    for bad in ["021000022", "02100002", "0210000211", "000000000", "02100002a", "990000000", "٠٢١٠٠٠٠٢١"] {
        assert!(check_routing_number(bad).is_err(), "{bad}");
    }
}

#[test]
fn account_numbers_are_4_to_17_digits() {
    for bad in ["123", "123456789012345678", "12 34", "12a4", ""] {
        assert!(AbaAccount::try_new("021000021", bad).is_err(), "{bad}");
    }
    let account = BankAccount::Aba(AbaAccount::try_new("021000021", "5512345678").unwrap());
    assert_eq!((account.country(), account.masked().as_str()), ("US", "******5678"));
}

proptest! {
    #[test]
    fn one_wrong_digit_never_passes(at in 0..9usize, add in 1..10u8) {
        let mut digits = b"121000248".to_vec();
        digits[at] = b'0' + (digits[at] - b'0' + add) % 10;
        prop_assert!(check_routing_number(std::str::from_utf8(&digits).unwrap()).is_err());
    }

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,40}") {
        let _ = (Iban::try_new(&text), AbaAccount::try_new(&text, &text));
    }
}
