//! Unit tests of `address`.
use super::*;
use AddressField as F;

fn parse(kind: AddressKind, given: &[(AddressField, &str)]) -> PayoutAddress {
    PayoutAddress::parse(kind, given, &AddressRules::default()).unwrap()
}

/// One address of every kind, with its country and currency.
fn every_kind() -> Vec<(PayoutAddress, Option<&'static str>, Option<&'static str>)> {
    [
        ("iban:DE89370400440532013000", Some("DE"), Some("EUR")),
        ("iban:SE4550000000058398257466", Some("SE"), None),
        ("iban:BR1800360305000010009795493C1", Some("BR"), None),
        ("us-account:021000021:0012AB:7", Some("US"), Some("USD")),
        ("uk-account:601613:31926819", Some("GB"), Some("GBP")),
        ("clabe:646180157000000004", Some("MX"), Some("MXN")),
        ("pix-key:email:ana@example.com", Some("BR"), Some("BRL")),
        ("pix-account:00360305:0001:current:123456", Some("BR"), Some("BRL")),
        ("upi:ada.l@okbank", Some("IN"), Some("INR")),
        ("in-account:HDFC0001234:001234567890", Some("IN"), Some("INR")),
        ("au-account:062000:12345678", Some("AU"), Some("AUD")),
        ("payid:phone:+61412345678", Some("AU"), Some("AUD")),
        ("zengin:0001:001:ordinary:0012345", Some("JP"), Some("JPY")),
        ("paynow:nric:S1234567D", Some("SG"), Some("SGD")),
        ("sg-account:DBSSSGSG:0123456789", Some("SG"), Some("SGD")),
        ("fps-proxy:hkid:A1234563", Some("HK"), None),
        ("hk-account:004:123456789838", Some("HK"), None),
        ("interac:phone:+14165550100", Some("CA"), Some("CAD")),
        ("ca-account:000312345:1234567", Some("CA"), Some("CAD")),
        ("wallet:paypal:payer_id:ABCDEFGH12345", None, None),
        ("wallet:venmo:user_name:ada-l_1", Some("US"), Some("USD")),
    ]
    .map(|(text, country, currency)| {
        let address = PayoutAddress::from_canonical(text, &AddressRules::default()).unwrap();
        assert_eq!(address.canonical(), text);
        (address, country, currency)
    })
    .into()
}

#[test]
fn every_kind_has_its_country_currency_and_fields() {
    let all = every_kind();
    for (address, country, currency) in &all {
        assert_eq!((address.country(), address.currency().as_ref().map(Currency::code)), (*country, *currency), "{address:?}");
        assert!(address.kind().canonical_fields().iter().all(|field| address.fields().contains(field)), "{address:?}");
        assert_eq!(PayoutAddress::from_canonical(&address.canonical(), &AddressRules::default()).as_ref(), Ok(address));
    }
    for kind in AddressKind::ALL {
        assert!(all.iter().any(|(address, ..)| address.kind() == kind), "{}", kind.name());
    }
}

#[test]
fn masks_show_four_characters_at_most_and_debug_none() {
    for (address, ..) in every_kind() {
        let (number, mask) = (address.number(), address.masked());
        assert_eq!(mask.chars().count(), number.chars().count());
        let shown = mask.trim_start_matches('*');
        assert!(shown.len() <= 4 && number.ends_with(shown) && !mask[..mask.len() - shown.len()].contains(|c| c != '*'), "{mask}");
        let debug = format!("{address:?} {address:#?}");
        assert!(!debug.contains(|c: char| c.is_ascii_digit()), "{debug}");
        for field in address.fields().into_iter().filter(|field| !matches!(field, F::AccountType | F::AliasType | F::Wallet)) {
            assert!(!debug.contains(address.value(field).unwrap()), "{debug}");
        }
    }
}

#[test]
fn one_account_has_one_canonical_text() {
    let iban = |text| parse(AddressKind::Iban, &[(F::Iban, text)]).canonical();
    assert_eq!(iban("de89 3704 0044 0532 0130 00"), iban("DE89370400440532013000"));
    let with_bic = parse(AddressKind::Iban, &[(F::Bic, "DEUTDEFF"), (F::Iban, "DE89370400440532013000")]);
    assert_eq!(with_bic.canonical(), iban("DE89370400440532013000"));
    assert_eq!(with_bic.fields(), [F::Iban, F::Bic]);
    let uk = parse(AddressKind::UkAccount, &[(F::SortCode, "60-16-13"), (F::AccountNumber, "31926819")]);
    assert_eq!(uk.canonical(), iban("GB29 NWBK 6016 1331 9268 19"));
    let us = |number, account_type| {
        parse(AddressKind::UsAccount, &[(F::RoutingNumber, "021000021"), (F::AccountNumber, number), (F::AccountType, account_type)])
            .canonical()
    };
    assert_eq!(us("00-12 ab", "checking"), us("0012AB", "savings"));
    // Zeros in front tell accounts apart.
    assert_ne!(us("012345", "checking"), us("12345", "checking"));
    let sg = |bic| parse(AddressKind::SingaporeAccount, &[(F::Bic, bic), (F::AccountNumber, "0123456789")]).canonical();
    assert_eq!(sg("DBSSSGSG"), sg("DBSSSGSGBRN"));
}

#[test]
fn faults_of_every_field_come_together() {
    let given = [(F::SortCode, "1"), (F::Wallet, "venmo"), (F::AccountNumber, "2"), (F::AccountNumber, "3")];
    let faults = PayoutAddress::parse(AddressKind::UkAccount, &given, &AddressRules::default()).unwrap_err();
    let fields: Vec<AddressField> = faults.faults().iter().map(|fault| fault.field).collect();
    assert_eq!(fields, [F::SortCode, F::AccountNumber, F::Wallet]);
    let faults = PayoutAddress::parse(AddressKind::Wallet, &[(F::Wallet, "cash")], &AddressRules::default()).unwrap_err();
    assert_eq!(faults.to_string(), "wallet must be paypal or venmo; alias_type must be given; alias must be given");
}

#[test]
fn canonical_texts_of_no_kind_are_refused() {
    for bad in ["", ":", "iban", "cash:1", "iban:", "us-account:021000021", "IBAN:DE89370400440532013000"] {
        assert!(PayoutAddress::from_canonical(bad, &AddressRules::default()).is_err(), "{bad}");
    }
}
