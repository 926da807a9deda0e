//! Unit tests of `sealed`: what older programs sealed stays readable, and every kind comes back as it was.
use super::*;
use crate::domain::payee_check::PayeeStanding;
use money::Currency;

fn vault() -> Vault {
    Vault::from_key(&[7; 32]).unwrap()
}

fn place() -> (BookName, UserKey, Uuid) {
    (BookName::try_new("app-us").unwrap(), UserKey::try_new("ana").unwrap(), Uuid::from_u128(5))
}

/// A row with this sealed text.
fn row(plain: &[u8]) -> Beneficiary {
    let (book, user, id) = place();
    Beneficiary {
        beneficiary_id: id,
        sealed: vault().seal(&sealed_for(&book, &user, id), plain).unwrap(),
        user,
        kind: AddressKind::Iban,
        country: "DE".to_owned(),
        currency: Currency::try_new("EUR").unwrap(),
        masked_account: String::new(),
        masked_holder_name: String::new(),
        account_digest: String::new(),
        payee_check: PayeeStanding::NotPossible,
        payee_tries: 0,
        payee_due_at_ms: 0,
        created_at_ms: 1,
        deleted_at_ms: 0,
        correction_code: String::new(),
        corrected_at_ms: 0,
    }
}

fn opened(plain: &str) -> Result<PayeeDetails, Error> {
    unseal(&vault(), &place().0, &row(plain.as_bytes()))
}

#[test]
fn rows_of_older_programs_are_read_as_they_are() {
    let iban =
        opened(r#"{"holder_name":"Ana Müller","iban":"DE89370400440532013000","routing_number":"","account_number":""}"#).ok().unwrap();
    assert_eq!((iban.holder_name.as_str(), iban.address.canonical().as_str()), ("Ana Müller", "iban:DE89370400440532013000"));
    let us = opened(r#"{"holder_name":"Bob","iban":"","routing_number":"121000248","account_number":"0009000001"}"#).ok().unwrap();
    assert_eq!(us.address.canonical(), "us-account:121000248:0009000001");
    assert!(us.postal.is_none() && us.tax_id.is_none() && us.purpose_code.is_none() && !us.is_company);
}

#[test]
fn every_kind_comes_back_as_it_was_sealed() {
    for canonical in [
        "iban:DE89370400440532013000",
        "us-account:021000021:0012AB:7",
        "uk-account:601613:31926819",
        "clabe:646180157000000004",
        "pix-key:email:ana@example.com",
        "pix-account:00360305:0001:current:123456",
        "upi:ada.l@okbank",
        "in-account:HDFC0001234:001234567890",
        "au-account:062000:12345678",
        "payid:phone:+61412345678",
        "zengin:0001:001:ordinary:0012345",
        "paynow:nric:S1234567D",
        "sg-account:DBSSSGSG:0123456789",
        "fps-proxy:hkid:A1234563",
        "hk-account:004:123456789838",
        "interac:phone:+14165550100",
        "ca-account:000312345:1234567",
        "wallet:venmo:user_name:ada-l_1",
    ] {
        let postal =
            [(F::Town, "Lyon"), (F::AddressLine, "1 rue X"), (F::AddressLine, "bat. 2"), (F::Country, "FR"), (F::PostalCode, "69001")];
        let details = PayeeDetails {
            holder_name: "Ana Müller".to_owned(),
            address: PayoutAddress::from_canonical(canonical, &AddressRules::default()).unwrap(),
            postal: Some(HolderAddress::parse(&postal).unwrap()),
            tax_id: Some("52998224725".to_owned()),
            holder_name_kana: Some("\u{ff71}\u{ff85}".to_owned()),
            is_company: true,
            purpose_code: Some("SALA".to_owned()),
        };
        let (book, user, id) = place();
        let sealed = SealedPayee::of(&details).seal(&vault(), &book, &user, id).ok().unwrap();
        let back = unseal(&vault(), &book, &Beneficiary { sealed, ..row(b"") }).ok().unwrap();
        assert!(back == details, "{canonical}");
    }
}

#[test]
fn what_a_newer_program_or_nobody_sealed_is_not_read() {
    for plain in [
        "",
        "{}",
        "[]",
        r#"{"holder_name":"A"}"#,
        r#"{"holder_name":"A","iban":"DE00"}"#,
        r#"{"version":3,"holder_name":"A","kind":"iban","account":{"iban":"DE89370400440532013000"}}"#,
        r#"{"version":2,"holder_name":"A","kind":"shell","account":{"iban":"DE89370400440532013000"}}"#,
        r#"{"version":2,"holder_name":"A","kind":"iban","account":{"number":"1"}}"#,
        r#"{"version":2,"holder_name":"A","kind":"iban"}"#,
        r#"{"version":2,"holder_name":"A","kind":"iban","account":{"iban":"DE89370400440532013000"},"postal":{"moon":"x"}}"#,
    ] {
        assert!(opened(plain).is_err(), "{plain}");
    }
    // Another row's text.
    let (book, ..) = place();
    let moved = Beneficiary { beneficiary_id: Uuid::from_u128(6), ..row(b"{}") };
    assert!(unseal(&vault(), &book, &moved).is_err());
}

#[test]
fn what_limits_once_let_through_stays_readable() {
    let plain = r#"{"version":2,"holder_name":"A","kind":"au-account","account":{"bsb":"062000","account_number":"123456789012"}}"#;
    assert_eq!(opened(plain).ok().unwrap().address.number(), "123456789012");
}

#[test]
fn an_export_has_every_field_that_was_entered() {
    let old = r#"{"holder_name":"Bob","iban":"","routing_number":"121000248","account_number":"0009000001"}"#;
    let exported = |plain: &str| SealedPayee::open(&vault(), &place().0, &row(plain.as_bytes())).ok().unwrap().exported();
    assert_eq!(exported(old)["account_number"], "0009000001");
    let new = r#"{"version":2,"holder_name":"A","kind":"upi","account":{"upi_id":"a@b"},"postal":{"town":"Lyon"},"postal_lines":["x"],"tax_id":"7"}"#;
    let exported = exported(new);
    assert_eq!((&exported["upi_id"], &exported["tax_id"], &exported["kind"]), (&"a@b".into(), &"7".into(), &"upi".into()));
    assert_eq!((&exported["postal_address"]["town"], &exported["postal_address"]["lines"][0]), (&"Lyon".into(), &"x".into()));
}
