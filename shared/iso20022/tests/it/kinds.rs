//! An address of every kind, with valid check digits.

use accounts::{AddressField as F, AddressKind as K, AddressRules, PayoutAddress, holder::HolderAddress};

/// Parses an address that must be valid.
pub fn address(kind: K, fields: &[(F, &str)]) -> PayoutAddress {
    PayoutAddress::parse(kind, fields, &AddressRules::default()).unwrap()
}

/// A hybrid postal address.
pub fn postal() -> HolderAddress {
    let given = [(F::Street, "Rua A"), (F::Building, "1b"), (F::PostalCode, "01000"), (F::Town, "S\u{e3}o Paulo"), (F::Region, "SP")];
    let given: Vec<_> = given.into_iter().chain([(F::Country, "BR"), (F::AddressLine, "2nd floor")]).collect();
    HolderAddress::parse(&given).unwrap()
}

/// At least one of each of the eighteen kinds, aliases of several types.
pub fn every_kind() -> Vec<PayoutAddress> {
    let alias = |kind, alias_type, text| address(kind, &[(F::AliasType, alias_type), (F::Alias, text)]);
    let mut all = vec![
        address(K::Iban, &[(F::Iban, "DE46910579234762349724"), (F::Bic, "CJPSDE90")]),
        address(K::UsAccount, &[(F::RoutingNumber, "121000248"), (F::AccountNumber, "5512345678"), (F::AccountType, "savings")]),
        address(K::UkAccount, &[(F::SortCode, "089999"), (F::AccountNumber, "66374958")]),
        address(K::Clabe, &[(F::Clabe, "002010077777777771")]),
        address(K::PixAccount, &[(F::Ispb, "00000000"), (F::BranchCode, "1"), (F::AccountType, "salary"), (F::AccountNumber, "12345678")]),
        address(K::Upi, &[(F::UpiId, "ana@okbank")]),
        address(K::IndianAccount, &[(F::Ifsc, "HDFC0000001"), (F::AccountNumber, "123456789")]),
        address(K::AustralianAccount, &[(F::Bsb, "062-000"), (F::AccountNumber, "12345678")]),
        address(K::Zengin, &[(F::BankCode, "0001"), (F::BranchCode, "001"), (F::AccountType, "ordinary"), (F::AccountNumber, "1234567")]),
        address(K::SingaporeAccount, &[(F::Bic, "DBSSSGSG"), (F::AccountNumber, "1234567890")]),
        address(K::HongKongAccount, &[(F::BankCode, "004"), (F::AccountNumber, "123456789")]),
        address(K::CanadianAccount, &[(F::RoutingNumber, "000312345"), (F::AccountNumber, "1234567")]),
        address(K::Wallet, &[(F::Wallet, "paypal"), (F::AliasType, "email"), (F::Alias, "ana@example.com")]),
    ];
    all.extend([
        alias(K::PixKey, "cpf", "52998224725"),
        alias(K::PixKey, "cnpj", "11222333000181"),
        alias(K::PixKey, "evp", "123e4567-e89b-12d3-a456-426655440000"),
        alias(K::PixKey, "phone", "+5511987654321"),
        alias(K::PayId, "email", "ana@example.com"),
        alias(K::PayNow, "phone", "+6591234567"),
        alias(K::FpsProxy, "fps_id", "1234567"),
        alias(K::Interac, "email", "ana@example.com"),
    ]);
    all
}
