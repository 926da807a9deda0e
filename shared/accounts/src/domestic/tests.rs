//! Unit tests of `domestic`.
use super::*;
use crate::{AddressKind, AddressRules, PayoutAddress};

fn parse(kind: AddressKind, values: &[&str]) -> Result<String, String> {
    let given: Vec<(AddressField, &str)> = kind.canonical_fields().iter().copied().zip(values.iter().copied()).collect();
    PayoutAddress::parse(kind, &given, &AddressRules::default()).map(|read| read.canonical()).map_err(|faults| faults.to_string())
}

#[test]
fn accounts_become_canonical() {
    use AddressKind as K;
    for (kind, values, want) in [
        (K::Clabe, &["646 180 15700000000 4"][..], "clabe:646180157000000004"),
        (K::PixAccount, &["00360305", "1", "cacc", "12345-6"], "pix-account:00360305:0001:current:123456"),
        (K::Upi, &["Ada.L@OkBank"], "upi:ada.l@okbank"),
        (K::IndianAccount, &["hdfc0001234", "001234567890"], "in-account:HDFC0001234:001234567890"),
        (K::AustralianAccount, &["062-000", "1234 5678"], "au-account:062000:12345678"),
        (K::Zengin, &["０００１", "001", "1", "12345"], "zengin:0001:001:ordinary:0012345"),
        (K::SingaporeAccount, &["dbsssgsgxxx", "012-3456789"], "sg-account:DBSSSGSG:0123456789"),
        (K::HongKongAccount, &["004", "123-456789-838"], "hk-account:004:123456789838"),
        (K::CanadianAccount, &["12345-003", "1234567"], "ca-account:000312345:1234567"),
        (K::CanadianAccount, &["000312345", "1234567"], "ca-account:000312345:1234567"),
    ] {
        assert_eq!(parse(kind, values).as_deref(), Ok(want), "{want}");
    }
}

#[test]
fn every_wrong_field_is_named() {
    use AddressKind as K;
    for (kind, values, faults) in [
        (K::Clabe, &["646180157000000005"][..], 1),
        (K::PixAccount, &["0036030", "12345", "savings?", "x"], 4),
        (K::Upi, &["a@ok"], 1),
        (K::Upi, &["ada@1bank"], 1),
        (K::Upi, &["ada@ok@bank"], 1),
        (K::IndianAccount, &["HDFC1001234", "12345678"], 2),
        (K::AustralianAccount, &["06200", "1234567890"], 2),
        (K::Zengin, &["001", "01", "3", "12345678"], 4),
        (K::SingaporeAccount, &["DEUTDEFF", "123"], 2),
        (K::HongKongAccount, &["0004", "12345"], 2),
        (K::CanadianAccount, &["123450031", "1"], 2),
        (K::CanadianAccount, &[], 2),
    ] {
        let text = parse(kind, values).unwrap_err();
        assert_eq!(text.split("; ").count(), faults, "{text}");
    }
}

#[test]
fn japanese_types_tell_accounts_apart() {
    let of = |account_type| parse(AddressKind::Zengin, &["0001", "001", account_type, "1234567"]).unwrap();
    assert_eq!(of("2"), of("Current"));
    assert_ne!(of("1"), of("2"));
}
