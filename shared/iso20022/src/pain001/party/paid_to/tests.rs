//! Unit tests of `paid_to`.
use super::*;
use accounts::{AddressKind as K, AddressRules};

fn paid(kind: K, fields: &[(F, &str)]) -> Party {
    Party::paid_to("Ana", &PayoutAddress::parse(kind, fields, &AddressRules::default()).unwrap(), None, None)
}

fn agent_of(party: &Party) -> (Option<&str>, Option<&str>) {
    (party.agent.clearing_system.as_deref(), party.agent.member_id.as_deref())
}

#[test]
fn national_accounts_are_numbers_at_a_bank_of_their_clearing() {
    let us = paid(K::UsAccount, &[(F::RoutingNumber, "121000248"), (F::AccountNumber, "5512345678"), (F::AccountType, "savings")]);
    assert_eq!(us.account, Some(AccountId::bban("5512345678")));
    assert_eq!(us.account_type, Some(TypeCode::Code("SVGS".into())));
    assert_eq!(agent_of(&us), (Some("USABA"), Some("121000248")));
    let japanese =
        paid(K::Zengin, &[(F::BankCode, "0001"), (F::BranchCode, "002"), (F::AccountType, "current"), (F::AccountNumber, "1234567")]);
    assert_eq!(agent_of(&japanese), (Some("JPZGN"), Some("0001002")));
    assert_eq!(japanese.account_type, Some(TypeCode::Code("CACC".into())));
    let brazilian =
        paid(K::PixAccount, &[(F::Ispb, "60701190"), (F::BranchCode, "1234"), (F::AccountType, "transaction"), (F::AccountNumber, "99")]);
    assert_eq!(agent_of(&brazilian), (Some("BRISP"), Some("60701190")));
    assert_eq!((brazilian.agent.branch.as_deref(), brazilian.account_type), (Some("1234"), Some(TypeCode::Code("TRAN".into()))));
    let mexican = paid(K::Clabe, &[(F::Clabe, "002010077777777771")]);
    assert_eq!(agent_of(&mexican), (Some("MX"), Some("002")));
}

#[test]
fn aliases_are_proxies_without_a_number() {
    let pix = paid(K::PixKey, &[(F::AliasType, "cpf"), (F::Alias, "529.982.247-25")]);
    assert_eq!(pix.account, Some(AccountId::Proxy { kind: Some(TypeCode::Code("PVTX".into())), id: "52998224725".into() }));
    assert_eq!(pix.agent, Agent::default());
    let upi = paid(K::Upi, &[(F::UpiId, "ana@okbank")]);
    assert_eq!(upi.account, Some(AccountId::Proxy { kind: Some(TypeCode::Own("UPI".into())), id: "ana@okbank".into() }));
    let interac = paid(K::Interac, &[(F::AliasType, "email"), (F::Alias, "Ana@Example.com")]);
    assert_eq!(interac.account.unwrap().number(), "ana@example.com");
}

#[test]
fn a_known_bic_stands_beside_an_iban() {
    let with = paid(K::Iban, &[(F::Iban, "DE46910579234762349724"), (F::Bic, "CJPSDE90")]);
    assert_eq!(with.agent.bic.as_deref(), Some("CJPSDE90"));
    assert_eq!(paid(K::Iban, &[(F::Iban, "DE46910579234762349724")]).agent, Agent::default());
}
