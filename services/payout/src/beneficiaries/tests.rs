//! Unit tests of `beneficiaries`.
use super::*;

#[test]
fn names_are_masked_by_word() {
    assert_eq!(masked_name("Ana  Müller-Lüdenscheidt"), "A** M******************");
    assert_eq!(masked_name(""), "");
}

#[test]
fn a_retry_of_an_older_clients_request_is_compared_by_the_fields_that_it_knew() {
    let vault = Vault::from_key(&[7; 32]).unwrap();
    let payee = |kind, fields: &[(AddressField, &str)]| GivenPayee {
        holder_name: "Ana".to_owned(),
        account: GivenAccount { kind, fields: fields.iter().map(|(field, text)| (*field, (*text).to_owned())).collect() },
        postal: None,
        tax_id: String::new(),
        holder_name_kana: String::new(),
        purpose_code: String::new(),
        currency_code: String::new(),
        is_company: false,
    };
    let names = |payee: &GivenPayee| sent_fields(&vault, payee).iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>().join(" ");
    let iban = payee(AddressKind::Iban, &[(AddressField::Iban, "DE89370400440532013000")]);
    assert_eq!(names(&iban), "holder_name iban");
    let us = [(AddressField::RoutingNumber, "121000248"), (AddressField::AccountNumber, "9000000001"), (AddressField::AccountType, "")];
    let us = payee(AddressKind::UsAccount, &us);
    assert_eq!(names(&us), "aba.account_number aba.routing_number holder_name");
    let kept: Vec<String> = sent_fields(&vault, &us).iter().map(|(_, value)| value.to_owned()).collect();
    assert_eq!(kept, [vault.digest("9000000001"), "121000248".to_owned(), vault.digest("Ana")]);
    let more = GivenPayee { purpose_code: "SALA".to_owned(), postal: Some(vec![(AddressField::Town, "Lyon".to_owned())]), ..us };
    assert_eq!(names(&more), "aba.account_number aba.routing_number holder_name postal_address.0.town purpose_code");
    let company = GivenPayee { is_company: true, ..iban };
    assert_eq!(names(&company), "holder_name iban is_company");
}

#[test]
fn every_kind_has_a_member_of_its_own() {
    let members: std::collections::BTreeSet<&str> = AddressKind::ALL.into_iter().map(member).collect();
    assert_eq!(members.len(), AddressKind::ALL.len());
}
