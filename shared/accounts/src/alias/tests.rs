//! Unit tests of `alias`.
use super::*;

fn parse(kind: AddressKind, wallet: Option<Wallet>, alias_type: &str, text: &str) -> Result<String, String> {
    let given = [(AddressField::AliasType, alias_type), (AddressField::Alias, text)];
    let mut reader = FieldReader::new(&given, |_| true);
    let read = Alias::parse(&mut reader, AliasScheme::of(kind, wallet).unwrap(), &AddressRules::default());
    reader.finish(read).map(|alias| alias.as_str().to_owned()).map_err(|faults| faults.to_string())
}

#[test]
fn aliases_become_canonical() {
    use AddressKind::{FpsProxy, Interac, PayId, PayNow, PixKey, Wallet as W};
    let (paypal, venmo) = (Some(Wallet::Paypal), Some(Wallet::Venmo));
    for (kind, wallet, alias_type, text, want) in [
        (PixKey, None, "CPF", "529.982.247-25", "52998224725"),
        (PixKey, None, "cnpj", "12.abc.345/01de-35", "12ABC34501DE35"),
        (PixKey, None, "phone", "+55 (11) 91234-5678", "+5511912345678"),
        (PixKey, None, "email", "Ana@Example.COM", "ana@example.com"),
        (PixKey, None, "evp", "123E4567-e89b-12d3-a456-426655440000", "123e4567-e89b-12d3-a456-426655440000"),
        (PayId, None, "phone", "0412 345 678", "+61412345678"),
        (PayId, None, "phone", "+61 (0)412-345-678", "+61412345678"),
        (PayId, None, "abn", "51 824 753 556", "51824753556"),
        (PayId, None, "acn", "004 085 616", "004085616"),
        (PayId, None, "organisation", "Acme  Gifts", "acme gifts"),
        (PayNow, None, "phone", "91234567", "+6591234567"),
        (PayNow, None, "nric", "s1234567d", "S1234567D"),
        (PayNow, None, "uen", "197401143c", "197401143C"),
        (PayNow, None, "uen", "197401143CAB1", "197401143CAB1"),
        (PayNow, None, "vpa", "+6591234567#grab", "+6591234567#GRAB"),
        (FpsProxy, None, "fps_id", "1234567", "1234567"),
        (FpsProxy, None, "phone", "+852-9876 5432", "+85298765432"),
        (FpsProxy, None, "hkid", "a123456(3)", "A1234563"),
        (Interac, None, "phone", "1 (416) 555-0100", "+14165550100"),
        (Interac, None, "phone", "416.555.0100", "+14165550100"),
        (W, paypal, "payer_id", "abcdefgh12345", "ABCDEFGH12345"),
        (W, paypal, "phone", "+44 20 7946 0018", "+442079460018"),
        (W, venmo, "user_name", "@Ada-L_1", "ada-l_1"),
        (W, venmo, "email", "a%b@example.com", "a%b@example.com"),
    ] {
        assert_eq!(parse(kind, wallet, alias_type, text).as_deref(), Ok(want), "{alias_type} {text}");
    }
}

#[test]
fn wrong_aliases_are_refused_without_repeating_them() {
    use AddressKind::{FpsProxy, Interac, PayId, PayNow, PixKey, Wallet as W};
    let long_email = format!("{}@example.com", "a".repeat(66));
    for (kind, alias_type, text) in [
        (PixKey, "cpf", "52998224726"),
        (PixKey, "cnpj", "12ABC34501DE36"),
        (PixKey, "phone", "11912345678"),
        (PixKey, "phone", "+0511912345678"),
        (PixKey, "phone", "+5511912345678901"),
        (PixKey, "email", "a%b@example.com"),
        (PixKey, "email", "ana@-example.com"),
        (PixKey, "email", "ana@@example.com"),
        (PixKey, "email", "anä@example.com"),
        (PixKey, "email", long_email.as_str()),
        (PixKey, "evp", "123e4567e89b12d3a456426655440000"),
        (PayId, "phone", "+65 412345678"),
        (PayId, "phone", "12345"),
        (PayId, "abn", "51824753557"),
        (PayNow, "vpa", "ada#"),
        (PayNow, "uen", "é23"),
        (PayNow, "nric", "S1234567E"),
        (FpsProxy, "fps_id", "12345678"),
        (Interac, "phone", "+44 416 555 0100"),
        (W, "payer_id", "short"),
        (W, "user_name", "a b c d"),
    ] {
        let fault = parse(kind, None, alias_type, text).unwrap_err();
        assert!(fault.starts_with("alias must be") && !fault.contains(text), "{fault}");
    }
}

#[test]
fn a_scheme_takes_its_own_types_only() {
    let fault = parse(AddressKind::Interac, None, "cpf", "52998224725").unwrap_err();
    assert_eq!(fault, "alias_type must be one of email, phone");
    assert!(parse(AddressKind::Wallet, Some(Wallet::Paypal), "user_name", "adal").is_err());
    assert!(AliasScheme::of(AddressKind::Iban, None).is_none());
}

#[test]
fn a_country_without_a_telephone_plan_has_no_phone_aliases() {
    let given = [(AddressField::AliasType, "phone"), (AddressField::Alias, "+6591234567")];
    let mut reader = FieldReader::new(&given, |_| true);
    let rules = AddressRules { phone_plans: Vec::new(), ..AddressRules::default() };
    assert_eq!(Alias::parse(&mut reader, AliasScheme::of(AddressKind::PayNow, None).unwrap(), &rules), None);
}

#[test]
fn names_lead_back() {
    for (alias_type, name) in AliasType::ALL.map(|alias_type| (alias_type, alias_type.name())) {
        assert_eq!((alias_type.name(), AliasType::from_name(name)), (name, Some(alias_type)));
    }
}
