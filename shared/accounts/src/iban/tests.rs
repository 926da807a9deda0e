//! Unit tests of `iban`.
use super::*;

fn parse(given: &[(AddressField, &str)]) -> Result<IbanAccount, String> {
    let mut reader = FieldReader::new(given, |_| true);
    let read = IbanAccount::parse(&mut reader, &ModulusTable::default());
    reader.finish(read).map_err(|faults| faults.to_string())
}

#[test]
fn printed_and_electronic_forms_are_the_same() {
    for text in ["DE89370400440532013000", "de89 3704 0044 0532 0130 00", "IBAN DE89-3704-0044-0532-0130-00", "ＤＥ89370400440532013000"]
    {
        let account = parse(&[(AddressField::Iban, text)]).unwrap();
        assert_eq!((account.electronic(), account.country()), ("DE89370400440532013000", "DE"));
    }
}

#[test]
fn refusals_say_what_is_wrong() {
    for (text, must) in [
        ("8937", "begin with two letters of a country and two check digits"),
        ("DE89.370400440532013000", "have only digits and letters"),
        ("DE89370400440é", "have only digits and letters"),
        ("DE893704", "have 15 to 34 digits and letters"),
        ("DE89370400440532013001", "have valid check digits"),
        ("DE8937040044053201300", "have valid check digits"),
        ("XX46910579234762349724", "have valid check digits"),
        ("DE99370400440532013000", "have valid check digits"),
    ] {
        assert_eq!(parse(&[(AddressField::Iban, text)]).unwrap_err(), format!("iban must {must}"), "{text}");
    }
}

#[test]
fn the_country_and_its_form_are_checked() {
    // The checksum holds: a country without IBANs, and a letter where Germany has digits.
    let with_check = |country: &str, rest: &str| {
        let found = (2..=98).map(|check| format!("{country}{check:02}{rest}"));
        let faults: Vec<&str> = found.filter_map(|text| fault(&text)).filter(|must| !must.contains("check digits")).collect();
        faults
    };
    assert_eq!(with_check("US", "370400440532013000"), ["be of a country that has IBANs"]);
    assert_eq!(with_check("DE", "37040044A532013000"), ["have the length and form of its country"]);
    assert_eq!(with_check("DE", "3704004405320130"), ["have the length and form of its country"]);
}

#[test]
fn bics_leave_the_head_office_out() {
    for (text, want) in [("deutdeff", "DEUTDEFF"), ("DEUT DE FF XXX", "DEUTDEFF"), ("DEUTDEFF500", "DEUTDEFF500")] {
        let account = parse(&[(AddressField::Iban, "DE89370400440532013000"), (AddressField::Bic, text)]).unwrap();
        let bic = account.bic().unwrap();
        assert_eq!((bic.as_str(), bic.bank(), bic.country()), (want, "DEUTDEFF", "DE"));
    }
    for bad in ["DEUTDEF", "DEUTZZFF", "DEUTDEFF50", "1234DEFF", "DEUTDEFé", "DEUTD\u{e9}FF"] {
        let faults = parse(&[(AddressField::Iban, "DE8"), (AddressField::Bic, bad)]).unwrap_err();
        assert!(faults.starts_with("iban must") && faults.contains("; bic must be 8 or 11"), "{bad}: {faults}");
    }
}

#[test]
fn gb_ibans_pass_the_modulus_check_of_their_account() {
    let day = jiff::civil::date(2026, 1, 1);
    let refuses = ModulusTable::read("601613 601613 MOD10 0 0 0 0 0 0 0 0 0 0 0 0 0 1", "", day).unwrap();
    let given = [(AddressField::Iban, "GB29NWBK60161331926819")];
    let mut reader = FieldReader::new(&given, |_| true);
    assert_eq!(IbanAccount::parse(&mut reader, &refuses), None);
    assert_eq!(parse(&given).unwrap().uk_account().unwrap().sort_code(), "601613");
}
