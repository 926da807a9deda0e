//! Unit tests of `payee`: what routing learns of an account of each kind.
use super::*;
use accounts::{AddressKind, AddressRules};
use rails::RailBook;

/// One account of every kind, with its names of fields, a rail for which they suffice, and its bank.
const KINDS: [(&str, &str, &str, &str); 22] = [
    ("iban:DE89370400440532013000", "iban", "sepa-instant", ""),
    ("iban:GB29NWBK60161331926819", "account_number iban sort_code", "gb-fps", "provider 601613"),
    ("us-account:021000021:0012AB:7", "account_number routing_number", "us-rtp", "routing number 021000021"),
    ("uk-account:601613:31926819", "account_number sort_code", "gb-fps", "provider 601613"),
    ("clabe:646180157000000004", "clabe", "mx-spei", "provider 646"),
    ("pix-key:email:ana@example.com", "pix_key", "br-pix", ""),
    ("pix-account:00360305:0001:current:123456", "account_number account_type branch ispb", "", "provider 00360305"),
    ("upi:ada.l@okbank", "vpa", "in-upi", "provider okbank"),
    ("in-account:HDFC0001234:001234567890", "account_number ifsc", "in-imps", "provider HDFC"),
    ("au-account:062000:12345678", "account_number bsb", "au-npp", "provider 062000"),
    ("payid:phone:+61412345678", "payid", "au-npp", ""),
    ("zengin:0001:001:ordinary:0012345", "account_number account_type bank_code branch_code", "jp-zengin", "provider 0001"),
    ("paynow:nric:S1234567D", "proxy", "", ""),
    ("sg-account:DBSSSGSG:0123456789", "account_number bic", "", "BIC DBSSSGSG"),
    ("fps-proxy:hkid:A1234563", "proxy", "hk-fps", ""),
    ("hk-account:004:123456789838", "account_number bank_code", "hk-fps", "provider 004"),
    ("interac:phone:+14165550100", "phone", "ca-interac", ""),
    ("interac:email:ana@example.com", "email", "ca-interac", ""),
    ("ca-account:000312345:1234567", "account_number institution transit", "ca-eft", "provider 003"),
    ("wallet:paypal:payer_id:ABCDEFGH12345", "payer_id", "ewallet-paypal", "provider paypal"),
    ("wallet:paypal:email:ana@example.com", "email", "ewallet-paypal", "provider paypal"),
    ("wallet:venmo:user_name:ada-l_1", "user_name", "", "provider venmo"),
];

fn payee(canonical: &str) -> PayeeDetails {
    PayeeDetails {
        holder_name: "Ana Mueller".to_owned(),
        address: PayoutAddress::from_canonical(canonical, &AddressRules::default()).unwrap(),
        postal: None,
        tax_id: None,
        holder_name_kana: None,
        is_company: false,
        purpose_code: None,
    }
}

#[test]
fn every_kind_has_the_fields_that_the_rails_to_it_ask_for() {
    let book = RailBook::built_in();
    for (canonical, fields, rail, bank) in KINDS {
        let payee = payee(canonical);
        let names = payee.field_names();
        let found: Vec<&str> = names.iter().map(String::as_str).filter(|name| *name != "name").collect();
        assert_eq!(found.join(" "), fields, "{canonical}");
        let keys: Vec<String> = payee.participants().iter().map(ToString::to_string).collect();
        assert_eq!(keys.join(" "), bank, "{canonical}");
        if !rail.is_empty() {
            let record = book.records(rail).last().unwrap();
            assert!(record.missing_fields(&names).is_empty(), "{canonical} lacks {:?} for {rail}", record.missing_fields(&names));
            assert!(record.kinds.contains(&payee.kind()), "{canonical} is no {:?} for {rail}", payee.kind());
        }
    }
    for kind in AddressKind::ALL {
        assert!(KINDS.iter().any(|(canonical, ..)| canonical.split(':').next() == Some(kind.name())), "{}", kind.name());
    }
}

#[test]
fn every_field_that_records_of_rails_ask_for_is_one_that_some_payee_has() {
    let mut known: BTreeSet<String> = KINDS.iter().flat_map(|(canonical, ..)| payee(canonical).field_names()).collect();
    // Not entered here: cards, and the mobile money identifier, which comes with a telephone number.
    known.extend(["address", "tax_id", "purpose_code", "card_number", "mmid"].map(str::to_owned));
    let book = RailBook::built_in();
    for record in book.ids().flat_map(|id| book.records(id)) {
        for name in record.beneficiary_fields.iter().flatten() {
            assert!(known.contains(name), "{} asks for {name}", record.id);
        }
    }
}

#[test]
fn what_stands_beside_an_account_completes_what_rails_ask_for() {
    let book = RailBook::built_in();
    let lacks = |payee: &PayeeDetails, rail: &str| {
        let missing = book.records(rail).last().unwrap().missing_fields(&payee.field_names());
        missing.into_iter().collect::<Vec<_>>().join(" ")
    };
    let mut us = payee("us-account:021000021:12345678");
    assert_eq!((lacks(&us, "us-fedwire"), lacks(&us, "us-ach")), ("address".to_owned(), "account_type".to_owned()));
    us.postal = Some(HolderAddress::parse(&[(F::AddressLine, "1 Main St"), (F::Country, "US")]).unwrap());
    assert_eq!(lacks(&us, "us-fedwire"), "address", "lines alone are no structured address");
    us.postal = Some(HolderAddress::parse(&[(F::Town, "Austin"), (F::Country, "US")]).unwrap());
    assert_eq!(lacks(&us, "us-fedwire"), "");
    let mut pix = payee("pix-account:00360305:0001:current:123456");
    assert_eq!(lacks(&pix, "br-pix"), "pix_key");
    pix.tax_id = Some("52998224725".to_owned());
    assert_eq!(lacks(&pix, "br-pix"), "");
    let mut singapore = payee("paynow:nric:S1234567D");
    assert_eq!(lacks(&singapore, "sg-fast"), "purpose_code");
    singapore.purpose_code = Some("SALA".to_owned());
    assert_eq!(lacks(&singapore, "sg-fast"), "");
}

#[test]
fn a_wallet_is_where_its_holder_lives_if_its_provider_does_not_say() {
    let mut wallet = payee("wallet:paypal:email:ana@example.com");
    assert_eq!(wallet.country(), None);
    wallet.postal = Some(HolderAddress::parse(&[(F::Town, "Lyon"), (F::Country, "FR")]).unwrap());
    assert_eq!(wallet.country(), Some("FR"));
    let mut german = payee("iban:DE89370400440532013000");
    german.postal = wallet.postal;
    assert_eq!(german.country(), Some("DE"), "an account stays where it is");
}
