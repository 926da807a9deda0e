//! Unit tests of `payees`: what is asked, and what each answer means.
use super::*;
use accounts::{AddressRules, PayoutAddress};

fn payee(canonical: &str) -> PayeeDetails {
    PayeeDetails {
        holder_name: "Ana Müller".to_owned(),
        address: PayoutAddress::from_canonical(canonical, &AddressRules::default()).unwrap(),
        postal: None,
        tax_id: None,
        holder_name_kana: None,
        is_company: false,
        purpose_code: None,
    }
}

#[test]
fn an_account_is_named_by_its_iban_or_by_its_kind_and_canonical_text() {
    let iban = question(&payee("iban:DE89370400440532013000"));
    assert_eq!(iban, json!({ "party": { "name": "Ana Müller" }, "partyAccount": { "iban": "DE89370400440532013000" } }));
    let other = question(&payee("uk-account:601613:31926819"));
    let named = json!({ "identification": "uk-account:601613:31926819", "schemeName": "uk-account" });
    assert_eq!(other["partyAccount"], json!({ "other": named }));
}

#[test]
fn only_the_schemes_own_words_are_an_answer() {
    let said =
        |code: &str, name: Option<&str>| answer(Verified { party_name_match: code.to_owned(), matched_name: name.map(str::to_owned) });
    assert_eq!(said("MTCH", Some("Eve")), PayeeAnswer::Match);
    assert_eq!(said("CMTC", Some("Anna Muller")), PayeeAnswer::CloseMatch("Anna Muller".to_owned()));
    assert_eq!(said("CMTC", None), PayeeAnswer::NoMatch);
    assert_eq!(said("NMTC", None), PayeeAnswer::NoMatch);
    for unknown in ["NOAP", "", "mtch", "RVMC"] {
        assert_eq!(said(unknown, None), PayeeAnswer::NotPossible, "{unknown}");
    }
}
